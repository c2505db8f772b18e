// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "health/reach.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE
#define HOUR_US (3600 * US_PER_SECOND)

#define FIRST  "2026-01-01T00-02-00-0001"
#define SECOND "2026-01-01T00-25-00-0002"

/* WAL in segments 2 to 12, with a commit in 2, in 9 and in 12, and a server that is its. */
struct story
{
    struct cluster_build cluster;
    struct wal_build wal;
    struct health_server server;
    time_us window_start;
    struct health_facts facts;
};

static void
begin(struct story *story)
{
    *story = (struct story){
        .server = {.identified = true, .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER},
        .window_start = MINUTE(0),
    };
    cluster_build_open(&story->cluster, false);
    wal_build_begin(&story->wal, (struct pg_wal_segment){1, 2});
    cluster_build_commit(&story->wal, 700, MINUTE(1));
    cluster_build_fill_to(&story->wal, 9);
    cluster_build_commit(&story->wal, 701, MINUTE(20));
    cluster_build_fill_to(&story->wal, 12);
    cluster_build_commit(&story->wal, 702, MINUTE(30));
}

static void
end(struct story *story)
{
    wal_build_release(&story->wal);
    cluster_build_close(&story->cluster);
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

static const struct health_reach *
look(struct story *story)
{
    const struct health_reach_question question = {
        .repo = story->cluster.repo,
        .catalog = &story->cluster.catalog,
        .server = &story->server,
        .window_start = story->window_start,
        .window_us = HOUR_US,
    };
    struct error err = {0};

    story->facts = (struct health_facts){.reach = {.time = TIME_NONE, .gap_leaves = TIME_NONE}};
    assert_ok(health_reach_find(&question, &story->facts, &err));
    return &story->facts.reach;
}

static void
the_end_is_that_of_unbroken_wal_and_its_last_transaction(void **state)
{
    (void) state;
    struct story story;
    const struct health_reach *reach;

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    cluster_build_archive(&story.cluster, &story.wal, 0);
    reach = look(&story);
    assert_true(reach->reaches);
    assert_int_equal(reach->end.timeline, 1);
    assert_int_equal(reach->end.lsn, 13 * SEGMENT);
    assert_int_equal(reach->time, MINUTE(30));
    assert_string_equal(reach->problem, "");
    assert_int_equal(reach->gaps, 0);
    assert_false(reach->has_behind);
    end(&story);
}

static void
the_server_is_ahead_of_the_archive_by_so_many_bytes(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    cluster_build_archive(&story.cluster, &story.wal, 0);
    story.server.lsn = 13 * SEGMENT + 77;
    assert_true(look(&story)->has_behind);
    assert_int_equal(story.facts.reach.behind_bytes, 77);
    /* More was archived since it was asked. */
    story.server.lsn = 12 * SEGMENT;
    assert_true(look(&story)->has_behind);
    assert_int_equal(story.facts.reach.behind_bytes, 0);
    story.server.system_identifier++;
    assert_false(look(&story)->has_behind);
    end(&story);
}

static void
without_a_backup_nothing_is_reached(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    cluster_build_archive(&story.cluster, &story.wal, 10);
    snprintf(story.server.archived, sizeof(story.server.archived), "00000001000000000000000A");
    assert_false(look(&story)->reaches);
    assert_int_equal(story.facts.reach.gaps, 0);
    assert_string_equal(story.facts.archiving.astray, "");
    end(&story);
}

static void
a_gap_behind_the_newest_backup_is_at_the_end(void **state)
{
    (void) state;
    struct story story;
    const struct health_reach *reach;

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    cluster_build_archive(&story.cluster, &story.wal, 10);
    story.window_start = MINUTE(1000); /* however old all of it is */
    reach = look(&story);
    assert_int_equal(reach->gaps, 1);
    assert_true(reach->gap_at_end);
    assert_int_equal(reach->gap_leaves, TIME_NONE);
    assert_string_equal(reach->gap,
                        "WAL segment 00000001000000000000000A is missing from the archive");
    assert_int_equal(reach->end.lsn, 10 * SEGMENT);
    assert_int_equal(reach->time, MINUTE(20));
    end(&story);
}

static void
a_gap_counts_until_the_backup_behind_it_is_older_than_the_window(void **state)
{
    (void) state;
    struct story story;
    const struct health_reach *reach;

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    back_up(&story, SECOND, 11, 11, 25);
    cluster_build_archive(&story.cluster, &story.wal, 10);
    story.window_start = MINUTE(25) - 1;
    reach = look(&story);
    assert_int_equal(reach->gaps, 1);
    assert_false(reach->gap_at_end);
    assert_int_equal(reach->gap_leaves, MINUTE(25) + HOUR_US);
    assert_int_equal(reach->end.lsn, 13 * SEGMENT);

    story.window_start = MINUTE(25);
    assert_int_equal(look(&story)->gaps, 0);
    end(&story);
}

static void
what_expired_is_no_gap(void **state)
{
    (void) state;
    struct wal_run run = {1, 10, 10};
    struct wal_part part = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, {&run, 1}};
    struct condemnation condemnation = {.wal = {.parts = &part, .count = 1}};
    const struct catalog_entry entry = {.condemnation = &condemnation};
    struct story story;
    struct error err = {0};

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    back_up(&story, SECOND, 11, 11, 25);
    cluster_build_archive(&story.cluster, &story.wal, 0);
    assert_ok(catalog_append(story.cluster.repo, &story.cluster.catalog, &entry,
                             (struct catalog_check){0}, &err));
    assert_int_equal(look(&story)->gaps, 0);
    assert_true(story.facts.reach.reaches);
    end(&story);
}

static const struct
{
    const char *archived;
    uint64_t system_identifier;
    const char *astray;
} strays[] = {
    {"00000001000000000000000C", CLUSTER_BUILD_SYSTEM_IDENTIFIER, ""},
    {"00000001000000000000000D", CLUSTER_BUILD_SYSTEM_IDENTIFIER, "00000001000000000000000D"},
    {"000000020000000000000009", CLUSTER_BUILD_SYSTEM_IDENTIFIER, "000000020000000000000009"},
    /* Another tool's, from before the backup. */
    {"000000010000000000000001", CLUSTER_BUILD_SYSTEM_IDENTIFIER, ""},
    {"00000001000000000000000D", CLUSTER_BUILD_SYSTEM_IDENTIFIER + 1, ""},
    {"00000001000000000000000D.partial", CLUSTER_BUILD_SYSTEM_IDENTIFIER, ""},
    {"00000002.history", CLUSTER_BUILD_SYSTEM_IDENTIFIER, ""},
    {"", CLUSTER_BUILD_SYSTEM_IDENTIFIER, ""},
};

static void
what_the_server_archived_elsewhere_is_astray(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    back_up(&story, FIRST, 3, 4, 2);
    cluster_build_archive(&story.cluster, &story.wal, 0);
    for (size_t index = 0; index < sizeof(strays) / sizeof(strays[0]); index++)
    {
        story.server.system_identifier = strays[index].system_identifier;
        snprintf(story.server.archived, sizeof(story.server.archived), "%s",
                 strays[index].archived);
        (void) look(&story);
        assert_string_equal(story.facts.archiving.astray, strays[index].astray);
    }
    end(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_that_of_unbroken_wal_and_its_last_transaction),
        cmocka_unit_test(the_server_is_ahead_of_the_archive_by_so_many_bytes),
        cmocka_unit_test(without_a_backup_nothing_is_reached),
        cmocka_unit_test(a_gap_behind_the_newest_backup_is_at_the_end),
        cmocka_unit_test(a_gap_counts_until_the_backup_behind_it_is_older_than_the_window),
        cmocka_unit_test(what_expired_is_no_gap),
        cmocka_unit_test(what_the_server_archived_elsewhere_is_astray),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
