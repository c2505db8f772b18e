// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "dump/usual_size.h"

#include <stdio.h>

static struct dump
dump_of(const char *database, enum dump_format format, uint64_t raw_bytes)
{
    struct dump dump = {.format = format, .raw_bytes = raw_bytes};

    snprintf(dump.database, sizeof(dump.database), "%s", database);
    return dump;
}

static void
less_than_half_or_more_than_five_times_is_unusual(void **state)
{
    struct dump dumps[] = {dump_of("shop", DUMP_CUSTOM, 101), dump_of("shop", DUMP_CUSTOM, 200),
                           dump_of("shop", DUMP_CUSTOM, 150)};
    struct catalog catalog = {.dumps = dumps, .dump_count = 3};
    struct usual_size usual = usual_size_of(&catalog, &dumps[0]);

    (void) state;
    assert_int_equal(usual.count, 3);
    assert_int_equal(usual.smallest, 101);
    assert_int_equal(usual.largest, 200);
    assert_true(usual_size_is_small(&usual, 0));
    assert_true(usual_size_is_small(&usual, 50));
    assert_false(usual_size_is_small(&usual, 51));
    assert_false(usual_size_is_large(&usual, 0));
    assert_false(usual_size_is_large(&usual, 1000));
    assert_true(usual_size_is_large(&usual, 1001));
    assert_true(usual_size_is_large(&usual, UINT64_MAX));
    assert_false(usual_size_is_small(&usual, UINT64_MAX));
}

static void
without_earlier_ones_any_size_is_usual(void **state)
{
    const struct catalog catalog = {0};
    struct dump dump = dump_of("shop", DUMP_CUSTOM, 1);
    struct usual_size usual = usual_size_of(&catalog, &dump);

    (void) state;
    assert_int_equal(usual.count, 0);
    assert_false(usual_size_is_small(&usual, 0));
    assert_false(usual_size_is_large(&usual, UINT64_MAX));
}

static void
a_young_database_may_grow_but_not_shrink(void **state)
{
    struct dump dumps[] = {dump_of("shop", DUMP_CUSTOM, 100), dump_of("shop", DUMP_CUSTOM, 100)};
    struct catalog catalog = {.dumps = dumps, .dump_count = 2};
    struct usual_size usual = usual_size_of(&catalog, &dumps[0]);

    (void) state;
    assert_false(usual_size_is_large(&usual, UINT64_MAX));
    assert_true(usual_size_is_small(&usual, 49));
}

static void
only_good_ones_of_the_same_database_and_format_count(void **state)
{
    struct dump dumps[] = {
        dump_of("shop", DUMP_CUSTOM, 100),
        dump_of("shop", DUMP_PLAIN, 1),
        dump_of("shops", DUMP_CUSTOM, 2),
        dump_of("shop", DUMP_CUSTOM, 3),
    };
    struct catalog catalog = {.dumps = dumps, .dump_count = 4};
    struct usual_size usual;

    (void) state;
    dumps[3].suspicious = true;
    usual = usual_size_of(&catalog, &dumps[0]);
    assert_int_equal(usual.count, 1);
    assert_int_equal(usual.smallest, 100);
    assert_int_equal(usual.largest, 100);
}

static void
only_the_last_seven_count(void **state)
{
    struct dump dumps[USUAL_SIZE_COUNT + 1];
    struct catalog catalog = {.dumps = dumps, .dump_count = USUAL_SIZE_COUNT + 1};
    struct usual_size usual;

    (void) state;
    for (uint64_t index = 0; index <= USUAL_SIZE_COUNT; index++)
        dumps[index] = dump_of("shop", DUMP_CUSTOM, 10 + index);
    usual = usual_size_of(&catalog, &dumps[0]);
    assert_int_equal(usual.count, USUAL_SIZE_COUNT);
    assert_int_equal(usual.smallest, 11);
    assert_int_equal(usual.largest, 17);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(less_than_half_or_more_than_five_times_is_unusual),
        cmocka_unit_test(without_earlier_ones_any_size_is_usual),
        cmocka_unit_test(a_young_database_may_grow_but_not_shrink),
        cmocka_unit_test(only_good_ones_of_the_same_database_and_format_count),
        cmocka_unit_test(only_the_last_seven_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
