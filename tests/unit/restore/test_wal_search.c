// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal.h"
#include "restore/wal_search.h"
#include "tests/support/cluster_build.h"

#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE

struct fixture
{
    struct cluster_build cluster;
    struct wal_build wal;
    struct wal_chain chain;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, false);
    wal_build_begin(&fixture->wal, (struct pg_wal_segment){1, 3});
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_chain_release(&fixture->chain);
    wal_build_release(&fixture->wal);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static void
archive(struct fixture *fixture, uint64_t omit)
{
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, omit);
    assert_ok(wal_chain_load(&fixture->chain, fixture->cluster.repo, &fixture->cluster.catalog,
                             CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err));
}

static void
look_at_tail(struct fixture *fixture, struct wal_tail *tail)
{
    const struct pg_history *path = wal_chain_history(&fixture->chain, 1);
    struct wal_reach reach = wal_chain_reach(&fixture->chain, path, 3 * SEGMENT);
    struct error err = {0};

    assert_ok(wal_search_tail(&fixture->chain, path, &reach, tail, &err));
}

static void
the_tail_is_the_last_commit_even_some_segments_back(void **state)
{
    struct fixture *fixture = *state;
    struct wal_tail tail;
    pg_lsn commit;

    cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    commit = cluster_build_commit(&fixture->wal, 701, MINUTE(2));
    cluster_build_fill_to(&fixture->wal, 6);
    archive(fixture, 0);

    look_at_tail(fixture, &tail);

    assert_true(tail.has_commit);
    assert_int_equal(tail.last_commit.xid, 701);
    assert_int_equal(tail.last_commit.position.lsn, commit);
    assert_int_equal(tail.last_commit.position.timeline, 1);
    assert_int_equal(tail.last_commit.time, MINUTE(2));
    assert_true(tail.last_record / SEGMENT == 5);
}

static void
the_tail_takes_the_latest_time_where_times_go_back(void **state)
{
    struct fixture *fixture = *state;
    struct wal_tail tail;

    cluster_build_commit(&fixture->wal, 700, MINUTE(5));
    cluster_build_commit(&fixture->wal, 701, MINUTE(4));
    archive(fixture, 0);

    look_at_tail(fixture, &tail);

    assert_int_equal(tail.last_commit.xid, 700);
}

static void
wal_without_commits_has_a_tail_without_one(void **state)
{
    struct fixture *fixture = *state;
    struct wal_tail tail;

    cluster_build_fill_to(&fixture->wal, 5);
    archive(fixture, 0);

    look_at_tail(fixture, &tail);

    assert_true(tail.has_record);
    assert_false(tail.has_commit);
}

static enum status
find_xid(struct fixture *fixture, uint32_t xid, struct wal_found *found, struct error *err)
{
    struct wal_wanted wanted = {.xid = xid, .oldest = 3 * SEGMENT};

    return wal_search_find(&fixture->chain, &wanted, found, err);
}

static void
a_transaction_is_found_where_it_ended(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};
    pg_lsn lsn;

    cluster_build_fill_to(&fixture->wal, 4);
    lsn = cluster_build_commit(&fixture->wal, 777, MINUTE(7));
    cluster_build_fill_to(&fixture->wal, 8);
    archive(fixture, 0);

    assert_ok(find_xid(fixture, 777, &found, &err));

    assert_int_equal(found.position.lsn, lsn);
    assert_int_equal(found.position.timeline, 1);
    assert_int_equal(found.kind, PG_WAL_EVENT_COMMIT);
    assert_int_equal(found.parent_xid, 0);
    assert_status(find_xid(fixture, 778, &found, &err), STATUS_NOT_FOUND);
}

static void
a_commit_that_spans_two_segments_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};
    pg_lsn lsn;

    /* Up to sixteen bytes before the boundary: the record's header is cut in two. */
    cluster_build_fill_to(&fixture->wal, 4);
    while (wal_build_next(&fixture->wal) < 5 * SEGMENT - 2 * 8192)
        cluster_build_restore_point(&fixture->wal, "filler", MINUTE(1));
    while (((wal_build_next(&fixture->wal) + 7) & ~(pg_lsn) 7) < 5 * SEGMENT - 32)
        cluster_build_commit(&fixture->wal, 3, MINUTE(1));
    lsn = cluster_build_commit(&fixture->wal, 777, MINUTE(7));
    assert_true(lsn / SEGMENT == 4 && wal_build_next(&fixture->wal) / SEGMENT == 5);
    cluster_build_fill_to(&fixture->wal, 6);
    archive(fixture, 0);

    assert_ok(find_xid(fixture, 777, &found, &err));

    assert_int_equal(found.position.lsn, lsn);
}

static void
a_subtransaction_names_its_parent(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};

    cluster_build_commit_with_child(&fixture->wal, 800, 801, MINUTE(1));
    archive(fixture, 0);

    assert_ok(find_xid(fixture, 801, &found, &err));

    assert_int_equal(found.parent_xid, 800);
}

static void
of_two_restore_points_of_one_name_the_newest_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct wal_wanted wanted = {.name = "deploy", .oldest = 3 * SEGMENT};
    struct wal_found found;
    struct error err = {0};
    pg_lsn lsn;

    cluster_build_restore_point(&fixture->wal, "deploy", MINUTE(1));
    cluster_build_fill_to(&fixture->wal, 5);
    cluster_build_restore_point(&fixture->wal, "deploy", MINUTE(2));
    lsn = cluster_build_restore_point(&fixture->wal, "deploy", MINUTE(3));
    cluster_build_restore_point(&fixture->wal, "deployed", MINUTE(4));
    cluster_build_fill_to(&fixture->wal, 7);
    archive(fixture, 0);

    assert_ok(wal_search_find(&fixture->chain, &wanted, &found, &err));

    assert_int_equal(found.position.lsn, lsn);
    assert_int_equal(found.time, MINUTE(3));
}

static void
what_lies_before_the_oldest_use_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct wal_wanted wanted = {.xid = 700};
    struct wal_found found;
    struct error err = {0};

    wanted.oldest = cluster_build_commit(&fixture->wal, 700, MINUTE(1)) + 8;
    cluster_build_fill_to(&fixture->wal, 5);
    archive(fixture, 0);

    assert_status(wal_search_find(&fixture->chain, &wanted, &found, &err), STATUS_NOT_FOUND);
}

static void
a_gap_does_not_end_the_search(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};

    cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    cluster_build_fill_to(&fixture->wal, 8);
    archive(fixture, 6);

    assert_ok(find_xid(fixture, 700, &found, &err));
}

static void
a_record_copied_to_a_new_timeline_belongs_to_the_old_one(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};
    struct wal_build child;
    pg_lsn lsn;

    cluster_build_fill_to(&fixture->wal, 4);
    wal_build_begin(&child, (struct pg_wal_segment){1, 4});
    lsn = cluster_build_commit(&child, 700, MINUTE(1));
    cluster_build_fill_to(&child, 5);
    child.timeline = 2;
    cluster_build_archive(&fixture->cluster, &child, 0);
    wal_build_release(&child);
    cluster_build_history(&fixture->cluster, 2, "1\t0/4F0000\tpromoted\n");
    archive(fixture, 0);

    assert_ok(find_xid(fixture, 700, &found, &err));

    assert_int_equal(found.position.lsn, lsn);
    assert_int_equal(found.position.timeline, 1);
}

/* Of this timeline's segment. */
static void
put_garbage(struct fixture *fixture, pg_timeline timeline, uint64_t number)
{
    struct repo *repo = fixture->cluster.repo;
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    const struct wal_file file = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, name};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    pg_wal_segment_name((struct pg_wal_segment){timeline, number}, SEGMENT, name);
    assert_ok(wal_key(repo, &file, key, &err));
    assert_ok(store_put(repo->store, key, BYTES("garbage"), &err));
}

static void
a_transaction_before_damage_is_found_and_a_restore_point_is_doubted(void **state)
{
    struct fixture *fixture = *state;
    const struct wal_wanted point = {.name = "point"};
    struct wal_found found;
    struct error err = {0};
    pg_lsn lsn;

    cluster_build_fill_to(&fixture->wal, 4);
    lsn = cluster_build_commit(&fixture->wal, 777, MINUTE(7));
    cluster_build_restore_point(&fixture->wal, "point", MINUTE(8));
    cluster_build_fill_to(&fixture->wal, 9);
    put_garbage(fixture, 1, 7);
    archive(fixture, 7);

    assert_ok(find_xid(fixture, 777, &found, &err));
    assert_int_equal(found.position.lsn, lsn);
    assert_status(find_xid(fixture, 778, &found, &err), STATUS_CORRUPT);
    assert_message("000000010000000000000007");
    assert_status(wal_search_find(&fixture->chain, &point, &found, &err), STATUS_CORRUPT);
}

/* The number may have been given again there, and that transaction would be the newer one. */
static void
damage_on_another_branch_leaves_a_transaction_in_doubt(void **state)
{
    struct fixture *fixture = *state;
    struct wal_found found;
    struct error err = {0};
    struct wal_build child;

    cluster_build_fill_to(&fixture->wal, 5);
    cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    cluster_build_fill_to(&fixture->wal, 6);
    wal_build_begin(&child, (struct pg_wal_segment){1, 4});
    cluster_build_fill_to(&child, 6);
    child.timeline = 2;
    cluster_build_archive(&fixture->cluster, &child, 5);
    wal_build_release(&child);
    cluster_build_history(&fixture->cluster, 2, "1\t0/4F0000\tpromoted\n");
    put_garbage(fixture, 2, 5);
    archive(fixture, 0);

    assert_status(find_xid(fixture, 700, &found, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_tail_is_the_last_commit_even_some_segments_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_tail_takes_the_latest_time_where_times_go_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wal_without_commits_has_a_tail_without_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_transaction_is_found_where_it_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_spans_two_segments_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_subtransaction_names_its_parent, setup, teardown),
        cmocka_unit_test_setup_teardown(of_two_restore_points_of_one_name_the_newest_is_found,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_lies_before_the_oldest_use_is_not_found, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_gap_does_not_end_the_search, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_transaction_before_damage_is_found_and_a_restore_point_is_doubted, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_on_another_branch_leaves_a_transaction_in_doubt,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_copied_to_a_new_timeline_belongs_to_the_old_one,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
