// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/self_test.h"

/* As it is when each damage was found where it should be. */
static struct self_test
all_right(void)
{
    struct self_test test = {0};

    for (enum self_test_damage damage = 0; damage < DAMAGE_COUNT; damage++)
        test.results[damage] =
            (struct self_test_result){.done = true, .caught = self_test_expected(damage)};
    return test;
}

static void
every_damage_belongs_to_one_layer_of_its_own(void **state)
{
    (void) state;
    struct self_test test = all_right();
    uint32_t seen = 0;

    assert_true(self_test_all_right(&test));
    assert_int_equal(self_test_expected(DAMAGE_NONE), 0);
    for (enum self_test_damage damage = DAMAGE_NONE + 1; damage < DAMAGE_COUNT; damage++)
    {
        uint32_t expected = self_test_expected(damage);

        assert_true(expected != 0 && (expected & (expected - 1)) == 0);
        assert_int_equal(seen & expected, 0);
        seen |= expected;
    }
}

static void
one_layer_too_many_or_too_few_is_wrong(void **state)
{
    (void) state;

    for (enum self_test_damage damage = 0; damage < DAMAGE_COUNT; damage++)
    {
        struct self_test test = all_right();

        test.results[damage].caught |= UINT32_C(1) << LAYER_QUERIES;
        assert_false(self_test_all_right(&test));
        test = all_right();
        test.results[damage].done = false;
        assert_false(self_test_all_right(&test));
        test = all_right();
        test.results[damage].caught = 0;
        assert_true(self_test_is_right(&test, damage) == (damage == DAMAGE_NONE));
    }
}

static void
layers_are_listed_by_their_titles(void **state)
{
    (void) state;
    char text[SELF_TEST_TEXT_SIZE];

    self_test_layers(0, text);
    assert_string_equal(text, "nothing");
    self_test_layers(UINT32_C(1) << LAYER_PLAN | UINT32_C(1) << LAYER_AMCHECK, text);
    assert_string_equal(text, "a backup, and WAL without a gap; tables and indexes agree");
    self_test_layers(UINT32_MAX, text);
    assert_true(strlen(text) < sizeof(text) - 1); /* not cut */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_belongs_to_one_layer_of_its_own),
        cmocka_unit_test(one_layer_too_many_or_too_few_is_wrong),
        cmocka_unit_test(layers_are_listed_by_their_titles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
