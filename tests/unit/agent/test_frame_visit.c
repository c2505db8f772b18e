// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/frame_visit.h"
#include "tests/support/backup_build.h"
#include "tests/support/manifest_picture.h"

#include <stdio.h>
#include <stdlib.h>

/* Two packs of one file each, which is some frames. */
#define PACKS      2
#define FRAMES     7
#define FILE_SIZE  (FRAMES * FRAME_SIZE - 5000)
#define PIECES     500
#define PIECE_SIZE 777

struct fixture
{
    struct backup_build build;
    struct pack packs[PACKS];
    struct manifest_extent extents[PACKS][FRAMES];
    uint8_t *content; /* of the first file; the second is its complement */
    struct frame_visits *visits;
    uint64_t random;

    /* What was seen. */
    size_t visited;
    size_t damaged;
    struct frame_visit last;
    struct error why;
};

static uint8_t
byte_at(const struct fixture *fixture, uint32_t pack, uint64_t offset)
{
    return (uint8_t) (fixture->content[offset] ^ (pack == 0 ? 0 : 0xFF));
}

static uint32_t
below(struct fixture *fixture, uint32_t limit)
{
    fixture->random = fixture->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t) (fixture->random >> 33) % limit;
}

/* A backup of one file, and where its frames are. */
static void
store_file(struct fixture *fixture, uint32_t pack)
{
    SCOPED(manifest_picture_release) struct manifest_picture picture = {0};
    struct backup backup;
    char id[BACKUP_ID_SIZE];

    snprintf(id, sizeof(id), "2026-11-21T02-12-34-000%u", pack);
    backup_build_begin(&fixture->build);
    backup_build_file(&fixture->build, "base/1/2", (struct bytes){fixture->content, FILE_SIZE});
    backup_build_commit(&fixture->build, id, NULL, &backup);
    manifest_picture_read(&picture, fixture->build.repo, id);
    assert_int_equal(picture.pack_count, 1);
    assert_int_equal(picture.extent_count, FRAMES);
    fixture->packs[pack] = picture.packs[0];
    for (size_t index = 0; index < FRAMES; index++)
    {
        fixture->extents[pack][index] = picture.extents[index];
        fixture->extents[pack][index].frame.pack = pack;
    }
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    fixture->random = 1;
    fixture->content = malloc(FILE_SIZE);
    backup_build_open_faulty(&fixture->build);
    for (size_t index = 0; index < FILE_SIZE; index++)
        fixture->content[index] = (uint8_t) (index * 31 + index / 4096);
    store_file(fixture, 0);
    for (size_t index = 0; index < FILE_SIZE; index++)
        fixture->content[index] ^= 0xFF;
    store_file(fixture, 1);
    for (size_t index = 0; index < FILE_SIZE; index++)
        fixture->content[index] ^= 0xFF;
    assert_ok(frame_visits_create(&fixture->visits, 16384, &err)); /* it will spill */
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    frame_visits_freep(&fixture->visits);
    backup_build_close(&fixture->build);
    free(fixture->content);
    free(fixture);
    return 0;
}

/* Its name and note tell of its place. */
static void
add_piece(struct fixture *fixture, uint32_t pack, uint32_t frame, uint32_t skip, uint32_t length)
{
    struct manifest_extent piece = fixture->extents[pack][frame];
    struct error err = {0};
    char path[64];

    piece.file_offset += skip;
    piece.skip += skip;
    piece.length = length;
    snprintf(path, sizeof(path), "%u/%llu", pack, (unsigned long long) piece.file_offset);
    assert_ok(frame_visits_add(fixture->visits, path, &piece, ~(uint32_t) piece.file_offset, &err));
}

/* Of random places, but of each frame. */
static void
add_pieces(struct fixture *fixture)
{
    for (uint32_t index = 0; index < PIECES; index++)
    {
        uint32_t pack = index < PACKS * FRAMES ? index % PACKS : below(fixture, PACKS);
        uint32_t frame = index < PACKS * FRAMES ? index / PACKS : below(fixture, FRAMES);
        uint32_t skip = below(fixture, fixture->extents[pack][frame].length - PIECE_SIZE);

        add_piece(fixture, pack, frame, skip, PIECE_SIZE);
    }
}

static bool
is_before(const struct frame_place *left, const struct frame_place *right)
{
    return left->pack < right->pack || (left->pack == right->pack && left->offset < right->offset);
}

static void
check_visit(struct fixture *fixture, const struct frame_visit *visit)
{
    char path[64];

    snprintf(path, sizeof(path), "%u/%llu", visit->extent.frame.pack,
             (unsigned long long) visit->extent.file_offset);
    assert_string_equal(visit->path, path);
    assert_int_equal(visit->note, ~(uint32_t) visit->extent.file_offset);
    if (fixture->visited + fixture->damaged > 0)
        assert_false(is_before(&visit->extent.frame, &fixture->last.extent.frame));
    fixture->last = *visit;
}

static enum status
see_piece(void *arg, const struct frame_visit *visit, struct bytes content, struct error *err)
{
    struct fixture *fixture = arg;

    (void) err;
    check_visit(fixture, visit);
    assert_int_equal(content.size, visit->extent.length);
    for (size_t index = 0; index < content.size; index++)
        assert_int_equal(content.data[index], byte_at(fixture, visit->extent.frame.pack,
                                                      visit->extent.file_offset + index));
    fixture->visited++;
    return OK;
}

static enum status
see_damage(void *arg, const struct frame_visit *visit, const struct error *why, struct error *err)
{
    struct fixture *fixture = arg;

    (void) err;
    check_visit(fixture, visit);
    fixture->damaged++;
    fixture->why = *why;
    return OK;
}

static enum status
run(struct fixture *fixture, struct error *err)
{
    const struct frame_visitor visitor = {see_piece, see_damage, fixture};

    return frame_visits_run(fixture->visits, fixture->build.repo, fixture->packs, PACKS, &visitor,
                            err);
}

static void
pieces_come_in_the_order_of_their_places_and_each_frame_is_fetched_once(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    add_pieces(fixture);
    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 0);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->visited, PIECES);
    assert_int_equal(fixture->damaged, 0);
    assert_int_equal(faulty_store_operations(fixture->build.repo->store), PACKS * FRAMES);
}

static void
no_pieces_fetch_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 1);
    assert_ok(run(fixture, &err));
    assert_false(faulty_store_struck(fixture->build.repo->store));
}

static void
pieces_of_a_damaged_frame_are_told_and_others_are_read(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_place *place = &fixture->extents[0][1].frame;
    struct error err = {0};

    for (uint32_t pack = 0; pack < PACKS; pack++)
        for (uint32_t frame = 0; frame < FRAMES; frame++)
            for (uint32_t skip = 0; skip < 3; skip++)
                add_piece(fixture, pack, frame, skip, 100);
    backup_build_damage(&fixture->build, &fixture->packs[0], place->offset + place->size / 2);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->damaged, 3);
    assert_int_equal(fixture->visited, (PACKS * FRAMES - 1) * 3);
    assert_non_null(strstr(fixture->why.message, "authentication failed"));
}

static void
pieces_of_a_pack_that_is_gone_are_told_and_others_are_read(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    for (uint32_t pack = 0; pack < PACKS; pack++)
        for (uint32_t frame = 0; frame < FRAMES; frame++)
            add_piece(fixture, pack, frame, 5, 100);
    backup_build_lose(&fixture->build, &fixture->packs[0]);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->damaged, FRAMES);
    assert_int_equal(fixture->visited, FRAMES);
    assert_true(fixture->why.message[0] != '\0');
}

static void
a_piece_behind_the_end_of_its_frame_is_told_and_others_are_read(void **state)
{
    struct fixture *fixture = *state;
    uint32_t length = fixture->extents[0][0].length;
    struct error err = {0};

    add_piece(fixture, 0, 0, length - 99, 100);
    add_piece(fixture, 0, 0, length - 100, 100);
    add_piece(fixture, 0, 1, 0, 100);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->visited, 2);
    assert_int_equal(fixture->damaged, 1);
    assert_string_equal(fixture->why.message, "a frame is shorter than its use");
}

static void
a_store_that_fails_ends_the_visit(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    add_pieces(fixture);
    faulty_store_arm(fixture->build.repo->store, FAULT_TRANSIENT, 3);

    assert_status(run(fixture, &err), STATUS_TRANSIENT);

    assert_message("the store was told to fail");
    assert_true(fixture->visited > 0 && fixture->visited < PIECES);
    assert_int_equal(fixture->damaged, 0);
}

static enum status
refuse_piece(void *arg, const struct frame_visit *visit, struct bytes content, struct error *err)
{
    (void) arg;
    (void) visit;
    (void) content;
    return error_set(err, STATUS_REFUSED, "seen enough");
}

static void
a_visitor_that_fails_ends_the_visit(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_visitor visitor = {refuse_piece, see_damage, fixture};
    struct error err = {0};

    add_pieces(fixture);
    assert_status(frame_visits_run(fixture->visits, fixture->build.repo, fixture->packs, PACKS,
                                   &visitor, &err),
                  STATUS_REFUSED);
    assert_message("seen enough");
}

static void
a_piece_of_a_pack_that_is_not_listed_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct manifest_extent piece = fixture->extents[0][0];
    struct error err = {0};

    piece.frame.pack = PACKS;
    assert_ok(frame_visits_add(fixture->visits, "base/1/2", &piece, 0, &err));
    assert_status(run(fixture, &err), STATUS_CORRUPT);
    assert_message("in a pack that is not listed");
}

static void
a_path_may_have_1024_bytes_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char path[1026] = {0};

    memset(path, 'p', 1024);
    assert_ok(frame_visits_add(fixture->visits, path, &fixture->extents[0][0], 0, &err));
    path[1024] = 'p';
    assert_status(frame_visits_add(fixture->visits, path, &fixture->extents[0][0], 0, &err),
                  STATUS_UNSUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_in_the_order_of_their_places_and_each_frame_is_fetched_once),
        TEST(no_pieces_fetch_nothing),
        TEST(pieces_of_a_damaged_frame_are_told_and_others_are_read),
        TEST(pieces_of_a_pack_that_is_gone_are_told_and_others_are_read),
        TEST(a_piece_behind_the_end_of_its_frame_is_told_and_others_are_read),
        TEST(a_store_that_fails_ends_the_visit),
        TEST(a_visitor_that_fails_ends_the_visit),
        TEST(a_piece_of_a_pack_that_is_not_listed_is_corrupt),
        TEST(a_path_may_have_1024_bytes_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
