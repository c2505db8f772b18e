// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "checks/row_bounds.h"

#define NO_MORE UINT64_MAX

static const struct checks_count counted = {"public", "t", 1000, true};
static const struct checks_count estimated = {"public", "t", 1000, false};
static const struct checks_count one = {"public", "t", 1, true};
static const struct checks_count none = {"public", "t", 0, true};
static const struct checks_count endless = {"public", "t", UINT64_MAX - 1, true};

static const struct range
{
    struct checks_table table;
    const struct checks_count *recorded;
    uint64_t minimum;
    uint64_t maximum;
    const char *text;
} ranges[] = {
    {{.has_minimum = true, .minimum = 5}, NULL, 5, NO_MORE, "5 or more"},
    {{.has_maximum = true, .maximum = 0}, NULL, 0, 0, "0 to 0"},
    {{.has_minimum = true, .minimum = 5, .has_maximum = true, .maximum = 9},
     &counted,
     5,
     9,
     "5 to 9"},
    {{.change_percent = 20}, &counted, 800, 1200, "800 to 1200 (20% around 1000, counted)"},
    {{.change_percent = 100}, &counted, 0, 2000, "0 to 2000 (100% around 1000, counted)"},
    {{.change_percent = 500}, &counted, 0, 6000, "0 to 6000 (500% around 1000, counted)"},
    {{.change_percent = 20},
     &estimated,
     550,
     1450,
     "550 to 1450 (20% around 1000, an estimate: 20% and 50 rows more)"},
    {{.change_percent = 20}, &one, 0, 2, "0 to 2 (20% around 1, counted)"},
    {{.change_percent = 20}, &none, 0, 0, "0 to 0 (20% around 0, counted)"},
    {{.change_percent = 20},
     NULL,
     0,
     NO_MORE,
     "0 or more (20% around a recorded count: there is none)"},
    {{.has_minimum = true, .minimum = 900, .change_percent = 20},
     &counted,
     900,
     1200,
     "900 to 1200 (20% around 1000, counted)"},
    {{.has_maximum = true, .maximum = 5000, .change_percent = 20},
     &counted,
     800,
     1200,
     "800 to 1200 (20% around 1000, counted)"},
};

static void
bounds_are_the_narrowest_of_all_that_is_said(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(ranges) / sizeof(ranges[0]); index++)
    {
        char text[ROW_BOUNDS_TEXT_SIZE];
        struct row_bounds bounds =
            row_bounds_of(&ranges[index].table, ranges[index].recorded, text);

        assert_string_equal(text, ranges[index].text);
        assert_int_equal(bounds.minimum, ranges[index].minimum);
        assert_int_equal(bounds.maximum, ranges[index].maximum);
    }
}

static void
numbers_beyond_all_tables_do_not_wrap(void **state)
{
    (void) state;
    const struct checks_table table = {.change_percent = 10000};
    char text[ROW_BOUNDS_TEXT_SIZE];
    struct row_bounds bounds = row_bounds_of(&table, &endless, text);

    assert_int_equal(bounds.minimum, 0);
    assert_true(bounds.maximum == UINT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_the_narrowest_of_all_that_is_said),
        cmocka_unit_test(numbers_beyond_all_tables_do_not_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
