// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/repack.h"
#include "tests/support/backup_build.h"
#include "tests/support/captured_log.h"
#include "tests/support/manifest_picture.h"

#include <stdlib.h>

/* A relation of which backup after backup changed pieces. */
#define PATH  "base/5/16384"
#define PIECE 10000
#define SIZE  (100 * PIECE)
#define PACKS 4

struct fixture
{
    struct backup_build build;
    uint8_t content[SIZE];
    struct backup_parent *parent; /* the newest */
    char *said;
};

static void
open_newest(struct fixture *fixture, const struct backup *backup)
{
    struct error err = {0};

    backup_parent_freep(&fixture->parent);
    assert_ok(backup_parent_open(&fixture->parent, fixture->build.repo, backup, 0, &err));
}

/* The run of a child that changes these pieces and inherits the others. */
static void
begin_child(struct fixture *fixture, size_t first_changed, size_t changed)
{
    const struct backup_file file = {.file = {.size_bytes = SIZE}};
    uint64_t begin = first_changed * PIECE;
    uint64_t end = begin + changed * PIECE;
    struct error err = {0};

    backup_build_begin(&fixture->build);
    assert_ok(backup_frames_begin(fixture->build.frames, PATH, 0, &err));
    if (begin > 0)
        assert_ok(backup_frames_inherit(fixture->build.frames, 0, begin, &err));
    for (uint64_t offset = begin; offset < end; offset++)
        fixture->content[offset] = (uint8_t) (fixture->content[offset] * 3 + offset % 251 + 1);
    assert_ok(backup_frames_data(fixture->build.frames, begin,
                                 (struct bytes){fixture->content + begin, end - begin}, &err));
    if (end < SIZE)
        assert_ok(backup_frames_inherit(fixture->build.frames, end, SIZE - end, &err));
    assert_ok(backup_frames_end(fixture->build.frames, &file, &err));
}

static void
change(struct fixture *fixture, const char *id, size_t first_changed, size_t changed)
{
    struct backup backup;

    begin_child(fixture, first_changed, changed);
    backup_build_commit(&fixture->build, id, fixture->parent, &backup);
    open_newest(fixture, &backup);
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct backup backup;

    backup_build_open_faulty(&fixture->build);
    for (size_t index = 0; index < SIZE; index++)
        fixture->content[index] = (uint8_t) (index * 7 + index / PIECE);
    backup_build_begin(&fixture->build);
    backup_build_file(&fixture->build, PATH, (struct bytes){fixture->content, SIZE});
    backup_build_commit(&fixture->build, "2026-11-21T02-12-34-0000", NULL, &backup);
    open_newest(fixture, &backup);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    backup_parent_freep(&fixture->parent);
    backup_build_close(&fixture->build);
    free(fixture->said);
    free(fixture);
    return 0;
}

static bool
uses(const struct manifest_picture *picture, const struct pack *pack)
{
    for (size_t index = 0; index < picture->pack_count; index++)
        if (memcmp(picture->packs[index].id, pack->id, PACK_ID_SIZE) == 0)
            return true;
    return false;
}

static enum status
repack(struct fixture *fixture, struct error *err)
{
    struct captured_log captured;
    enum status status;

    captured_log_begin(&captured);
    status = backup_repack_run(fixture->build.repo, fixture->parent, fixture->build.frames, err);
    free(fixture->said);
    fixture->said = captured_log_end(&captured);
    return status;
}

/* A child that changes its last piece and repacks; its content must be right. */
static void
repack_child(struct fixture *fixture, struct manifest_picture *picture)
{
    SCOPED(freep) uint8_t *content = NULL;
    struct backup backup;
    struct error err = {0};

    begin_child(fixture, 99, 1);
    assert_ok(repack(fixture, &err));
    backup_build_commit(&fixture->build, "2026-11-21T02-12-34-ffff", fixture->parent, &backup);
    manifest_picture_read(picture, fixture->build.repo, backup.id);
    content = manifest_picture_content(picture, &picture->files[0]);
    assert_memory_equal(content, fixture->content, SIZE);
}

static void
what_is_live_in_a_thin_pack_is_moved_and_what_is_in_others_stays(void **state)
{
    static const struct
    {
        size_t live; /* per cent */
        bool moved;
    } rows[] = {{1, true}, {24, true}, {25, false}, {26, false}, {98, false}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(manifest_picture_release) struct manifest_picture picture = {0};
        struct fixture *fixture;
        struct pack oldest;

        (void) setup((void **) &fixture);
        oldest = fixture->parent->packs[0];
        change(fixture, "2026-11-21T02-12-34-0001", rows[row].live, 100 - rows[row].live);
        repack_child(fixture, &picture);
        assert_int_equal(uses(&picture, &oldest), !rows[row].moved);
        assert_int_equal(picture.pack_count, rows[row].moved ? 2 : 3);
        assert_string_equal(fixture->said, "");
        (void) teardown((void **) &fixture);
    }
    (void) state;
}

/* A parent of four packs, of which the first is the newest. */
static void
store_history(struct fixture *fixture)
{
    change(fixture, "2026-11-21T02-12-34-0001", 10, 90);
    change(fixture, "2026-11-21T02-12-34-0002", 20, 80);
    change(fixture, "2026-11-21T02-12-34-0003", 30, 70);
    assert_int_equal(fixture->parent->pack_count, PACKS);
}

static void
several_thin_packs_are_moved_into_one(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(manifest_picture_release) struct manifest_picture picture = {0};

    store_history(fixture);
    repack_child(fixture, &picture);
    assert_int_equal(picture.pack_count, 2);
    assert_true(uses(&picture, &fixture->parent->packs[0]));
}

/* Say that packs are large, as a test cannot make them. */
static void
pretend(struct fixture *fixture, const uint64_t live_mib[PACKS], uint64_t logical_gib)
{
    fixture->parent->backup.logical_bytes = logical_gib << 30;
    for (size_t index = 0; index < PACKS; index++)
    {
        fixture->parent->packs[index].content_bytes = UINT64_C(1) << 40;
        fixture->parent->packs[index].live_bytes = live_mib[index] << 20;
    }
}

static void
the_thinnest_are_moved_as_far_as_the_budget_goes(void **state)
{
    static const struct
    {
        uint64_t logical_gib;
        uint64_t live_mib[PACKS]; /* of 1 TiB each */
        const char *stays;        /* a digit for each */
    } rows[] = {
        /* One pack's worth, 32 MiB, of a small cluster. */
        {0, {32, 0, 0, 0}, ""},
        {0, {33, 0, 0, 0}, "0123"},
        /* Of the same live share to the percent, the first goes first. */
        {0, {16, 17, 8, 8}, "123"},
        {0, {1, 2, 3, 26}, ""},
        /* Shares of 20, 1, 10 and 2 per cent; 5 per cent of 400 GiB are 20 GiB. */
        {400, {209716, 10486, 104858, 20972}, "023"},
        /* And of 640 GiB 32. */
        {640, {209716, 10486, 104858, 20972}, "02"},
        {4096, {209716, 10486, 104858, 20972}, "0"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(manifest_picture_release) struct manifest_picture picture = {0};
        struct fixture *fixture;

        (void) setup((void **) &fixture);
        store_history(fixture);
        pretend(fixture, rows[row].live_mib, rows[row].logical_gib);
        repack_child(fixture, &picture);
        for (size_t pack = 0; pack < PACKS; pack++)
            if (uses(&picture, &fixture->parent->packs[pack]) !=
                (strchr(rows[row].stays, (int) ('0' + pack)) != NULL))
                fail_msg("row %zu, pack %zu", row, pack);
        (void) teardown((void **) &fixture);
    }
    (void) state;
}

static void
a_thin_pack_that_cannot_be_opened_stays_with_one_warning(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(manifest_picture_release) struct manifest_picture picture = {0};
    struct backup backup;
    struct error err = {0};

    change(fixture, "2026-11-21T02-12-34-0001", 10, 80);
    backup_build_damage(&fixture->build, &fixture->parent->packs[1], PACK_HEADER_SIZE + 100);
    begin_child(fixture, 99, 1);

    assert_ok(repack(fixture, &err));

    assert_non_null(strstr(fixture->said, "warning: could not store anew"));
    assert_non_null(strstr(fixture->said, "authentication failed"));
    assert_int_equal(strchr(fixture->said, '\n')[1], '\0');
    backup_build_commit(&fixture->build, "2026-11-21T02-12-34-ffff", fixture->parent, &backup);
    manifest_picture_read(&picture, fixture->build.repo, backup.id);
    assert_true(uses(&picture, &fixture->parent->packs[1]));
}

static void
a_store_that_fails_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    unsigned nth = 0;

    change(fixture, "2026-11-21T02-12-34-0001", 10, 90);
    begin_child(fixture, 99, 1);
    for (;;)
    {
        faulty_store_arm(fixture->build.repo->store, FAULT_TRANSIENT, ++nth);
        if (repack(fixture, &err) == OK)
            break;
        assert_message("the store was told to fail");
    }
    assert_int_equal(nth, 3); /* the manifest, then the frame */
}

static void
without_thin_packs_nothing_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    begin_child(fixture, 99, 1);
    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 1);
    assert_ok(repack(fixture, &err));
    assert_false(faulty_store_struck(fixture->build.repo->store));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_live_in_a_thin_pack_is_moved_and_what_is_in_others_stays),
        TEST(several_thin_packs_are_moved_into_one),
        cmocka_unit_test(the_thinnest_are_moved_as_far_as_the_budget_goes),
        TEST(a_thin_pack_that_cannot_be_opened_stays_with_one_warning),
        TEST(a_store_that_fails_is_an_error),
        TEST(without_thin_packs_nothing_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
