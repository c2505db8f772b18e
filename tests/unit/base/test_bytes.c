// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include <stdlib.h>

static void
a_buffer_grows_to_its_limit_and_no_further(void **state)
{
    (void) state;
    for (size_t limit = 0; limit < 1500; limit += 1 + limit / 3)
    {
        SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(limit);
        struct error err = {0};
        const char *text;

        for (size_t index = 0; index < limit; index++)
            assert_ok(buffer_append(&buffer, BYTES("x"), &err));
        assert_status(buffer_append(&buffer, BYTES("x"), &err), STATUS_NO_MEMORY);
        assert_status(buffer_reserve(&buffer, SIZE_MAX, &err), STATUS_NO_MEMORY);
        assert_int_equal(buffer.size, limit);
        assert_ok(buffer_text(&buffer, &text, &err));
        assert_int_equal(strlen(text), limit);
        assert_int_equal(buffer.size, limit);
    }
}

static void
text_of_any_length_is_formatted_whole(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(4096);
    struct error err = {0};
    const char *text;

    (void) state;
    assert_ok(buffer_append_text(&buffer, &err, "%d,", 7));
    assert_ok(buffer_append_text(&buffer, &err, "%0511d,", 1));
    assert_ok(buffer_append_text(&buffer, &err, "%0512d,", 2));
    assert_ok(buffer_append_text(&buffer, &err, "%01000d", 3));
    assert_int_equal(buffer.size, 2 + 512 + 513 + 1000);
    assert_ok(buffer_text(&buffer, &text, &err));
    assert_memory_equal(text, "7,000", 5);
    assert_status(buffer_append_text(&buffer, &err, "%05000d", 4), STATUS_NO_MEMORY);
}

static void
consuming_forgets_the_beginning(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(100);
    struct error err = {0};

    (void) state;
    assert_ok(buffer_append(&buffer, BYTES("timeline"), &err));
    buffer_consume(&buffer, 4);
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("line")));
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.size, 0);
    assert_ok(buffer_append(&buffer, BYTES("again"), &err));
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("again")));
}

static void
a_released_buffer_may_be_used_again(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(10);
    struct error err = {0};

    (void) state;
    assert_ok(buffer_append(&buffer, BYTES("x"), &err));
    buffer_release(&buffer);
    assert_int_equal(buffer.limit, 10);
    assert_ok(buffer_append(&buffer, BYTES("0123456789"), &err));
}

static void
bytes_are_equal_by_content(void **state)
{
    (void) state;
    assert_true(bytes_equal(BYTES("abc"), bytes_of("abc")));
    assert_false(bytes_equal(BYTES("abc"), BYTES("abd")));
    assert_false(bytes_equal(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_equal((struct bytes){NULL, 0}, BYTES("")));
}

static void
hexadecimal_goes_both_ways_and_refuses_all_else(void **state)
{
    static const char *const bad[] = {"", "0", "00ff1", "00ff100", "00fg10", "00 f10", "0x00ff"};
    uint8_t out[3];
    char text[7];

    (void) state;
    hex_encode(BYTES("\x00\xff\x10"), text);
    assert_string_equal(text, "00ff10");
    assert_true(hex_decode("00fF10", out, sizeof(out)));
    assert_memory_equal(out, "\x00\xff\x10", 3);
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
        if (hex_decode(bad[index], out, sizeof(out)))
            fail_msg("\"%s\" is accepted", bad[index]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_to_its_limit_and_no_further),
        cmocka_unit_test(text_of_any_length_is_formatted_whole),
        cmocka_unit_test(consuming_forgets_the_beginning),
        cmocka_unit_test(a_released_buffer_may_be_used_again),
        cmocka_unit_test(bytes_are_equal_by_content),
        cmocka_unit_test(hexadecimal_goes_both_ways_and_refuses_all_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
