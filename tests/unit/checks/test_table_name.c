// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "checks/table_name.h"

#define LONG_NAME "abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_123456789" /* 63 bytes */

static const struct name
{
    const char *text;
    const char *schema;
    const char *table;
} names[] = {
    {"orders", "public", "orders"},
    {"Sales.Orders", "sales", "orders"},
    {"\"Sales\".\"My Table\"", "Sales", "My Table"},
    {"sales.\"a.b\"", "sales", "a.b"},
    {"\"a\"\"b\"", "public", "a\"b"},
    {"\"\"\"\"", "public", "\""},
    {"\"x'; drop table y; --\"", "public", "x'; drop table y; --"},
    {"_a1$", "public", "_a1$"},
    {"größe.Ärger", "größe", "Ärger"}, /* not ASCII: not folded */
    {LONG_NAME, "public", LONG_NAME},
    {"\"public\".public", "public", "public"},
};

static void
names_are_read_as_sql_reads_them(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
    {
        struct table_name name;
        struct error err = {0};

        assert_ok(table_name_parse(names[index].text, &name, &err));
        assert_string_equal(name.schema, names[index].schema);
        assert_string_equal(name.table, names[index].table);
    }
}

static void
what_is_no_name_is_refused_with_a_hint(void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",     ".",          "a.",   ".a",  "a.b.c",  "a b",    "a;b",     "a--",         "1a",
        "$a",   "\"",         "\"\"", "\"a", "a\"b\"", "\"a\"b", "\"a\".",  "a.\"\"",      "a'b",
        "a. b", "public.(x)", "a\n",  "a,b", "*",      "a\\",    "\"a\"\"", LONG_NAME "0",
    };

    for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++)
    {
        struct table_name name;
        struct error err = {0};

        assert_status(table_name_parse(wrong[index], &name, &err), STATUS_CONFIG);
        assert_message(wrong[index]);
        assert_non_null(strstr(err.hint, "63 bytes"));
    }
}

static void
a_column_is_one_name(void **state)
{
    (void) state;
    char column[TABLE_NAME_SIZE];
    struct error err = {0};

    assert_ok(table_name_parse_column("Placed_At", column, &err));
    assert_string_equal(column, "placed_at");
    assert_ok(table_name_parse_column("\"At.\"\"Once\"\"\"", column, &err));
    assert_string_equal(column, "At.\"Once\"");
    assert_status(table_name_parse_column("orders.placed_at", column, &err), STATUS_CONFIG);
    assert_status(table_name_parse_column("", column, &err), STATUS_CONFIG);
}

static void
a_name_goes_into_sql_in_quotes(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(1000);
    const struct table_name name = {.schema = "a\"b", .table = "x\"; drop"};
    const char *text;
    struct error err = {0};

    assert_ok(table_name_append(&name, &sql, &err));
    assert_ok(buffer_text(&sql, &text, &err));
    assert_string_equal(text, "\"a\"\"b\".\"x\"\"; drop\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_as_sql_reads_them),
        cmocka_unit_test(what_is_no_name_is_refused_with_a_hint),
        cmocka_unit_test(a_column_is_one_name),
        cmocka_unit_test(a_name_goes_into_sql_in_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
