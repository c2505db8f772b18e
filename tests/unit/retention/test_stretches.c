// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/stretches.h"

#include <stdio.h>

#define MIB (UINT32_C(1) << 20)

static void
assert_stretches(struct wal_run *runs, size_t run_count, const struct pg_history *path,
                 const char *want)
{
    SCOPED(stretches_release) struct stretches stretches = {0};
    const struct wal_runs archived = {runs, run_count};
    struct error err = {0};
    char text[128] = "";
    size_t used = 0;

    assert_ok(stretches_find(&archived, MIB, path, &stretches, &err));
    for (size_t index = 0; index < stretches.count; index++)
        used += (size_t) snprintf(text + used, sizeof(text) - used, "[%llu %llu]",
                                  (unsigned long long) stretches.items[index].first,
                                  (unsigned long long) stretches.items[index].last);
    assert_string_equal(text, want);
}

static void
a_timeline_without_ancestors_has_its_own_runs(void **state)
{
    (void) state;
    struct wal_run runs[] = {{1, 3, 5}, {1, 7, 7}, {2, 6, 6}};
    const struct pg_history root = pg_history_root(1);

    assert_stretches(runs, 3, &root, "[3 5][7 7]");
    assert_stretches(NULL, 0, &root, "");
}

static void
a_path_is_read_across_timelines(void **state)
{
    (void) state;
    struct wal_run runs[] = {{1, 1, 20}, {2, 10, 12}, {3, 13, 30}};
    struct pg_history_entry forks[] = {{1, 10 * MIB + 5}, {2, 13 * MIB}};
    const struct pg_history path = {3, forks, 2};

    assert_stretches(runs, 3, &path, "[1 30]");
}

static void
the_segment_of_a_fork_is_the_newer_timelines(void **state)
{
    (void) state;
    struct wal_run runs[] = {{1, 1, 20}, {2, 11, 12}};
    struct pg_history_entry forks[] = {{1, 10 * MIB + 5}};
    const struct pg_history path = {2, forks, 1};

    assert_stretches(runs, 2, &path, "[1 9][11 12]");
}

static void
a_timeline_that_was_left_in_the_segment_it_began_in_adds_nothing(void **state)
{
    (void) state;
    struct wal_run runs[] = {{1, 1, 20}, {2, 10, 12}, {3, 10, 30}};
    struct pg_history_entry forks[] = {{1, 10 * MIB + 5}, {2, 10 * MIB + 9}};
    const struct pg_history path = {3, forks, 2};

    assert_stretches(runs, 3, &path, "[1 30]");
    assert_stretches(runs, 2, &path, "[1 9]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeline_without_ancestors_has_its_own_runs),
        cmocka_unit_test(a_path_is_read_across_timelines),
        cmocka_unit_test(the_segment_of_a_fork_is_the_newer_timelines),
        cmocka_unit_test(a_timeline_that_was_left_in_the_segment_it_began_in_adds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
