// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal.h"
#include "restore/plan.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE

static const struct cluster_build_file files[] = {
    {.path = "PG_VERSION", .content = "15\n"}, {.path = "base"}, {0}};

/*
 * Segments 3 to 12 of timeline 1, a commit of XID 700 + n at minute n in
 * segment n, backups that ended in segments 4 (minute 4) and 8 (minute 8).
 */
struct fixture
{
    struct cluster_build cluster;
    struct wal_build wal;
    pg_lsn commits[13];
    struct plan plan;
};

static void
add_backup(struct fixture *fixture, const char *id, pg_timeline timeline, uint64_t number)
{
    struct cluster_build_backup backup = {.files = files};

    snprintf(backup.backup.id, sizeof(backup.backup.id), "%s", id);
    backup.backup.start = (struct pg_wal_position){timeline, number * SEGMENT + 40};
    backup.backup.stop = (struct pg_wal_position){timeline, number * SEGMENT + 256};
    backup.backup.stopped = MINUTE((int64_t) number);
    cluster_build_backup(&fixture->cluster, &backup);
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, true);
    wal_build_begin(&fixture->wal, (struct pg_wal_segment){1, 3});
    for (uint64_t number = 3; number <= 12; number++)
    {
        cluster_build_fill_to(&fixture->wal, number);
        cluster_build_restore_point(&fixture->wal, number % 2 == 0 ? "even" : "odd",
                                    MINUTE((int64_t) number));
        cluster_build_fill_to(&fixture->wal, number);
        while (wal_build_next(&fixture->wal) < number * SEGMENT + 256)
            cluster_build_restore_point(&fixture->wal, "filler", MINUTE((int64_t) number));
        fixture->commits[number] = cluster_build_commit(&fixture->wal, (uint32_t) (700 + number),
                                                        MINUTE((int64_t) number));
    }
    add_backup(fixture, "2026-01-01T00-04-00-0000", 1, 4);
    add_backup(fixture, "2026-01-01T00-08-00-0000", 1, 8);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    plan_release(&fixture->plan);
    wal_build_release(&fixture->wal);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static enum status
make(struct fixture *fixture, const struct target *target, const char *backup_id, struct error *err)
{
    struct plan_options options = {.target = *target, .backup_id = backup_id};

    plan_release(&fixture->plan);
    return plan_make(fixture->cluster.repo, &options, &fixture->plan, err);
}

static void
the_newest_backup_before_the_target_is_chosen(void **state)
{
    struct fixture *fixture = *state;
    const struct
    {
        const char *name;
        struct target target;
        const char *backup;
    } cases[] = {
        {"latest", {.kind = TARGET_LATEST}, "2026-01-01T00-08-00-0000"},
        {"immediate", {.kind = TARGET_IMMEDIATE}, "2026-01-01T00-08-00-0000"},
        {"time before", {.kind = TARGET_TIME, .time = MINUTE(8) - 1}, "2026-01-01T00-04-00-0000"},
        {"time at", {.kind = TARGET_TIME, .time = MINUTE(8)}, "2026-01-01T00-08-00-0000"},
        {"lsn before", {.kind = TARGET_LSN, .lsn = 8 * SEGMENT + 255}, "2026-01-01T00-04-00-0000"},
        {"lsn at", {.kind = TARGET_LSN, .lsn = 8 * SEGMENT + 256}, "2026-01-01T00-08-00-0000"},
        {"xid before", {.kind = TARGET_XID, .xid = 707}, "2026-01-01T00-04-00-0000"},
        {"xid after", {.kind = TARGET_XID, .xid = 709}, "2026-01-01T00-08-00-0000"},
        {"name", {.kind = TARGET_NAME, .name = "odd"}, "2026-01-01T00-08-00-0000"},
    };

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct error err = {0};

        print_message("%s\n", cases[index].name);
        assert_ok(make(fixture, &cases[index].target, NULL, &err));
        assert_string_equal(fixture->plan.backup.id, cases[index].backup);
        assert_int_equal(fixture->plan.timeline, 1);
        assert_int_equal(fixture->plan.totals.files, 1);
        assert_int_equal(fixture->plan.totals.directories, 1);
        assert_int_equal(fixture->plan.pack_count, 1);
    }
}

static void
the_plan_counts_the_wal_that_recovery_reads(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_XID, .xid = 710};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_ok(make(fixture, &target, NULL, &err));
    assert_int_equal(fixture->plan.first_segment, 8);
    assert_int_equal(fixture->plan.segment_count, 3);
    target.kind = TARGET_IMMEDIATE;
    assert_ok(make(fixture, &target, NULL, &err));
    assert_int_equal(fixture->plan.segment_count, 1);
    target.kind = TARGET_LATEST;
    assert_ok(make(fixture, &target, NULL, &err));
    assert_int_equal(fixture->plan.segment_count, 5);
}

static void
a_restore_point_becomes_the_lsn_of_the_newest_of_its_name(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_NAME, .name = "even"};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_ok(make(fixture, &target, NULL, &err));

    assert_int_equal(fixture->plan.asked.kind, TARGET_NAME);
    assert_int_equal(fixture->plan.target.kind, TARGET_LSN);
    assert_int_equal(fixture->plan.target.lsn / SEGMENT, 12);
    assert_int_equal(fixture->plan.target.lsn, fixture->plan.found.position.lsn);
}

static void
a_target_behind_a_gap_is_refused_and_the_gap_is_named(void **state)
{
    struct fixture *fixture = *state;
    const struct target targets[] = {
        {.kind = TARGET_TIME, .time = MINUTE(11)},
        {.kind = TARGET_LSN, .lsn = 11 * SEGMENT},
        {.kind = TARGET_XID, .xid = 711},
        {.kind = TARGET_NAME, .name = "odd"},
        {.kind = TARGET_LATEST},
    };

    cluster_build_archive(&fixture->cluster, &fixture->wal, 10);
    for (size_t index = 0; index < sizeof(targets) / sizeof(targets[0]); index++)
    {
        struct error err = {0};

        assert_status(make(fixture, &targets[index], NULL, &err), STATUS_REFUSED);
        assert_message("WAL segment 00000001000000000000000A is missing");
        assert_non_null(strstr(err.detail, "2026-01-01 00:09:00+00:00"));
        assert_non_null(strstr(err.hint, "--target-lsn 0/9"));
    }
}

static void
a_target_before_the_gap_is_fine(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_XID, .xid = 709};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 10);

    assert_ok(make(fixture, &target, NULL, &err));
}

/* An object in the place of a segment that whoever may write, without the key, has put there. */
static void
put_garbage(struct fixture *fixture, uint64_t number)
{
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    const struct wal_file file = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, name};
    struct repo *repo = fixture->cluster.repo;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    pg_wal_segment_name((struct pg_wal_segment){1, number}, SEGMENT, name);
    assert_ok(wal_key(repo, &file, key, &err));
    assert_ok(store_put(repo->store, key, BYTES("garbage"), &err));
}

static void
a_target_before_wal_that_does_not_open_is_fine(void **state)
{
    struct fixture *fixture = *state;
    const struct target before[] = {
        {.kind = TARGET_TIME, .time = MINUTE(11) - 1},
        {.kind = TARGET_LSN, .lsn = fixture->commits[11]},
    };
    const struct target behind[] = {
        {.kind = TARGET_TIME, .time = MINUTE(11)},
        {.kind = TARGET_LSN, .lsn = 12 * SEGMENT},
        {.kind = TARGET_LATEST},
    };

    cluster_build_archive(&fixture->cluster, &fixture->wal, 12);
    put_garbage(fixture, 12);
    for (size_t index = 0; index < sizeof(before) / sizeof(before[0]); index++)
    {
        struct error err = {0};

        assert_ok(make(fixture, &before[index], NULL, &err));
    }
    for (size_t index = 0; index < sizeof(behind) / sizeof(behind[0]); index++)
    {
        struct error err = {0};

        assert_status(make(fixture, &behind[index], NULL, &err), STATUS_CORRUPT);
        assert_message("00000001000000000000000C");
        assert_non_null(strstr(err.detail, "2026-01-01 00:11:00+00:00"));
        assert_non_null(strstr(err.hint, "What lies before it can be restored"));
    }
}

static void
damage_in_the_wal_that_the_backup_needs_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_TIME, .time = MINUTE(12) - 1};
    struct error err = {0};

    add_backup(fixture, "2026-01-01T00-12-00-0000", 1, 12);
    cluster_build_archive(&fixture->cluster, &fixture->wal, 12);
    put_garbage(fixture, 12);

    assert_status(make(fixture, &target, "2026-01-01T00-12-00-0000", &err), STATUS_REFUSED);
    target.kind = TARGET_LATEST;
    assert_status(make(fixture, &target, "2026-01-01T00-12-00-0000", &err), STATUS_CORRUPT);
}

static void
a_gap_inside_the_backup_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_IMMEDIATE};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 8);

    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    assert_message("cannot become consistent: WAL segment 000000010000000000000008 is missing");
}

static void
a_time_needs_a_later_transaction(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_TIME, .time = MINUTE(12)};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    assert_message("the archived WAL of timeline 1 ends before segment 00000001000000000000000D");
    assert_non_null(strstr(err.detail, "2026-01-01 00:12:00+00:00"));
    assert_non_null(strstr(err.hint, "later transaction"));
    /* Just before the last one PostgreSQL can stop. */
    target.exclusive = true;
    assert_ok(make(fixture, &target, NULL, &err));
    target = (struct target){.kind = TARGET_TIME, .time = MINUTE(12) - 1};
    assert_ok(make(fixture, &target, NULL, &err));
}

static void
an_lsn_needs_a_record_at_or_after_it(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_LSN, .lsn = fixture->commits[12]};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_ok(make(fixture, &target, NULL, &err));
    target.lsn++;
    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    target.lsn = 100 * SEGMENT;
    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
}

static void
a_target_before_every_backup_is_refused_and_the_oldest_moment_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_TIME, .time = MINUTE(3)};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    assert_message("lies before the end of every backup");
    assert_non_null(strstr(err.detail, "2026-01-01 00:04:00+00:00"));
    assert_non_null(strstr(err.detail, "2026-01-01T00-04-00-0000"));
}

static void
a_damaged_backup_is_used_only_when_named(void **state)
{
    struct fixture *fixture = *state;
    struct cluster_build_backup damaged = {
        .backup = {.id = "2026-01-01T00-10-00-0000",
                   .start = {1, 10 * SEGMENT + 40},
                   .stop = {1, 10 * SEGMENT + 256},
                   .stopped = MINUTE(10),
                   .damaged = true},
        .files = files,
    };
    struct target target = {.kind = TARGET_LATEST};
    struct error err = {0};

    cluster_build_backup(&fixture->cluster, &damaged);
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_ok(make(fixture, &target, NULL, &err));
    assert_string_equal(fixture->plan.backup.id, "2026-01-01T00-08-00-0000");
    assert_ok(make(fixture, &target, "2026-01-01T00-10-00-0000", &err));
    assert_string_equal(fixture->plan.backup.id, "2026-01-01T00-10-00-0000");
}

static void
a_named_backup_must_end_before_the_target(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_XID, .xid = 707};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(make(fixture, &target, "2026-01-01T00-08-00-0000", &err), STATUS_REFUSED);
    assert_message("backup 2026-01-01T00-08-00-0000 cannot be restored to transaction 707");
    assert_status(make(fixture, &target, "2026-01-01T00-09-00-0000", &err), STATUS_REFUSED);
    assert_message("there is no backup");
    assert_ok(make(fixture, &target, "2026-01-01T00-04-00-0000", &err));
}

static void
a_subtransaction_is_refused_with_its_parent_named(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_XID, .xid = 901};
    struct error err = {0};

    cluster_build_commit_with_child(&fixture->wal, 900, 901, MINUTE(13));
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    assert_message("transaction 901 is a subtransaction of transaction 900");
    assert_string_equal(err.hint, "Use --target-xid 900.");
}

/* Timeline 2, which begins as the history says; a commit of XID 999 is on it alone. */
static void
promote(struct fixture *fixture, const char *history, bool archived)
{
    struct wal_build child;

    wal_build_begin(&child, (struct pg_wal_segment){2, 10});
    cluster_build_commit(&child, 999, MINUTE(20));
    cluster_build_fill_to(&child, 11);
    cluster_build_commit(&child, 1000, MINUTE(21));
    if (archived)
        cluster_build_archive(&fixture->cluster, &child, 0);
    wal_build_release(&child);
    cluster_build_history(&fixture->cluster, 2, history);
}

static void
the_timeline_is_the_newest_unless_the_target_is_on_another(void **state)
{
    struct fixture *fixture = *state;
    const struct
    {
        const char *name;
        struct target target;
        pg_timeline timeline;
    } cases[] = {
        {"latest", {.kind = TARGET_LATEST}, 2},
        {"an xid of the new one", {.kind = TARGET_XID, .xid = 999}, 2},
        {"an xid of the old one", {.kind = TARGET_XID, .xid = 711}, 1},
        {"an xid of both", {.kind = TARGET_XID, .xid = 709}, 2},
        {"current", {.kind = TARGET_LATEST, .timeline = TARGET_TIMELINE_CURRENT}, 1},
        {"by number",
         {.kind = TARGET_LATEST, .timeline = TARGET_TIMELINE_NUMBER, .timeline_number = 1},
         1},
    };

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    promote(fixture, "1\t0/A00010\tpromoted\n", true);
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct error err = {0};

        print_message("%s\n", cases[index].name);
        assert_ok(make(fixture, &cases[index].target, NULL, &err));
        assert_int_equal(fixture->plan.timeline, cases[index].timeline);
    }
}

static void
a_timeline_that_the_backup_does_not_lead_to_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {
        .kind = TARGET_LATEST, .timeline = TARGET_TIMELINE_NUMBER, .timeline_number = 2};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    promote(fixture, "1\t0/700000\tpromoted\n", true);

    /* Timeline 2 was left before the second backup. */
    assert_status(make(fixture, &target, "2026-01-01T00-08-00-0000", &err), STATUS_REFUSED);
    assert_message("does not lie on the path");
    target.timeline_number = 9;
    assert_status(make(fixture, &target, NULL, &err), STATUS_REFUSED);
    assert_message("no backup lies on the path");
}

static void
where_the_new_timelines_first_segment_is_missing_recovery_stops_at_the_fork(void **state)
{
    struct fixture *fixture = *state;
    struct target target = {.kind = TARGET_LATEST};
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    promote(fixture, "1\t0/A00010\tpromoted\n", false);

    assert_ok(make(fixture, &target, NULL, &err));

    assert_int_equal(fixture->plan.timeline, 2);
    assert_int_equal(fixture->plan.target.kind, TARGET_LSN);
    assert_int_equal(fixture->plan.target.lsn, 0xA00010);
    assert_true(fixture->plan.target.exclusive);
}

static void
without_a_backup_the_way_out_is_named(void **state)
{
    (void) state;
    struct cluster_build cluster;
    struct plan plan = {0};
    struct plan_options options = {.target = {.kind = TARGET_LATEST}};
    struct error err = {0};

    cluster_build_open(&cluster, false);

    assert_status(plan_make(cluster.repo, &options, &plan, &err), STATUS_REFUSED);
    assert_message("the repository holds no backup");
    assert_non_null(strstr(err.hint, "redoubt backup"));
    cluster_build_close(&cluster);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_backup_before_the_target_is_chosen),
        TEST(the_plan_counts_the_wal_that_recovery_reads),
        TEST(a_restore_point_becomes_the_lsn_of_the_newest_of_its_name),
        TEST(a_target_behind_a_gap_is_refused_and_the_gap_is_named),
        TEST(a_target_before_the_gap_is_fine),
        TEST(a_target_before_wal_that_does_not_open_is_fine),
        TEST(damage_in_the_wal_that_the_backup_needs_is_refused),
        TEST(a_gap_inside_the_backup_is_refused),
        TEST(a_time_needs_a_later_transaction),
        TEST(an_lsn_needs_a_record_at_or_after_it),
        TEST(a_target_before_every_backup_is_refused_and_the_oldest_moment_is_named),
        TEST(a_damaged_backup_is_used_only_when_named),
        TEST(a_named_backup_must_end_before_the_target),
        TEST(a_subtransaction_is_refused_with_its_parent_named),
        TEST(the_timeline_is_the_newest_unless_the_target_is_on_another),
        TEST(a_timeline_that_the_backup_does_not_lead_to_is_refused),
        TEST(where_the_new_timelines_first_segment_is_missing_recovery_stops_at_the_fork),
        cmocka_unit_test(without_a_backup_the_way_out_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
