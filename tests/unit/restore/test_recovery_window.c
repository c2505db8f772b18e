// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "restore/recovery_window.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE

/* WAL from segment 2 on, with a commit in segment 2, one in 9 and one in 12. */
struct story
{
    struct cluster_build cluster;
    struct wal_build wal;
    struct wal_chain chain;
    struct recovery_windows windows;
};

static void
begin(struct story *story)
{
    *story = (struct story){0};
    cluster_build_open(&story->cluster, false);
    wal_build_begin(&story->wal, (struct pg_wal_segment){1, 2});
    cluster_build_commit(&story->wal, 700, MINUTE(1));
    cluster_build_fill_to(&story->wal, 9);
    cluster_build_commit(&story->wal, 701, MINUTE(20));
    cluster_build_fill_to(&story->wal, 12);
    cluster_build_commit(&story->wal, 702, MINUTE(30));
}

/* A backup that needs these segments and ended at a minute. */
static void
back_up(struct story *story, const char *id, uint64_t first, uint64_t last, int minute)
{
    static const struct cluster_build_file files[] = {{.path = "PG_VERSION", .content = "15\n"},
                                                      {0}};
    struct cluster_build_backup backup = {
        .backup = {.start = {1, first * SEGMENT + 40},
                   .stop = {1, last * SEGMENT + 80},
                   .stopped = MINUTE(minute)},
        .files = files,
    };

    snprintf(backup.backup.id, sizeof(backup.backup.id), "%s", id);
    cluster_build_backup(&story->cluster, &backup);
}

/* Archive all segments but one, and look. */
static void
look(struct story *story, uint64_t omit)
{
    struct error err = {0};

    cluster_build_archive(&story->cluster, &story->wal, omit);
    assert_ok(wal_chain_load(&story->chain, story->cluster.repo, &story->cluster.catalog,
                             CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err));
    assert_ok(recovery_windows_find(&story->cluster.catalog, &story->chain, &story->windows, &err));
}

static void
end(struct story *story)
{
    recovery_windows_release(&story->windows);
    wal_chain_release(&story->chain);
    wal_build_release(&story->wal);
    cluster_build_close(&story->cluster);
}

#define FIRST  "2026-01-01T00-02-00-0001"
#define SECOND "2026-01-01T00-25-00-0002"

static void
backups_that_reach_the_same_end_share_the_window_of_the_oldest(void **state)
{
    struct story story;

    (void) state;
    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    back_up(&story, SECOND, 10, 10, 25);
    look(&story, 0);
    assert_int_equal(story.windows.count, 1);
    assert_string_equal(story.windows.items[0].from->id, FIRST);
    assert_string_equal(story.windows.items[0].last_segment, "00000001000000000000000C");
    assert_int_equal(story.windows.items[0].until, MINUTE(30));
    assert_false(story.windows.items[0].gap);
    end(&story);
}

static void
a_gap_ends_one_window_and_the_next_backup_begins_another(void **state)
{
    struct story story;

    (void) state;
    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    back_up(&story, SECOND, 11, 11, 25);
    look(&story, 10);
    assert_int_equal(story.windows.count, 2);
    assert_string_equal(story.windows.items[0].from->id, FIRST);
    assert_string_equal(story.windows.items[0].last_segment, "000000010000000000000009");
    assert_int_equal(story.windows.items[0].until, MINUTE(20));
    assert_true(story.windows.items[0].gap);
    assert_string_equal(story.windows.items[1].from->id, SECOND);
    assert_int_equal(story.windows.items[1].until, MINUTE(30));
    assert_false(story.windows.items[1].gap);
    end(&story);
}

static void
a_window_without_transactions_ends_where_its_backup_does(void **state)
{
    struct story story;

    (void) state;
    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    look(&story, 6);
    assert_int_equal(story.windows.count, 1);
    assert_int_equal(story.windows.items[0].until, MINUTE(2));
    end(&story);
}

static void
a_time_far_back_is_not_looked_for(void **state)
{
    struct story story;

    (void) state;
    begin(&story);
    back_up(&story, FIRST, 2, 2, 2);
    look(&story, 9);
    assert_int_equal(story.windows.items[0].until, TIME_NONE);
    assert_string_equal(story.windows.items[0].last_segment, "000000010000000000000008");
    end(&story);
}

static void
damaged_backups_and_those_without_their_wal_open_no_window(void **state)
{
    struct story story;

    (void) state;
    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    back_up(&story, SECOND, 9, 11, 25);
    story.cluster.catalog.backups[0].damaged = true;
    look(&story, 10);
    assert_int_equal(story.windows.count, 0);
    end(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backups_that_reach_the_same_end_share_the_window_of_the_oldest),
        cmocka_unit_test(a_gap_ends_one_window_and_the_next_backup_begins_another),
        cmocka_unit_test(a_window_without_transactions_ends_where_its_backup_does),
        cmocka_unit_test(a_time_far_back_is_not_looked_for),
        cmocka_unit_test(damaged_backups_and_those_without_their_wal_open_no_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
