// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/parent.h"
#include "tests/support/backup_build.h"
#include "tests/support/page_build.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY    (INT64_C(86400) * US_PER_SECOND)
#define NIGHTS 30
#define START  UINT64_C(0x20000000)

/* 2026-11-21 02:12:34 UTC */
#define TONIGHT (INT64_C(1795227154) * US_PER_SECOND)

/* Timeline 2 left timeline 1 at 0/5000000, and timeline 3 left 2 at 0/9000000. */
static const char history_text[] = "1\t0/5000000\tpromoted\n2\t0/9000000\tpromoted again\n";

struct position_row
{
    const char *name;
    struct pg_wal_position start;
    struct pg_wal_position stop;
    bool suits;
};

static struct backup
good_backup(void)
{
    return (struct backup){.id = "2026-11-21T02-12-34-0001",
                           .system_identifier = 42,
                           .major = 15,
                           .start = {1, 0x3000028},
                           .stop = {1, 0x3000100}};
}

static const struct backup *
choose(struct backup *backups, size_t count, const char **reason)
{
    SCOPED(pg_history_release) struct pg_history history = {0};
    const struct catalog catalog = {.backups = backups, .backup_count = count};
    struct error err = {0};
    struct backup_parent_question question = {
        .catalog = &catalog, .system_identifier = 42, .major = 15, .history = &history};

    assert_ok(pg_history_parse(3, bytes_of(history_text), &history, &err));
    return backup_parent_choose(&question, reason);
}

static void
the_newest_backup_is_the_parent(void **state)
{
    struct backup backups[] = {good_backup(), good_backup(), good_backup()};
    const char *reason;

    (void) state;
    assert_ptr_equal(choose(backups, 3, &reason), &backups[2]);
}

static void
a_damaged_backup_is_no_parent_but_the_one_before_it_is(void **state)
{
    struct backup backups[] = {good_backup(), good_backup(), good_backup()};
    const char *reason;

    (void) state;
    backups[2].damaged = true;
    assert_ptr_equal(choose(backups, 3, &reason), &backups[1]);
    backups[0].damaged = backups[1].damaged = true;
    assert_null(choose(backups, 3, &reason));
    assert_string_equal(reason, "there is no good backup yet");
    assert_null(choose(NULL, 0, &reason));
    assert_string_equal(reason, "there is no good backup yet");
}

static void
a_backup_of_another_cluster_or_version_or_without_checksums_is_no_parent(void **state)
{
    struct backup backups[] = {good_backup(), good_backup()};
    const char *reason;

    (void) state;
    backups[1].system_identifier = 43;
    assert_null(choose(backups, 2, &reason));
    assert_string_equal(reason, "the backups that there are belong to another cluster");
    backups[1] = good_backup();
    backups[1].major = 14;
    assert_null(choose(backups, 2, &reason));
    assert_string_equal(reason, "the newest backup is of another major version");
    backups[1] = good_backup();
    backups[1].data_checksums = true; /* and now they are off */
    assert_null(choose(backups, 2, &reason));
    assert_string_equal(reason, "data checksums were switched on or off since the newest backup");
}

static void
a_backup_that_the_server_s_timeline_left_is_no_parent(void **state)
{
    static const struct position_row rows[] = {
        {"long before the first fork", {1, 0x3000028}, {1, 0x3000100}, true},
        {"stopped at the fork", {1, 0x3000028}, {1, 0x5000000}, true},
        {"stopped behind the fork", {1, 0x3000028}, {1, 0x5000001}, false},
        {"begun and stopped behind it", {1, 0x6000028}, {1, 0x6000100}, false},
        {"begun at the child's first byte", {2, 0x5000000}, {2, 0x5000100}, true},
        {"begun before its timeline began", {2, 0x4000028}, {2, 0x5000100}, false},
        {"on the middle timeline, in time", {2, 0x8000028}, {2, 0x9000000}, true},
        {"on the middle timeline, too late", {2, 0x8000028}, {2, 0x9000008}, false},
        {"across a fork", {1, 0x4000028}, {2, 0x6000000}, true},
        {"across a fork, begun behind it", {1, 0x5800028}, {2, 0x6000000}, false},
        {"on the server's own timeline", {3, 0xA000028}, {3, 0xB000000}, true},
        {"on a timeline that is none of its ancestors", {4, 0x3000028}, {4, 0x3000100}, false},
    };

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct backup backups[] = {good_backup(), good_backup()};
        const char *reason = "";
        const struct backup *chosen;

        backups[1].start = rows[row].start;
        backups[1].stop = rows[row].stop;
        chosen = choose(backups, 2, &reason);
        if (chosen != (rows[row].suits ? &backups[1] : NULL))
            fail_msg("%s: chose %s", rows[row].name, chosen == NULL ? "none" : "one");
        if (!rows[row].suits)
            assert_string_equal(
                reason, "the server's timeline left the newest backup's before that backup ended");
    }
}

/* A parent whose nights are these; it has no manifest. */
static struct backup_parent
parent_of_nights(int64_t parent_night, int64_t night)
{
    return (struct backup_parent){.first_night = parent_night + 1, .last_night = night};
}

static void
over_a_month_of_nights_each_file_is_healed_once(void **state)
{
    char path[64];

    (void) state;
    for (int file = 0; file < 1000; file++)
    {
        int healed = 0;

        snprintf(path, sizeof(path), "base/5/%d", 16384 + file);
        for (int64_t night = 20000; night < 20000 + NIGHTS; night++)
        {
            struct backup_parent parent = parent_of_nights(night - 1, night);

            healed += backup_parent_heals(&parent, path);
        }
        assert_int_equal(healed, 1);
    }
}

/* Whatever nights were missed: each belongs to one backup. */
static void
with_missed_nights_no_file_is_healed_less_than_once_or_more_often_than_its_turn(void **state)
{
    char path[64];

    (void) state;
    for (int file = 0; file < 300; file++)
    {
        int64_t before = 20000;
        int healed = 0;

        snprintf(path, sizeof(path), "base/5/%d", 16384 + file);
        for (int step = 0; before < 20000 + 2 * NIGHTS; step++)
        {
            int64_t night = before + step % 7;
            struct backup_parent parent = parent_of_nights(before, night);

            if (night > 20000 + 2 * NIGHTS)
                parent.last_night = night = 20000 + 2 * NIGHTS;
            healed += backup_parent_heals(&parent, path);
            before = night;
        }
        assert_int_equal(healed, 2);
    }
}

static size_t
count_healed(const struct backup_parent *parent)
{
    size_t healed = 0;
    char path[64];

    for (int file = 0; file < 1000; file++)
    {
        snprintf(path, sizeof(path), "base/5/%d", 16384 + file);
        healed += backup_parent_heals(parent, path);
    }
    return healed;
}

static void
a_child_of_the_same_day_heals_nothing_and_after_a_long_pause_all(void **state)
{
    static const struct
    {
        int64_t nights;
        size_t low;
        size_t high;
    } rows[] = {{-3, 0, 0},       {0, 0, 0},        {1, 15, 60},
                {15, 430, 570},   {29, 940, 999},   {30, 1000, 1000},
                {31, 1000, 1000}, {40, 1000, 1000}, {4000, 1000, 1000}};

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct backup_parent parent = parent_of_nights(20000, 20000 + rows[row].nights);

        assert_between((long long) count_healed(&parent), (long long) rows[row].low,
                       (long long) rows[row].high);
    }
}

/* A clock that was set wrong for one backup, to 1970 or far ahead, must cost no hours. */
static void
a_clock_that_was_wrong_heals_everything_or_nothing(void **state)
{
    struct backup_parent early = parent_of_nights(0, 20000);
    struct backup_parent late = parent_of_nights(20000, INT64_MAX / 2);
    struct backup_parent back = parent_of_nights(20000, 0);

    (void) state;
    assert_int_equal(count_healed(&early), 1000);
    assert_int_equal(count_healed(&late), 1000);
    assert_int_equal(count_healed(&back), 0);
}

static void
store_files(struct backup_build *build, struct backup *backup)
{
    backup_build_open(build);
    backup_build_begin(build);
    backup_build_directory(build, "base");
    backup_build_file(build, "PG_VERSION", BYTES("15\n"));
    backup_build_file(build, "base/empty", (struct bytes){NULL, 0});
    backup_build_commit(build, "2026-11-21T02-12-34-0001", NULL, backup);
    backup->started = TONIGHT;
}

static void
an_opened_parent_knows_its_files_and_packs_and_nights(void **state)
{
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct backup_build build;
    struct backup backup;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    store_files(&build, &backup);
    assert_ok(backup_parent_open(&parent, build.repo, &backup, TONIGHT + 3 * DAY, &err));

    assert_true(backup_parent_has(parent, "PG_VERSION", &size_bytes));
    assert_int_equal(size_bytes, 3);
    assert_true(backup_parent_has(parent, "base/empty", &size_bytes));
    assert_int_equal(size_bytes, 0);
    assert_false(backup_parent_has(parent, "base", &size_bytes));
    assert_false(backup_parent_has(parent, "base/other", &size_bytes));
    assert_int_equal(parent->pack_count, 1);
    assert_memory_equal(parent->packs[0].id, build.written[0].id, PACK_ID_SIZE);
    assert_int_equal(parent->last_night - parent->first_night, 2);
    assert_int_equal(parent->first_night, TONIGHT / DAY + 1);
    backup_build_close(&build);
}

static void
a_catalog_that_counts_fewer_files_than_the_manifest_is_refused(void **state)
{
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct backup_build build;
    struct backup backup;
    struct error err = {0};

    (void) state;
    store_files(&build, &backup);
    backup.file_count = 1;
    assert_status(backup_parent_open(&parent, build.repo, &backup, TONIGHT, &err), STATUS_REFUSED);
    assert_message("more files than the 1 expected");
    assert_null(parent);
    backup_build_close(&build);
}

static void
a_parent_without_a_manifest_does_not_open(void **state)
{
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct backup backup = good_backup();
    struct test_repository test;
    struct error err = {0};

    (void) state;
    test_repository_open(&test, true);
    assert_status(backup_parent_open(&parent, test.repo, &backup, TONIGHT, &err), STATUS_NOT_FOUND);
    assert_null(parent);
    test_repository_close(&test);
}

static void
a_page_is_the_parent_s_when_its_lsn_is_old_and_its_header_sound(void **state)
{
    static const struct pg_relation_path relation = {.database = 5, .relfilenode = 16384};
    struct backup_parent parent = {.backup = {.start = {1, START}}};
    static const struct
    {
        pg_lsn lsn;
        bool has;
    } rows[] = {{0, false},          {1, false},        {1000, false},  {0xFFFFFF, false},
                {0x1000000, true},   {START - 1, true}, {START, false}, {START + 1, false},
                {UINT64_MAX, false}, {0x2000000, true}};
    uint8_t page[PG_PAGE_SIZE];

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        page_build_heap(page, rows[row].lsn, 7);
        assert_int_equal(backup_parent_has_page(&parent, &relation, 0, page), rows[row].has);
    }
    page_build_heap(page, START - 1, 7);
    page_build_u16(page, 18, 0x2003); /* the layout of PostgreSQL 8.2 */
    assert_false(backup_parent_has_page(&parent, &relation, 0, page));
    memset(page, 0, sizeof(page));
    assert_false(backup_parent_has_page(&parent, &relation, 0, page));
    page_build_u32(page, 4, 0x2000000); /* an LSN, and else nothing */
    assert_false(backup_parent_has_page(&parent, &relation, 0, page));
    page_build_heap(page, START - 1, 7);
    page_build_u16(page, 16, PG_PAGE_SIZE - 8);
    page_build_u32(page, PG_PAGE_SIZE - 8, 0x1717); /* a sequence */
    assert_false(backup_parent_has_page(&parent, &relation, 0, page));
}

static void
a_page_that_archived_wal_names_is_not_the_parent_s(void **state)
{
    static const struct pg_relation_path relation = {
        .database = 5, .relfilenode = 16384, .segment = 1};
    const struct pg_unsound unsound = {
        .kind = PG_UNSOUND_PAGE, .database = 5, .relfilenode = 16384, .block = 131072 + 3};
    struct backup_parent parent = {.backup = {.start = {1, START}}};
    uint8_t page[PG_PAGE_SIZE];
    struct error err = {0};

    (void) state;
    assert_ok(pg_unsound_pages_create(&parent.unsound, 0, &err));
    assert_ok(pg_unsound_pages_add(parent.unsound, &unsound, &err));
    pg_unsound_pages_sort(parent.unsound);
    page_build_heap(page, START - 1, 7);
    for (uint64_t block = 0; block < 6; block++)
        assert_int_equal(backup_parent_has_page(&parent, &relation, block * PG_PAGE_SIZE, page),
                         block != 3);
    pg_unsound_pages_freep(&parent.unsound);
}

static void
what_may_be_inherited_ends_at_the_limit_block(void **state)
{
    static const struct
    {
        uint32_t limit;
        uint32_t segment;
        uint64_t trusted; /* bytes */
    } rows[] = {
        {0, 0, 0},
        {7, 0, 7 * PG_PAGE_SIZE},
        {7, 1, 0},
        {131072, 1, 0},
        {131073, 1, PG_PAGE_SIZE},
        {131073, 0, UINT64_C(131073) * PG_PAGE_SIZE},
        {4194304, 31, UINT64_C(131072) * PG_PAGE_SIZE},
    };
    struct error err = {0};

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_relation_path relation = {
            .database = 5, .relfilenode = 16384, .segment = rows[row].segment};
        struct pg_limit_block limit = {
            .tablespace = 1663, .database = 5, .relfilenode = 16384, .block = rows[row].limit};
        struct backup_parent parent = {0};

        assert_int_equal(backup_parent_trusted(&parent, &relation), UINT64_MAX);
        assert_ok(pg_limit_blocks_create(&parent.limits, &err));
        assert_ok(pg_limit_blocks_add(parent.limits, &limit, &err));
        pg_limit_blocks_sort(parent.limits);
        assert_int_equal(backup_parent_trusted(&parent, &relation), rows[row].trusted);
        relation.relfilenode++;
        assert_int_equal(backup_parent_trusted(&parent, &relation), UINT64_MAX);
        pg_limit_blocks_freep(&parent.limits);
    }
}

static void
a_file_with_its_limit_inside_is_needed_whole_of_a_server_that_forgets(void **state)
{
    static const struct
    {
        uint32_t limit;
        uint32_t segment;
        bool whole;
    } rows[] = {
        {0, 0, false},      {1, 0, true},      {131071, 0, true}, {131072, 0, false},
        {131072, 1, false}, {131073, 1, true}, {1, 1, false},     {262144, 1, false},
    };
    struct error err = {0};

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_relation_path relation = {
            .database = 5, .relfilenode = 16384, .segment = rows[row].segment};
        struct pg_limit_block limit = {
            .tablespace = 1663, .database = 5, .relfilenode = 16384, .block = rows[row].limit};
        struct backup_parent parent = {.limits_unordered = true};

        assert_false(backup_parent_needs_whole(&parent, &relation));
        assert_ok(pg_limit_blocks_create(&parent.limits, &err));
        assert_ok(pg_limit_blocks_add(parent.limits, &limit, &err));
        pg_limit_blocks_sort(parent.limits);
        assert_int_equal(backup_parent_needs_whole(&parent, &relation), rows[row].whole);
        parent.limits_unordered = false;
        assert_false(backup_parent_needs_whole(&parent, &relation));
        pg_limit_blocks_freep(&parent.limits);
    }
}

static void
nothing_of_a_copied_database_may_be_inherited(void **state)
{
    const struct pg_unsound copied = {.kind = PG_UNSOUND_DATABASE, .database = 5};
    struct pg_relation_path relation = {.database = 5, .relfilenode = 16384};
    struct backup_parent parent = {0};
    struct error err = {0};

    (void) state;
    assert_ok(pg_unsound_pages_create(&parent.unsound, 0, &err));
    assert_ok(pg_unsound_pages_add(parent.unsound, &copied, &err));
    pg_unsound_pages_sort(parent.unsound);
    assert_int_equal(backup_parent_trusted(&parent, &relation), 0);
    relation.tablespace = 16400;
    assert_int_equal(backup_parent_trusted(&parent, &relation), UINT64_MAX);
    relation = (struct pg_relation_path){.database = 6, .relfilenode = 16384};
    assert_int_equal(backup_parent_trusted(&parent, &relation), UINT64_MAX);
    pg_unsound_pages_freep(&parent.unsound);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_backup_is_the_parent),
        cmocka_unit_test(a_damaged_backup_is_no_parent_but_the_one_before_it_is),
        cmocka_unit_test(a_backup_of_another_cluster_or_version_or_without_checksums_is_no_parent),
        cmocka_unit_test(a_backup_that_the_server_s_timeline_left_is_no_parent),
        cmocka_unit_test(over_a_month_of_nights_each_file_is_healed_once),
        cmocka_unit_test(
            with_missed_nights_no_file_is_healed_less_than_once_or_more_often_than_its_turn),
        cmocka_unit_test(a_child_of_the_same_day_heals_nothing_and_after_a_long_pause_all),
        cmocka_unit_test(a_clock_that_was_wrong_heals_everything_or_nothing),
        cmocka_unit_test(an_opened_parent_knows_its_files_and_packs_and_nights),
        cmocka_unit_test(a_catalog_that_counts_fewer_files_than_the_manifest_is_refused),
        cmocka_unit_test(a_parent_without_a_manifest_does_not_open),
        cmocka_unit_test(a_page_is_the_parent_s_when_its_lsn_is_old_and_its_header_sound),
        cmocka_unit_test(a_page_that_archived_wal_names_is_not_the_parent_s),
        cmocka_unit_test(what_may_be_inherited_ends_at_the_limit_block),
        cmocka_unit_test(a_file_with_its_limit_inside_is_needed_whole_of_a_server_that_forgets),
        cmocka_unit_test(nothing_of_a_copied_database_may_be_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
