// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "verify/wal_gaps.h"

#include <stdlib.h>

#define SEGMENT (1024 * 1024)

/* A chain as it would be after loading: nothing is read. */
struct chain_build
{
    struct wal_chain chain;
    struct pg_history histories[4];
    struct pg_history_entry ancestors[4][4];
};

static void
run_of(struct chain_build *build, pg_timeline timeline, uint64_t first, uint64_t last)
{
    struct error err = {0};

    build->chain.segment_size = SEGMENT;
    assert_ok(wal_runs_add(&build->chain.archived, (struct wal_run){timeline, first, last}, &err));
}

/* The next timeline's history: the parent's, and where it was left. */
static void
history_of(struct chain_build *build, pg_timeline timeline, pg_timeline parent, pg_lsn left)
{
    size_t index = build->chain.history_count++;
    struct pg_history *history = &build->histories[index];

    history->timeline = timeline;
    history->ancestors = build->ancestors[index];
    for (size_t other = 0; other < index; other++)
        if (build->histories[other].timeline == parent)
        {
            history->ancestor_count = build->histories[other].ancestor_count;
            memcpy(history->ancestors, build->histories[other].ancestors,
                   history->ancestor_count * sizeof(*history->ancestors));
        }
    history->ancestors[history->ancestor_count++] = (struct pg_history_entry){parent, left};
    build->chain.histories = build->histories;
}

static void
expect(struct chain_build *build, const struct wal_gap *wanted, size_t count)
{
    SCOPED(wal_gaps_release) struct wal_gaps gaps = {0};
    struct error err = {0};

    assert_ok(wal_gaps_find(&build->chain, &gaps, &err));
    assert_int_equal(gaps.count, count);
    for (size_t index = 0; index < count; index++)
    {
        assert_int_equal(gaps.items[index].timeline, wanted[index].timeline);
        assert_int_equal(gaps.items[index].first, wanted[index].first);
        assert_int_equal(gaps.items[index].last, wanted[index].last);
        assert_int_equal(gaps.items[index].place, wanted[index].place);
        assert_int_equal(gaps.items[index].other, wanted[index].other);
    }
    wal_runs_release(&build->chain.archived);
}

static void
an_unbroken_run_has_no_gap(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 900);
    expect(&build, NULL, 0);
}

static void
every_hole_in_a_timeline_is_one(void **state)
{
    static const struct wal_gap wanted[] = {{1, 6, 6, WAL_GAP_INSIDE, 0},
                                            {1, 9, 19, WAL_GAP_INSIDE, 0}};
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 5);
    run_of(&build, 1, 7, 8);
    run_of(&build, 1, 20, 21);
    expect(&build, wanted, 2);
}

static void
a_fork_in_time_is_no_gap(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 9);
    run_of(&build, 2, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, NULL, 0);
}

static void
an_old_primary_that_went_on_is_no_gap(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 40);
    run_of(&build, 2, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, NULL, 0);
}

static void
what_the_old_primary_did_not_archive_is_missing_before_the_fork(void **state)
{
    static const struct wal_gap wanted[] = {{1, 8, 9, WAL_GAP_BEFORE_FORK, 2}};
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 7);
    run_of(&build, 2, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, wanted, 1);
}

static void
what_the_new_primary_did_not_archive_is_missing_at_its_beginning(void **state)
{
    static const struct wal_gap wanted[] = {{2, 10, 11, WAL_GAP_BEGINNING, 1}};
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 9);
    run_of(&build, 2, 12, 15);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, wanted, 1);
}

static void
a_fork_at_a_segments_edge_belongs_to_the_new_timeline(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 9);
    run_of(&build, 2, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT);
    expect(&build, NULL, 0);
}

static void
a_gap_before_two_forks_is_told_once(void **state)
{
    static const struct wal_gap wanted[] = {{1, 8, 9, WAL_GAP_BEFORE_FORK, 2}};
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 7);
    run_of(&build, 2, 10, 12);
    run_of(&build, 3, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    history_of(&build, 3, 1, UINT64_C(10) * SEGMENT + 6000);
    expect(&build, wanted, 1);
}

static void
a_timeline_without_wal_misses_none(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 1, 3, 7);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, NULL, 0);
}

static void
an_archive_that_began_on_a_later_timeline_misses_nothing_before(void **state)
{
    struct chain_build build = {0};

    (void) state;
    run_of(&build, 2, 10, 12);
    history_of(&build, 2, 1, UINT64_C(10) * SEGMENT + 5000);
    expect(&build, NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unbroken_run_has_no_gap),
        cmocka_unit_test(every_hole_in_a_timeline_is_one),
        cmocka_unit_test(a_fork_in_time_is_no_gap),
        cmocka_unit_test(an_old_primary_that_went_on_is_no_gap),
        cmocka_unit_test(what_the_old_primary_did_not_archive_is_missing_before_the_fork),
        cmocka_unit_test(what_the_new_primary_did_not_archive_is_missing_at_its_beginning),
        cmocka_unit_test(a_fork_at_a_segments_edge_belongs_to_the_new_timeline),
        cmocka_unit_test(a_gap_before_two_forks_is_told_once),
        cmocka_unit_test(a_timeline_without_wal_misses_none),
        cmocka_unit_test(an_archive_that_began_on_a_later_timeline_misses_nothing_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
