// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "dump/selection.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
assert_arguments(const struct dump_selection *selection, const char *const *wanted)
{
    SCOPED(dump_texts_release) struct dump_texts arguments = {0};
    struct error err = {0};
    size_t count = 0;

    assert_ok(dump_selection_arguments(selection, &arguments, &err));
    for (; wanted[count] != NULL; count++)
    {
        assert_true(count < arguments.count);
        assert_string_equal(arguments.items[count], wanted[count]);
    }
    assert_int_equal(arguments.count, count);
}

static void
names_are_quoted_for_pg_dump_and_wildcards_are_not(void **state)
{
    const struct dump_selection selection = {
        .tables = NAMES("Orders", "sales.\"Orders\"", "audit_*.log?", "\"a*b\".\"c\"\"d.e\"",
                        "x*y?z.[0-9]$"),
        .exclude_tables = NAMES("*.\"схема\""),
        .exclude_table_data = NAMES("s.t"),
    };

    (void) state;
    assert_arguments(&selection,
                     NAMES("--table=\"public\".\"orders\"", "--table=\"sales\".\"Orders\"",
                           "--table=\"audit_\"*.\"log\"?", "--table=\"a*b\".\"c\"\"d.e\"",
                           "--table=\"x\"*\"y\"?\"z\".\"[0-9]$\"", "--exclude-table=*.\"схема\"",
                           "--exclude-table-data=\"s\".\"t\"", "--strict-names"));
}

static void
what_is_included_must_be_there_and_what_is_excluded_need_not(void **state)
{
    (void) state;
    assert_arguments(&(struct dump_selection){.exclude_schemas = NAMES("Tmp")},
                     NAMES("--exclude-schema=\"tmp\""));
    assert_arguments(&(struct dump_selection){.schemas = NAMES("a", "b")},
                     NAMES("--schema=\"a\"", "--schema=\"b\"", "--strict-names"));
    assert_arguments(&(struct dump_selection){0}, (const char *const[]){NULL});
}

static void
assert_condition(const struct dump_selection *selection, const char *wanted)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(65536);
    struct error err = {0};
    const char *text;

    assert_ok(dump_selection_condition(selection, &sql, &err));
    assert_ok(buffer_text(&sql, &text, &err));
    assert_string_equal(text, wanted);
}

static void
the_server_gets_the_same_as_a_condition(void **state)
{
    (void) state;
    assert_condition(&(struct dump_selection){0}, "NOT (false) AND NOT (false)");
    assert_condition(
        &(struct dump_selection){.schemas = NAMES("a_*"), .exclude_tables = NAMES("\"O'x\".t?")},
        "NOT (false) AND NOT (false OR n.nspname LIKE 'O''x' AND c.relname LIKE 't_')"
        " AND (false OR n.nspname LIKE 'a\\_%')");
    assert_condition(&(struct dump_selection){.tables = NAMES("\"50%\\*\".t")},
                     "NOT (false) AND NOT (false) AND (false OR n.nspname LIKE '50\\%\\\\*'"
                     " AND c.relname LIKE 't')");
}

static void
what_is_no_name_is_refused(void **state)
{
    static const struct
    {
        const char *text;
        const char *says;
    } wrong[] = {
        {"", "a part is empty"},         {".", "a part is empty"},
        {"a.", "a part is empty"},       {".a", "a part is empty"},
        {"\"\"", "a part is empty"},     {"\"a", "a quote is missing"},
        {"a.\"b", "a quote is missing"}, {"a.b.c", "more than two parts"},
    };
    char longest[200];
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++)
    {
        assert_status(dump_selection_check_table(wrong[index].text, &err), STATUS_CONFIG);
        assert_message(wrong[index].says);
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_status(dump_selection_check_table(longest, &err), STATUS_CONFIG);
    assert_message("too long");
    assert_ok(dump_selection_check_table("\"a.b\".\"\"\"\"", &err));
    assert_ok(dump_selection_check_schema("\"a.b\"", &err));
    assert_status(dump_selection_check_schema("a.b", &err), STATUS_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_quoted_for_pg_dump_and_wildcards_are_not),
        cmocka_unit_test(what_is_included_must_be_there_and_what_is_excluded_need_not),
        cmocka_unit_test(the_server_gets_the_same_as_a_condition),
        cmocka_unit_test(what_is_no_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
