// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

static void
without_the_section_there_are_none(void **state)
{
    (void) state;
    static const char *const texts[] = {CONFIG_TEXT_MINIMAL, CONFIG_TEXT_MINIMAL "checks:\n",
                                        CONFIG_TEXT_MINIMAL "checks: []\n"};

    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(config_freep) struct config *config = config_text_parse(texts[index]);

        assert_int_equal(config->checks.count, 0);
        assert_null(config_checks_for(config, "shop"));
    }
}

static void
what_is_not_set_has_the_defaults(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL "checks: {}\n");
    const struct checks_config *checks = config_checks_for(config, "any");

    assert_non_null(checks);
    assert_null(checks->database);
    assert_int_equal(checks->table_count, 0);
    assert_int_equal(checks->query_count, 0);
    assert_null(checks->command);
    assert_false(checks->tables_present);
    assert_false(checks->foreign_keys);
    assert_true(checks->collations);
    assert_int_equal(checks->sample_above_rows, 10000000);
    assert_int_equal(checks->limit_ms, 30 * 60 * 1000);
}

static void
every_key_reaches_its_member(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(
        CONFIG_TEXT_MINIMAL "checks:\n"
                            "  database: shop\n"
                            "  tables:\n"
                            "    - public.users\n"
                            "    - name: public.orders\n"
                            "      rows: {min: 1000, max: 5000000000, change: 20%}\n"
                            "      fresh: {column: placed_at, within: 1d}\n"
                            "  tables_present: true\n"
                            "  foreign_keys: all\n"
                            "  sample_above: 5000\n"
                            "  collations: false\n"
                            "  queries:\n"
                            "    - {name: no negative totals, sql: select true}\n"
                            "  command: [/usr/bin/test, -e, a b]\n"
                            "  limit: 90s\n");
    const struct checks_config *checks = config_checks_for(config, "shop");
    const struct checks_table *orders = &checks->tables[1];

    assert_string_equal(checks->database, "shop");
    assert_int_equal(checks->table_count, 2);
    assert_string_equal(checks->tables[0].name, "public.users");
    assert_false(checks->tables[0].has_minimum || checks->tables[0].has_maximum);
    assert_string_equal(orders->name, "public.orders");
    assert_true(orders->has_minimum && orders->has_maximum);
    assert_int_equal(orders->minimum, 1000);
    assert_int_equal(orders->maximum, UINT64_C(5000000000));
    assert_int_equal(orders->change_percent, 20);
    assert_string_equal(orders->fresh_column, "placed_at");
    assert_int_equal(orders->fresh_within_ms, 86400000);
    assert_true(checks->tables_present);
    assert_true(checks->foreign_keys);
    assert_int_equal(checks->sample_above_rows, 5000);
    assert_false(checks->collations);
    assert_int_equal(checks->query_count, 1);
    assert_string_equal(checks->queries[0].name, "no negative totals");
    assert_string_equal(checks->queries[0].sql, "select true");
    assert_string_equal(checks->command[2], "a b");
    assert_null(checks->command[3]);
    assert_int_equal(checks->limit_ms, 90000);
}

static void
a_database_has_its_own_checks_before_those_of_any(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(
        CONFIG_TEXT_MINIMAL "checks:\n"
                            "  - {database: shop, limit: 1s}\n"
                            "  - {limit: 2s}\n"
                            "  - {database: log, command: /bin/true, limit: 3s}\n");

    assert_int_equal(config_checks_for(config, "shop")->limit_ms, 1000);
    assert_int_equal(config_checks_for(config, "Shop")->limit_ms, 2000);
    assert_int_equal(config_checks_for(config, "log")->limit_ms, 3000);
    assert_string_equal(config_checks_for(config, "log")->command[0], "/bin/true");
    assert_null(config_checks_for(config, "log")->command[1]);
}

static void
a_database_that_no_section_names_has_none(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL "checks: {database: shop}\n");

    assert_null(config_checks_for(config, "other"));
}

static const struct refusal
{
    const char *section;
    const char *message;
    const char *hint; /* its beginning */
} refusals[] = {
    {"all", "f:4:9: section \"checks\" must be a mapping or a list, found text", ""},
    {"[all]", "f:4:10: section \"checks\" must be a mapping, found text", ""},
    {"{foreign_key: all}", "f:4:10: unknown key \"foreign_key\" in section \"checks\"",
     "Did you mean \"foreign_keys\"?"},
    {"{foreign_keys: al}", "f:4:24: \"foreign_keys\" must be one of all, none, found \"al\"",
     "Did you mean \"all\"?"},
    {"{collations: yes}", "f:4:22: \"collations\" must be true or false, found \"yes\"", ""},
    {"{limit: 10ms}", "f:4:17: \"limit\" must be between 100ms and 7d, found \"10ms\"", ""},
    {"{sample_above: -1}", "f:4:24: \"sample_above\" must be a whole number, found \"-1\"", ""},
    {"{tables: orders}", "f:4:18: \"tables\" must be a list, found text", ""},
    {"{tables: [a.b.c]}", "f:4:19: \"a.b.c\" is not a name", "Write it as in SQL"},
    {"{tables: [{name: 'x y'}]}", "f:4:26: \"x y\" is not a name", "Write it as in SQL"},
    {"{tables: [{rows: {min: 1}}]}",
     "f:4:19: \"name\" is missing from a table of section \"checks\"", ""},
    {"{tables: [[a]]}", "f:4:19: a table of section \"checks\" must be a mapping, found a list",
     ""},
    {"{tables: [{name: a, row: 1}]}",
     "f:4:29: unknown key \"row\" in a table of section \"checks\"", "Did you mean \"rows\"?"},
    {"{tables: [{name: a, rows: {min: -1}}]}",
     "f:4:41: \"min\" must be a whole number, found \"-1\"", ""},
    {"{tables: [{name: a, rows: {max: 4kB}}]}",
     "f:4:41: \"max\" must be a whole number, found \"4kB\"", ""},
    {"{tables: [{name: a, rows: {max: [1]}}]}",
     "f:4:41: \"max\" must be a whole number, found a list", ""},
    {"{tables: [{name: a, rows: {min: 2, max: 1}}]}", "f:4:35: \"min\" is larger than \"max\"", ""},
    {"{tables: [{name: a, rows: {change: 20}}]}",
     "f:4:44: \"change\" must be a percentage of 1% to 10000%", "Write how far"},
    {"{tables: [{name: a, rows: {change: 0%}}]}", "f:4:44: \"change\" must be", "Write how far"},
    {"{tables: [{name: a, rows: {change: 99999999999999999999%}}]}", "f:4:44: \"change\" must be",
     "Write how far"},
    {"{tables: [{name: a, rows: {change: ''}}]}", "f:4:44: \"change\" must be", "Write how far"},
    {"{tables: [{name: a, fresh: {column: b}}]}", "f:4:36: \"within\" is missing from", ""},
    {"{tables: [{name: a, fresh: {column: a.b, within: 1d}}]}", "f:4:45: \"a.b\" is not a name",
     "Write it as in SQL"},
    {"{tables: [{name: a, fresh: {column: b, within: 1}}]}",
     "f:4:56: \"within\" must be a duration, found \"1\"", "Write a number"},
    {"{queries: [select true]}",
     "f:4:20: a query of section \"checks\" must be a mapping, found text", ""},
    {"{queries: [{name: a}]}", "f:4:20: \"sql\" is missing from a query of section \"checks\"", ""},
    {"{command: test}",
     "f:4:19: \"command\" must begin with a program's absolute path, found "
     "\"test\"",
     "Write the program"},
    {"{command: []}", "f:4:19: \"command\" must be a list of a program and its arguments", ""},
    {"{command: [/bin/true, [a]]}",
     "f:4:31: an argument of \"command\" must be a text, found a list", ""},
    {"[{}, {}]", "f:4:14: there are checks without \"database\" already", ""},
    {"[{database: a}, {database: a}]", "f:4:36: there are checks for database \"a\" already", ""},
};

static void
what_is_wrong_is_refused_with_its_place(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1000);
        struct error err = {0};

        assert_ok(buffer_append_text(&text, &err, CONFIG_TEXT_MINIMAL "checks: %s\n",
                                     refusals[index].section));
        assert_status(config_parse(buffer_bytes(&text), "f", &config, &err), STATUS_CONFIG);
        assert_message(refusals[index].message);
        assert_ptr_equal(strstr(err.hint, refusals[index].hint), err.hint);
        assert_null(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_there_are_none),
        cmocka_unit_test(what_is_not_set_has_the_defaults),
        cmocka_unit_test(every_key_reaches_its_member),
        cmocka_unit_test(a_database_has_its_own_checks_before_those_of_any),
        cmocka_unit_test(a_database_that_no_section_names_has_none),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
