// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/line.h"

static void
lines_end_at_line_feeds_or_the_end(void **state)
{
    (void) state;
    struct bytes content = BYTES("one\n\nthree");
    struct bytes line;

    assert_true(line_next(&content, &line));
    assert_true(bytes_equal(line, BYTES("one")));
    assert_true(line_next(&content, &line));
    assert_int_equal(line.size, 0);
    assert_true(line_next(&content, &line));
    assert_true(bytes_equal(line, BYTES("three")));
    assert_false(line_next(&content, &line));
}

static void
numbers_stop_at_their_limit(void **state)
{
    (void) state;
    struct bytes largest = BYTES("18446744073709551615x");
    struct bytes beyond = BYTES("18446744073709551616");
    struct bytes large = BYTES("4294967296");
    struct bytes none = BYTES("x");
    uint64_t number;
    uint32_t small;

    assert_true(line_take_u64(&largest, &number));
    assert_int_equal(number, UINT64_MAX);
    assert_true(bytes_equal(largest, BYTES("x")));
    assert_false(line_take_u64(&beyond, &number));
    assert_false(line_take_u32(&large, &small));
    assert_false(line_take_u64(&none, &number));
}

static void
the_rest_must_fit_and_be_text(void **state)
{
    (void) state;
    struct bytes fits = BYTES("abc");
    struct bytes longer = BYTES("abcd");
    struct bytes zero = BYTES("a\0b");
    char text[4];

    assert_true(line_take_rest(&fits, text, sizeof(text)));
    assert_string_equal(text, "abc");
    assert_false(line_take_rest(&longer, text, sizeof(text)));
    assert_false(line_take_rest(&zero, text, sizeof(text)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_at_line_feeds_or_the_end),
        cmocka_unit_test(numbers_stop_at_their_limit),
        cmocka_unit_test(the_rest_must_fit_and_be_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
