// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal_chain.h"
#include "tests/support/cluster_build.h"

#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE

struct fixture
{
    struct cluster_build cluster;
    struct wal_chain chain;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, false);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_chain_release(&fixture->chain);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

/* Archive segments first to last of a timeline, without one. */
static void
archive(struct fixture *fixture, pg_timeline timeline, uint64_t first, uint64_t last, uint64_t omit)
{
    struct wal_build wal;

    wal_build_begin(&wal, (struct pg_wal_segment){timeline, first});
    wal_build_zeros(&wal, (last + 1) * SEGMENT);
    cluster_build_archive(&fixture->cluster, &wal, omit);
    wal_build_release(&wal);
}

static void
load(struct fixture *fixture)
{
    struct error err = {0};

    assert_ok(wal_chain_load(&fixture->chain, fixture->cluster.repo, &fixture->cluster.catalog,
                             CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err));
}

static void
an_unbroken_run_reaches_to_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;

    archive(fixture, 1, 3, 9, 0);
    load(fixture);

    reach =
        wal_chain_reach(&fixture->chain, wal_chain_history(&fixture->chain, 1), 4 * SEGMENT + 40);

    assert_int_equal(reach.first, 4);
    assert_int_equal(reach.end, 10);
    assert_int_equal(reach.lsn, 10 * SEGMENT);
    assert_false(reach.gap);
    assert_false(reach.ends_at_fork);
}

static void
a_gap_is_named_by_its_segments(void **state)
{
    struct fixture *fixture = *state;
    const struct pg_history *path;
    struct wal_reach reach;
    struct error err = {0};

    archive(fixture, 1, 3, 5, 0);
    archive(fixture, 1, 8, 9, 0);
    load(fixture);
    path = wal_chain_history(&fixture->chain, 1);

    reach = wal_chain_reach(&fixture->chain, path, 3 * SEGMENT);

    assert_true(reach.gap);
    assert_int_equal(reach.end, 6);
    assert_int_equal(reach.resumes, 8);
    assert_status(wal_chain_describe_end(&fixture->chain, path, &reach, &err), STATUS_REFUSED);
    assert_string_equal(err.message, "WAL segments 000000010000000000000006 to "
                                     "000000010000000000000007 are missing from the archive");
}

static void
a_single_missing_segment_is_named_alone(void **state)
{
    struct fixture *fixture = *state;
    const struct pg_history *path;
    struct wal_reach reach;
    struct error err = {0};

    archive(fixture, 1, 3, 9, 7);
    load(fixture);
    path = wal_chain_history(&fixture->chain, 1);

    reach = wal_chain_reach(&fixture->chain, path, 3 * SEGMENT);

    assert_status(wal_chain_describe_end(&fixture->chain, path, &reach, &err), STATUS_REFUSED);
    assert_string_equal(err.message,
                        "WAL segment 000000010000000000000007 is missing from the archive");
}

static void
a_path_goes_over_to_the_newer_timeline_where_it_forked(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;
    struct pg_wal_segment segment;

    archive(fixture, 1, 3, 9, 0); /* the old primary lived on */
    archive(fixture, 2, 6, 7, 0);
    cluster_build_history(&fixture->cluster, 2, "1\t0/600100\tpromoted\n");
    load(fixture);

    reach = wal_chain_reach(&fixture->chain, wal_chain_history(&fixture->chain, 2), 3 * SEGMENT);

    assert_int_equal(reach.end, 8);
    assert_false(reach.gap);
    assert_true(
        wal_chain_find(&fixture->chain, wal_chain_history(&fixture->chain, 2), 5, &segment));
    assert_int_equal(segment.timeline, 1);
    assert_true(
        wal_chain_find(&fixture->chain, wal_chain_history(&fixture->chain, 2), 6, &segment));
    assert_int_equal(segment.timeline, 2);
}

static void
without_the_new_timelines_first_segment_the_path_ends_at_the_fork(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;

    archive(fixture, 1, 3, 9, 0);
    cluster_build_history(&fixture->cluster, 2, "1\t0/600100\tpromoted\n");
    load(fixture);

    reach = wal_chain_reach(&fixture->chain, wal_chain_history(&fixture->chain, 2), 3 * SEGMENT);

    assert_int_equal(reach.end, 6);
    assert_int_equal(reach.lsn, 0x600100);
    assert_true(reach.ends_at_fork);
}

static void
the_newest_timeline_is_the_newest_that_descends(void **state)
{
    struct fixture *fixture = *state;
    struct pg_wal_position before = {1, 0x500000};
    struct pg_wal_position after = {1, 0x700000};

    archive(fixture, 1, 3, 9, 0);
    cluster_build_history(&fixture->cluster, 2, "1\t0/600100\tpromoted\n");
    cluster_build_history(&fixture->cluster, 3, "1\t0/400000\tanother\n");
    load(fixture);

    assert_int_equal(wal_chain_newest(&fixture->chain, before)->timeline, 2);
    assert_int_equal(wal_chain_newest(&fixture->chain, after)->timeline, 1);
    assert_null(wal_chain_newest(&fixture->chain, (struct pg_wal_position){9, 0x700000}));
}

static void
wal_kept_with_a_backup_counts_for_that_backup_alone(void **state)
{
    struct fixture *fixture = *state;
    struct backup keeper = {.id = "2026-01-01T00-00-00-0000", .wal_kept = 1};
    struct backup other = {.id = "2026-01-02T00-00-00-0000"};
    struct pg_wal_segment segment = {1, 7};
    struct wal_build wal;
    struct error err = {0};

    wal_build_begin(&wal, segment);
    wal_build_zeros(&wal, 8 * SEGMENT);
    cluster_build_keep(&fixture->cluster, &wal, keeper.id, 7);
    wal_build_release(&wal);
    load(fixture);

    assert_false(wal_chain_has(&fixture->chain, segment));
    assert_ok(wal_chain_keep(&fixture->chain, &keeper, &err));
    assert_true(wal_chain_has(&fixture->chain, segment));
    assert_ok(wal_chain_keep(&fixture->chain, &other, &err));
    assert_false(wal_chain_has(&fixture->chain, segment));
}

/* Keep segment 7, in which the backup ends, and archive others. */
static const struct backup cut = {
    .id = "2026-01-01T00-00-00-0000",
    .start = {1, 7 * SEGMENT + 40},
    .stop = {1, 7 * SEGMENT + 512},
    .wal_kept = 1,
};

static struct wal_reach
reach_of_cut(struct fixture *fixture)
{
    struct wal_build wal;
    struct error err = {0};

    wal_build_begin(&wal, (struct pg_wal_segment){1, 7});
    wal_build_zeros(&wal, 8 * SEGMENT);
    cluster_build_keep(&fixture->cluster, &wal, cut.id, 7);
    wal_build_release(&wal);
    load(fixture);
    assert_ok(wal_chain_keep(&fixture->chain, &cut, &err));
    return wal_chain_reach(&fixture->chain, wal_chain_history(&fixture->chain, 1), cut.start.lsn);
}

static void
a_kept_segment_reaches_only_to_the_backups_end(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach = reach_of_cut(fixture);

    assert_int_equal(reach.lsn, cut.stop.lsn);
    assert_false(reach.gap);
}

static void
a_kept_segment_does_not_hide_that_the_archive_lacks_it(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;

    archive(fixture, 1, 8, 9, 0);

    reach = reach_of_cut(fixture);

    assert_int_equal(reach.lsn, cut.stop.lsn);
    assert_true(reach.gap);
    assert_int_equal(reach.resumes, 8);
}

static void
a_kept_segment_that_was_archived_later_is_whole(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;

    archive(fixture, 1, 7, 9, 0);

    reach = reach_of_cut(fixture);

    assert_int_equal(reach.lsn, 10 * SEGMENT);
    assert_false(reach.gap);
}

static void
the_history_that_a_backup_carries_gives_it_a_path(void **state)
{
    struct fixture *fixture = *state;
    struct backup backup = {
        .id = "2026-01-01T00-00-00-0000",
        .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER,
        .start = {2, 7 * SEGMENT},
        .wal_kept = 1,
    };
    const struct catalog catalog = {.backups = &backup, .backup_count = 1};
    struct error err = {0};

    cluster_build_keep_history(&fixture->cluster, backup.id, 2, "1\t0/600100\tpromoted\n");
    load(fixture);
    assert_null(wal_chain_history(&fixture->chain, 2));
    wal_chain_release(&fixture->chain);

    assert_ok(wal_chain_load(&fixture->chain, fixture->cluster.repo, &catalog,
                             CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err));

    assert_non_null(wal_chain_history(&fixture->chain, 2));
    assert_int_equal(wal_chain_history(&fixture->chain, 2)->ancestor_count, 1);
}

static void
condemn(struct fixture *fixture, uint64_t first, uint64_t last)
{
    struct wal_run run = {1, first, last};
    struct wal_part part = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, {.items = &run, .count = 1}};
    struct condemnation condemnation = {.wal = {.parts = &part, .count = 1}};
    const struct catalog_entry entry = {.condemnation = &condemnation};
    struct error err = {0};

    assert_ok(catalog_append(fixture->cluster.repo, &fixture->cluster.catalog, &entry,
                             (struct catalog_check){0}, &err));
}

static void
what_is_condemned_counts_as_missing(void **state)
{
    struct fixture *fixture = *state;
    struct wal_reach reach;

    archive(fixture, 1, 3, 9, 0);
    condemn(fixture, 5, 6);
    load(fixture);

    reach = wal_chain_reach(&fixture->chain, wal_chain_history(&fixture->chain, 1), 3 * SEGMENT);

    assert_int_equal(reach.end, 5);
    assert_true(reach.gap);
    assert_int_equal(reach.resumes, 7);
    assert_false(wal_chain_has(&fixture->chain, (struct pg_wal_segment){1, 6}));
}

static void
a_history_file_that_is_damaged_stops_the_loading(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    cluster_build_history(&fixture->cluster, 2, "nonsense\n");

    assert_status(wal_chain_load(&fixture->chain, fixture->cluster.repo, &fixture->cluster.catalog,
                                 CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err),
                  STATUS_CORRUPT);
    assert_message("history file of timeline 2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_unbroken_run_reaches_to_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_is_named_by_its_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(a_single_missing_segment_is_named_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_path_goes_over_to_the_newer_timeline_where_it_forked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            without_the_new_timelines_first_segment_the_path_ends_at_the_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_timeline_is_the_newest_that_descends, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wal_kept_with_a_backup_counts_for_that_backup_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_kept_segment_reaches_only_to_the_backups_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_kept_segment_does_not_hide_that_the_archive_lacks_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_kept_segment_that_was_archived_later_is_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_history_that_a_backup_carries_gives_it_a_path, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_condemned_counts_as_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_history_file_that_is_damaged_stops_the_loading, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
