// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/json.h"

#define LIMIT 4096

static json_t *
parsed(const char *text)
{
    struct error err = {0};
    json_t *value = NULL;

    assert_ok(json_parse(bytes_of(text), LIMIT, &value, &err));
    return value;
}

static void
members_are_read_by_their_type(void **state)
{
    (void) state;
    SCOPED(json_freep)
    json_t *object = parsed("{\"text\": \"\", \"i64\": -5, \"u64\": 5, \"big\": "
                            "\"18446744073709551615\", \"bool\": true, \"hex\": \"00fF\", "
                            "\"object\": {}, \"array\": []}");
    struct error err = {0};
    const char *text;
    int64_t i64;
    uint64_t u64;
    uint32_t u32;
    bool truth;
    uint8_t bytes[2];
    const json_t *value;

    assert_ok(member_text(object, "text", &text, &err));
    assert_string_equal(text, "");
    assert_ok(member_i64(object, "i64", &i64, &err));
    assert_int_equal(i64, -5);
    assert_ok(member_u64(object, "u64", &u64, &err));
    assert_int_equal(u64, 5);
    assert_ok(member_u64(object, "big", &u64, &err));
    assert_true(u64 == UINT64_MAX);
    assert_ok(member_u32(object, "u64", &u32, &err));
    assert_int_equal(u32, 5);
    assert_ok(member_bool(object, "bool", &truth, &err));
    assert_true(truth);
    assert_ok(member_hex(object, "hex", bytes, 2, &err));
    assert_memory_equal(bytes, "\x00\xff", 2);
    assert_ok(member_object(object, "object", &value, &err));
    assert_ok(member_array(object, "array", &value, &err));
}

enum getter
{
    TEXT,
    I64,
    U64,
    U32,
    BOOL,
    HEX,
    OBJECT,
    ARRAY,
};

static enum status
get(enum getter getter, const json_t *object, struct error *err)
{
    const char *text;
    int64_t i64;
    uint64_t u64;
    uint32_t u32;
    bool truth;
    uint8_t bytes[2];
    const json_t *value;

    switch (getter)
    {
    case TEXT:
        return member_text(object, "m", &text, err);
    case I64:
        return member_i64(object, "m", &i64, err);
    case U64:
        return member_u64(object, "m", &u64, err);
    case U32:
        return member_u32(object, "m", &u32, err);
    case BOOL:
        return member_bool(object, "m", &truth, err);
    case HEX:
        return member_hex(object, "m", bytes, 2, err);
    case OBJECT:
        return member_object(object, "m", &value, err);
    case ARRAY:
        return member_array(object, "m", &value, err);
    }
    return OK;
}

static void
a_wrong_member_is_corrupt_and_named(void **state)
{
    (void) state;
    static const struct
    {
        enum getter getter;
        const char *text;
        const char *want;
    } cases[] = {
        {TEXT, "{}", "member \"m\" is missing"},
        {TEXT, "[]", "expected an object with member \"m\", found an array"},
        {TEXT, "{\"m\": 1}", "member \"m\": expected a string, found an integer"},
        {TEXT, "{\"m\": null}", "member \"m\": expected a string, found null"},
        {I64, "{\"m\": \"1\"}", "member \"m\": expected an integer, found a string"},
        {I64, "{\"m\": 1.5}", "member \"m\": expected an integer, found a number"},
        {U64, "{\"m\": -1}", "member \"m\": negative: -1"},
        {U64, "{\"m\": \"\"}", "member \"m\": not a 64-bit number: \"\""},
        {U64, "{\"m\": \"-1\"}", "member \"m\": not a 64-bit number: \"-1\""},
        {U64, "{\"m\": \"+1\"}", "member \"m\": not a 64-bit number: \"+1\""},
        {U64, "{\"m\": \"01\"}", "member \"m\": not a 64-bit number: \"01\""},
        {U64, "{\"m\": \"1 \"}", "member \"m\": not a 64-bit number: \"1 \""},
        {U64, "{\"m\": \"18446744073709551616\"}", "member \"m\": not a 64-bit number"},
        {U32, "{\"m\": 4294967296}", "member \"m\": larger than 32 bits allow: 4294967296"},
        {BOOL, "{\"m\": 1}", "member \"m\": expected true or false, found an integer"},
        {HEX, "{\"m\": \"00f\"}", "member \"m\": expected 4 hexadecimal digits, found \"00f\""},
        {HEX, "{\"m\": \"00fg\"}", "member \"m\": expected 4 hexadecimal digits, found \"00fg\""},
        {OBJECT, "{\"m\": []}", "member \"m\": expected an object, found an array"},
        {ARRAY, "{\"m\": {}}", "member \"m\": expected an array, found an object"},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(json_freep) json_t *object = parsed(cases[index].text);

        assert_status(get(cases[index].getter, object, &err), STATUS_CORRUPT);
        assert_message(cases[index].want);
    }
}

static void
an_optional_member_may_be_missing_or_null_but_not_wrong(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *object = parsed("{\"null\": null, \"wrong\": []}");
    SCOPED(json_freep) json_t *array = parsed("[]");
    struct error err = {0};
    uint64_t number = 7;
    const char *text = "default";

    assert_ok(member_u64_optional(object, "missing", &number, &err));
    assert_ok(member_u64_optional(object, "null", &number, &err));
    assert_int_equal(number, 7);
    assert_ok(member_text_optional(object, "null", &text, &err));
    assert_string_equal(text, "default");
    assert_status(member_u64_optional(object, "wrong", &number, &err), STATUS_CORRUPT);
    assert_status(member_text_optional(object, "wrong", &text, &err), STATUS_CORRUPT);
    assert_status(member_text_optional(array, "missing", &text, &err), STATUS_CORRUPT);
    assert_false(member_exists(object, "null"));
    assert_true(member_exists(object, "wrong"));
}

static void
text_that_is_not_one_json_document_is_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *want;
    } cases[] = {
        {"", "could not parse JSON: text is empty"},
        {"{", "could not parse JSON: line 1 column"},
        {"1", "could not parse JSON: line 1 column"},
        {"{} {}", "end of file expected near '{'"},
        {"{\"a\": 1, \"a\": 2}", "duplicate object key near '\"a\"'"},
        {"{\"a\": 9223372036854775808}", "too big integer"},
        {"{\"a\": \"\\u0000\"}", "\\u0000 is not allowed"},
        {"{\"a\": \"\xff\"}", "unable to decode byte 0xff"},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        json_t *value = NULL;

        assert_status(json_parse(bytes_of(cases[index].text), LIMIT, &value, &err), STATUS_CORRUPT);
        assert_message(cases[index].want);
        assert_null(value);
    }
}

static void
text_larger_than_the_limit_is_corrupt(void **state)
{
    (void) state;
    struct error err = {0};
    json_t *value = NULL;

    assert_status(json_parse(BYTES("{\"a\":1}"), 6, &value, &err), STATUS_CORRUPT);
    assert_message("JSON text of 7 bytes is larger than 6");
}

static void
numbers_that_doubles_cannot_hold_are_written_as_strings(void **state)
{
    (void) state;
    static const struct
    {
        uint64_t number;
        const char *want;
    } cases[] = {
        {0, "0"},
        {(UINT64_C(1) << 53) - 1, "9007199254740991"},
        {UINT64_C(1) << 53, "\"9007199254740992\""},
        {UINT64_MAX, "\"18446744073709551615\""},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(json_freep) json_t *value = json_u64(cases[index].number);
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
        const char *written;

        assert_ok(json_append(value, &text, &err));
        assert_ok(buffer_text(&text, &written, &err));
        assert_string_equal(written, cases[index].want);
    }
}

static void
a_value_that_does_not_fit_the_buffer_is_an_error(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *object = parsed("{\"name\": \"some text\"}");
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(8);
    struct error err = {0};

    assert_status(json_append(object, &text, &err), STATUS_NO_MEMORY);
    assert_message("buffer of 8 bytes is full");
}

static void
durations_are_seconds_to_the_millisecond(void **state)
{
    (void) state;
    static const struct
    {
        int64_t duration_ms;
        const char *want;
    } cases[] = {
        {0, "0.0"}, {1, "0.001"}, {4512, "4.512"}, {86400000, "86400.0"}, {-1, "null"},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(json_freep) json_t *value = json_seconds(cases[index].duration_ms);
        SCOPED(json_freep) json_t *object = json_pack("{s:O}", "took", value);
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
        const char *written;
        int64_t read_ms = 7;

        assert_ok(json_append(value, &text, &err));
        assert_ok(buffer_text(&text, &written, &err));
        assert_string_equal(written, cases[index].want);
        assert_ok(member_seconds(object, "took", &read_ms, &err));
        assert_int_equal(read_ms, cases[index].duration_ms);
    }
}

static void
what_is_no_duration_is_corrupt(void **state)
{
    (void) state;
    SCOPED(json_freep)
    json_t *object = parsed("{\"below\": -0.5, \"above\": 1e13, \"text\": \"4.5\"}");
    struct error err = {0};
    int64_t read_ms;

    assert_status(member_seconds(object, "below", &read_ms, &err), STATUS_CORRUPT);
    assert_status(member_seconds(object, "above", &read_ms, &err), STATUS_CORRUPT);
    assert_status(member_seconds(object, "text", &read_ms, &err), STATUS_CORRUPT);
    assert_status(member_seconds(object, "missing", &read_ms, &err), STATUS_CORRUPT);
}

static void
a_text_that_does_not_fit_is_corrupt(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *object = parsed("{\"name\": \"four\"}");
    struct error err = {0};
    char text[5];

    assert_ok(member_text_into(object, "name", text, 5, &err));
    assert_string_equal(text, "four");
    assert_status(member_text_into(object, "name", text, 4, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_by_their_type),
        cmocka_unit_test(a_wrong_member_is_corrupt_and_named),
        cmocka_unit_test(an_optional_member_may_be_missing_or_null_but_not_wrong),
        cmocka_unit_test(text_that_is_not_one_json_document_is_corrupt),
        cmocka_unit_test(text_larger_than_the_limit_is_corrupt),
        cmocka_unit_test(numbers_that_doubles_cannot_hold_are_written_as_strings),
        cmocka_unit_test(durations_are_seconds_to_the_millisecond),
        cmocka_unit_test(what_is_no_duration_is_corrupt),
        cmocka_unit_test(a_text_that_does_not_fit_is_corrupt),
        cmocka_unit_test(a_value_that_does_not_fit_the_buffer_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
