// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/frame_visit.h"
#include "tests/support/backup_build.h"
#include "tests/support/manifest_picture.h"

#include <stdio.h>
#include <stdlib.h>

/* Two packs of one file each, which is some frames that do not compress: no range holds four. */
#define PACKS      2
#define FRAMES     7
#define RANGES     3 /* of a pack, all of whose frames are wanted */
#define FILE_SIZE  (FRAMES * FRAME_SIZE - 100)
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
    struct manifest_extent last;
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
        fixture->content[index] = (uint8_t) below(fixture, 256);
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
    char path[64];
    struct pack_piece piece = {path, fixture->extents[pack][frame], 0};
    struct manifest_extent *extent = &piece.extent;
    struct error err = {0};

    extent->file_offset += skip;
    extent->skip += skip;
    extent->length = length;
    piece.note = ~(uint32_t) extent->file_offset;
    snprintf(path, sizeof(path), "%u/%llu", pack, (unsigned long long) extent->file_offset);
    assert_ok(frame_visits_add(fixture->visits, &piece, &err));
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
check_visit(struct fixture *fixture, const struct pack_piece *piece)
{
    char path[64];

    snprintf(path, sizeof(path), "%u/%llu", piece->extent.frame.pack,
             (unsigned long long) piece->extent.file_offset);
    assert_string_equal(piece->path, path);
    assert_int_equal(piece->note, ~(uint32_t) piece->extent.file_offset);
    if (fixture->visited + fixture->damaged > 0)
        assert_false(is_before(&piece->extent.frame, &fixture->last.frame));
    fixture->last = piece->extent;
}

static enum status
see_piece(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    struct fixture *fixture = arg;

    (void) err;
    check_visit(fixture, piece);
    assert_int_equal(content.size, piece->extent.length);
    for (size_t index = 0; index < content.size; index++)
        assert_int_equal(content.data[index], byte_at(fixture, piece->extent.frame.pack,
                                                      piece->extent.file_offset + index));
    fixture->visited++;
    return OK;
}

static enum status
see_damage(void *arg, const struct pack_piece *piece, const struct error *why, struct error *err)
{
    struct fixture *fixture = arg;

    (void) err;
    check_visit(fixture, piece);
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
pieces_come_in_the_order_of_their_places_and_frames_are_fetched_together(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    add_pieces(fixture);
    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 0);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->visited, PIECES);
    assert_int_equal(fixture->damaged, 0);
    assert_int_equal(faulty_store_operations(fixture->build.repo->store), PACKS * RANGES);
}

/* The first visit waits for the fetchers; none may see more fetched than they may hold. */
static enum status
see_fetched(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    struct fixture *fixture = arg;
    struct store *store = fixture->build.repo->store;
    const struct frame_place *place = &piece->extent.frame;
    const unsigned range = place->pack * RANGES + place->number / 3;
    const int64_t patience = clock_monotonic_ms() + 60000;

    while (range == 0 && faulty_store_operations(store) < FRAME_VISIT_FETCHERS)
    {
        assert_true(clock_monotonic_ms() < patience);
        clock_pause_ms(1);
    }
    assert_true(faulty_store_operations(store) <= range + FRAME_VISIT_FETCHERS);
    return see_piece(arg, piece, content, err);
}

static void
a_few_ranges_are_fetched_ahead_of_the_visitor_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_visitor visitor = {see_fetched, see_damage, fixture};
    struct error err = {0};

    add_pieces(fixture);
    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 0);

    assert_ok(frame_visits_run(fixture->visits, fixture->build.repo, fixture->packs, PACKS,
                               &visitor, &err));
    assert_int_equal(fixture->visited, PIECES);
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
    assert_true(fixture->visited < PIECES);
    assert_int_equal(fixture->damaged, 0);
}

static enum status
refuse_piece(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    (void) arg;
    (void) piece;
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
    struct pack_piece piece = {"base/1/2", fixture->extents[0][0], 0};
    struct error err = {0};

    piece.extent.frame.pack = PACKS;
    assert_ok(frame_visits_add(fixture->visits, &piece, &err));
    assert_status(run(fixture, &err), STATUS_CORRUPT);
    assert_message("in a pack that is not listed");
}

/* As a restore would find it, which fetches the same range. */
static void
a_pack_whose_header_is_another_s_is_told_for_the_range_that_has_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    add_piece(fixture, 0, 0, 5, 100);
    add_piece(fixture, 0, 1, 5, 100);
    add_piece(fixture, 0, 3, 5, 100); /* too far to be fetched with the others */
    backup_build_damage(&fixture->build, &fixture->packs[0], 0);

    assert_ok(run(fixture, &err));

    assert_int_equal(fixture->damaged, 2);
    assert_int_equal(fixture->visited, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_in_the_order_of_their_places_and_frames_are_fetched_together),
        TEST(a_few_ranges_are_fetched_ahead_of_the_visitor_and_no_more),
        TEST(no_pieces_fetch_nothing),
        TEST(pieces_of_a_damaged_frame_are_told_and_others_are_read),
        TEST(pieces_of_a_pack_that_is_gone_are_told_and_others_are_read),
        TEST(a_piece_behind_the_end_of_its_frame_is_told_and_others_are_read),
        TEST(a_store_that_fails_ends_the_visit),
        TEST(a_visitor_that_fails_ends_the_visit),
        TEST(a_piece_of_a_pack_that_is_not_listed_is_corrupt),
        TEST(a_pack_whose_header_is_another_s_is_told_for_the_range_that_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
