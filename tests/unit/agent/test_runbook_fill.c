// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/runbook_fill.h"

#define TEXT_LIMIT 10000

static struct runbook_values values;

static void
assert_filled(const char *page, const char *wanted)
{
    SCOPED(buffer_release) struct buffer filled = BUFFER_INIT(TEXT_LIMIT);
    const char *text;
    struct error err;

    assert_ok(runbook_fill(page, &values, &filled, &err));
    assert_ok(buffer_text(&filled, &text, &err));
    assert_string_equal(text, wanted);
}

static int
clear(void **state)
{
    (void) state;
    runbook_values_release(&values);
    return 0;
}

/* Known from now on, in this test. */
static void
know(const char *key, const char *value)
{
    struct error err;

    assert_ok(runbook_values_set(&values, key, value, &err));
}

static void
what_is_known_is_filled_in_and_the_rest_stays(void **state)
{
    (void) state;

    know("cluster", "shop");
    assert_filled("Of {{cluster}}, {{table}}.\n", "Of shop, {{table}}.\n");
    assert_true(runbook_fill_needs("Of {{cluster}}", "cluster"));
    assert_false(runbook_fill_needs("Of {{cluster}}", "table"));
}

static void
values_are_quoted_as_their_place_in_the_shell_needs(void **state)
{
    (void) state;
    static const struct
    {
        const char *page;
        const char *wanted;
    } places[] = {
        {"{{table}}\n", "a'b \"c\" $d\n"},
        {"```sh\nls {{table}}.x\n```\n", "```sh\nls 'a'\\''b \"c\" $d'.x\n```\n"},
        {"```sh\nls '{{table}}'\n```\n", "```sh\nls 'a'\\''b \"c\" $d'\n```\n"},
        {"```sh\nls \"{{table}}\"\n```\n", "```sh\nls \"a'b \\\"c\\\" \\$d\"\n```\n"},
        {"```sh\nls \"it's\" \\\" {{table}}\n```\n",
         "```sh\nls \"it's\" \\\" 'a'\\''b \"c\" $d'\n```\n"},
        {"```sh\nls # it's {{table}}\nls {{table}}\n```\n",
         "```sh\nls # it's a'b \"c\" $d\nls 'a'\\''b \"c\" $d'\n```\n"},
        {"```sh\ncat <<'SQL'\n{{table}}'\nSQL\nls {{table}}\n```\n",
         "```sh\ncat <<'SQL'\na'b \"c\" $d'\nSQL\nls 'a'\\''b \"c\" $d'\n```\n"},
        {"```sh\nls\n```\nIt's {{table}}\n", "```sh\nls\n```\nIt's a'b \"c\" $d\n"},
        {"```text\nls {{table}}\n```\n", "```text\nls a'b \"c\" $d\n```\n"},
    };

    know("table", "a'b \"c\" $d");
    for (size_t index = 0; index < sizeof(places) / sizeof(places[0]); index++)
        assert_filled(places[index].page, places[index].wanted);
}

static void
ordinary_values_stay_readable_in_the_shell(void **state)
{
    (void) state;

    know("data_directory", "/var/lib/postgresql/15/main");
    assert_filled("```sh\nls {{data_directory}}\n```\n",
                  "```sh\nls /var/lib/postgresql/15/main\n```\n");
}

static void
a_value_is_not_looked_into_for_keys(void **state)
{
    (void) state;

    know("table", "{{cluster}}");
    know("cluster", "shop");
    assert_filled("{{table}}\n", "{{cluster}}\n");
}

static void
a_page_with_a_key_that_does_not_exist_is_refused(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer filled = BUFFER_INIT(TEXT_LIMIT);
    struct error err;

    assert_status(runbook_fill("{{tabel}}\n", &values, &filled, &err), STATUS_CORRUPT);
    assert_message("no key \"tabel\"");
    assert_status(runbook_fill("{{table\n", &values, &filled, &err), STATUS_CORRUPT);
    assert_message("without \"}}\"");
}

static void
the_last_value_of_a_key_counts(void **state)
{
    (void) state;
    struct error err;

    know("table", "one");
    assert_ok(runbook_values_parse(&values, "table=a=b", &err));
    assert_string_equal(runbook_values_get(&values, "table"), "a=b");
    assert_null(runbook_values_get(&values, "cluster"));
}

static void
what_is_no_value_is_refused(void **state)
{
    (void) state;
    struct error err;

    assert_status(runbook_values_parse(&values, "tabel=x", &err), STATUS_CONFIG);
    assert_string_equal(err.hint, "Did you mean \"table\"?");
    assert_status(runbook_values_parse(&values, "table", &err), STATUS_CONFIG);
    assert_message("\"table\" is not KEY=VALUE");
    assert_status(runbook_values_parse(&values, "=x", &err), STATUS_CONFIG);
    assert_status(runbook_values_parse(&values, "table=", &err), STATUS_CONFIG);
    assert_status(runbook_values_parse(&values, "table=a\nb", &err), STATUS_CONFIG);
    assert_message("not one line of text");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_known_is_filled_in_and_the_rest_stays, clear),
        cmocka_unit_test_setup(values_are_quoted_as_their_place_in_the_shell_needs, clear),
        cmocka_unit_test_setup(ordinary_values_stay_readable_in_the_shell, clear),
        cmocka_unit_test_setup(a_value_is_not_looked_into_for_keys, clear),
        cmocka_unit_test_setup(a_page_with_a_key_that_does_not_exist_is_refused, clear),
        cmocka_unit_test_setup(the_last_value_of_a_key_counts, clear),
        cmocka_unit_test_setup_teardown(what_is_no_value_is_refused, clear, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
