// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "checks/check.h"

static const struct text
{
    const char *given;
    const char *kept;
} texts[] = {
    {"", ""},
    {"plain", "plain"},
    {"größe 漢 😀", "größe 漢 😀"},
    {"a\x1b[2Jb\nc\td\x7f", "a [2Jb c d "},
    {"\xc2\x9b"
     "31m",
     " 31m"},                     /* the one-byte CSI of ISO 8859 */
    {"\xff", "?"},                /* never in UTF-8 */
    {"a\xc3", "a?"},              /* cut short */
    {"\xc0\xaf", "??"},           /* too long a form of / */
    {"\xe0\x80\xaf", "???"},      /* another */
    {"\xed\xa0\x80", "???"},      /* a surrogate */
    {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
    {"\xf5\x80\x80\x80", "????"},
    {"\x80", "?"},
};

static void
a_text_is_utf8_and_harmless_whatever_came(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        struct check_result result = {0};
        json_t *json;

        check_result_found(&result, "%s", texts[index].given);
        json = json_string(result.found);
        assert_string_equal(result.found, texts[index].kept);
        assert_non_null(json);
        json_decref(json);
    }
}

static void
a_long_text_ends_in_dots_between_characters(void **state)
{
    (void) state;
    struct check_result result = {0};
    size_t length;

    for (size_t filler = 0; filler < 4; filler++)
    {
        char given[1000] = "";

        memset(given, 'x', filler);
        while (strlen(given) < 900)
            strcat(given, "漢");
        check_result_found(&result, "%s", given);
        length = strlen(result.found);
        assert_between(length, sizeof(result.found) - 5, sizeof(result.found) - 1);
        assert_string_equal(result.found + length - 3, "...");
        assert_int_equal((length - 3 - filler) % 3, 0);
    }
}

static void
results_are_told_in_json(void **state)
{
    (void) state;
    struct check_result items[] = {
        {.kind = CHECK_ROWS,
         .name = "rows of t",
         .expected = "1 or more",
         .found = "0",
         .state = CHECK_FAILED},
        {.name = "query", .state = CHECK_BROKEN, .duration_ms = 1500},
    };
    const struct check_results results = {.items = items, .count = 2};
    SCOPED(json_freep) json_t *json = check_results_to_json(&results);
    json_t *first = json_array_get(json, 0);
    json_t *second = json_array_get(json, 1);

    assert_int_equal(json_array_size(json), 2);
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "rows");
    assert_string_equal(json_string_value(json_object_get(first, "name")), "rows of t");
    assert_string_equal(json_string_value(json_object_get(first, "expected")), "1 or more");
    assert_string_equal(json_string_value(json_object_get(first, "found")), "0");
    assert_string_equal(json_string_value(json_object_get(first, "state")), "failed");
    assert_string_equal(json_string_value(json_object_get(second, "state")), "broken");
    assert_true(json_real_value(json_object_get(second, "seconds")) == 1.5);
}

static void
a_result_comes_back_from_json(void **state)
{
    (void) state;
    const struct check_result result = {.kind = CHECK_FOREIGN_KEY,
                                        .name = "foreign key k of public.t",
                                        .expected = "every row",
                                        .found = "2 rows",
                                        .state = CHECK_FAILED,
                                        .duration_ms = 4512};
    SCOPED(json_freep) json_t *json = check_result_to_json(&result);
    struct check_result read;
    struct error err = {0};

    assert_ok(check_result_from_json(json, &read, &err));
    assert_int_equal(read.kind, result.kind);
    assert_string_equal(read.name, result.name);
    assert_string_equal(read.expected, result.expected);
    assert_string_equal(read.found, result.found);
    assert_int_equal(read.state, result.state);
    assert_int_equal(read.duration_ms, result.duration_ms);

    json_object_set_new(json, "kind", json_string("guess"));
    assert_status(check_result_from_json(json, &read, &err), STATUS_CORRUPT);
    json_object_set_new(json, "kind", json_string("query"));
    json_object_set_new(json, "state", json_string("fine"));
    assert_status(check_result_from_json(json, &read, &err), STATUS_CORRUPT);
}

static void
what_was_never_judged_is_broken(void **state)
{
    (void) state;
    const struct check_result result = {0};

    assert_string_equal(check_state_name(result.state), "broken");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_utf8_and_harmless_whatever_came),
        cmocka_unit_test(a_long_text_ends_in_dots_between_characters),
        cmocka_unit_test(results_are_told_in_json),
        cmocka_unit_test(a_result_comes_back_from_json),
        cmocka_unit_test(what_was_never_judged_is_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
