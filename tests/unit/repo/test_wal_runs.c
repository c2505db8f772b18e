// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal_runs.h"

#include <stdio.h>

static void
add(struct wal_runs *runs, pg_timeline timeline, uint64_t first, uint64_t last)
{
    struct error err = {0};

    assert_ok(wal_runs_add(runs, (struct wal_run){timeline, first, last}, &err));
}

/* "1:3-5 2:7-7 " */
static void
assert_runs(const struct wal_runs *runs, const char *want)
{
    char got[512] = "";
    size_t used = 0;

    for (size_t index = 0; index < runs->count; index++)
        used += (size_t) snprintf(got + used, sizeof(got) - used, "%u:%llu-%llu ",
                                  runs->items[index].timeline,
                                  (unsigned long long) runs->items[index].first,
                                  (unsigned long long) runs->items[index].last);
    assert_string_equal(got, want);
}

static void
what_touches_becomes_one_run_in_whatever_order_it_comes(void **state)
{
    SCOPED(wal_runs_release) struct wal_runs runs = {0};

    (void) state;
    add(&runs, 2, 7, 7);
    add(&runs, 1, 10, 12);
    add(&runs, 1, 3, 5);
    add(&runs, 1, 6, 6);
    assert_runs(&runs, "1:3-6 1:10-12 2:7-7 ");
    add(&runs, 1, 7, 9);
    assert_runs(&runs, "1:3-12 2:7-7 ");
    add(&runs, 2, 0, 20);
    assert_runs(&runs, "1:3-12 2:0-20 ");
}

static void
the_first_and_the_last_number_are_numbers_like_others(void **state)
{
    SCOPED(wal_runs_release) struct wal_runs runs = {0};

    (void) state;
    add(&runs, 1, UINT64_MAX, UINT64_MAX);
    add(&runs, 1, 0, 0);
    assert_int_equal(runs.count, 2);
    add(&runs, 1, 1, UINT64_MAX - 1);
    assert_int_equal(runs.count, 1);
    assert_true(runs.items[0].first == 0 && runs.items[0].last == UINT64_MAX);
}

static void
subtraction_leaves_what_is_not_in_the_others(void **state)
{
    SCOPED(wal_runs_release) struct wal_runs runs = {0};
    SCOPED(wal_runs_release) struct wal_runs others = {0};
    struct error err = {0};

    (void) state;
    add(&runs, 1, 1, 20);
    add(&runs, 2, 1, 5);
    add(&others, 1, 0, 3);
    add(&others, 1, 8, 9);
    add(&others, 1, 20, 30);
    add(&others, 3, 1, 5);
    assert_ok(wal_runs_subtract(&runs, &others, &err));
    assert_runs(&runs, "1:4-7 1:10-19 2:1-5 ");
}

static void
membership_is_by_timeline_and_number(void **state)
{
    SCOPED(wal_runs_release) struct wal_runs runs = {0};

    (void) state;
    add(&runs, 1, 3, 5);
    add(&runs, 1, 9, 9);
    assert_true(wal_runs_have(&runs, (struct pg_wal_segment){1, 3}));
    assert_true(wal_runs_have(&runs, (struct pg_wal_segment){1, 9}));
    assert_false(wal_runs_have(&runs, (struct pg_wal_segment){1, 6}));
    assert_false(wal_runs_have(&runs, (struct pg_wal_segment){2, 3}));
    assert_true(wal_runs_touch(&runs, (struct wal_run){1, 0, 3}));
    assert_true(wal_runs_touch(&runs, (struct wal_run){1, 6, 9}));
    assert_false(wal_runs_touch(&runs, (struct wal_run){1, 6, 8}));
    assert_false(wal_runs_touch(&runs, (struct wal_run){2, 0, 100}));
    assert_int_equal(wal_runs_segments(&runs), 4);
}

#define NUMBERS 64

static bool
same_as_bits(const struct wal_runs *runs, const bool bits[NUMBERS])
{
    for (uint64_t number = 0; number < NUMBERS; number++)
        if (wal_runs_have(runs, (struct pg_wal_segment){1, number}) != bits[number])
            return false;
    for (size_t index = 1; index < runs->count; index++)
        if (runs->items[index - 1].last + 1 >= runs->items[index].first)
            return false;
    return true;
}

/* A small generator, so that a failure is the same every time. */
static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void
any_sequence_of_changes_equals_that_of_single_segments(void **state)
{
    SCOPED(wal_runs_release) struct wal_runs runs = {0};
    bool bits[NUMBERS] = {0};
    uint64_t seed = 7;
    struct error err = {0};

    (void) state;
    for (int step = 0; step < 20000; step++)
    {
        struct wal_run run = {1, next_random(&seed) % NUMBERS, 0};
        bool remove = next_random(&seed) % 2 == 0;
        const struct wal_runs one = {&run, 1};

        run.last = run.first + next_random(&seed) % 5;
        if (run.last >= NUMBERS)
            run.last = NUMBERS - 1;
        if (remove)
            assert_ok(wal_runs_subtract(&runs, &one, &err));
        else
            assert_ok(wal_runs_add(&runs, run, &err));
        for (uint64_t number = run.first; number <= run.last; number++)
            bits[number] = !remove;
        assert_true(same_as_bits(&runs, bits));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_touches_becomes_one_run_in_whatever_order_it_comes),
        cmocka_unit_test(the_first_and_the_last_number_are_numbers_like_others),
        cmocka_unit_test(subtraction_leaves_what_is_not_in_the_others),
        cmocka_unit_test(membership_is_by_timeline_and_number),
        cmocka_unit_test(any_sequence_of_changes_equals_that_of_single_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
