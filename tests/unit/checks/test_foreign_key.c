// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "checks/foreign_key.h"

#define NO_OBJECT                                                                                  \
    {                                                                                              \
        "", ""                                                                                     \
    }
#define EQUAL                                                                                      \
    {                                                                                              \
        "pg_catalog", "="                                                                          \
    }

static const struct foreign_key_column one_column[] = {
    {"a_id", "id", EQUAL, NO_OBJECT, NO_OBJECT, NO_OBJECT},
};

static const struct foreign_key_column two_columns[] = {
    {"x", "p", EQUAL, {"pg_catalog", "text"}, {"my", "typ\"e"}, {"public", "German"}},
    {"y\"; --", "q", {"ops", "=~="}, NO_OBJECT, NO_OBJECT, NO_OBJECT},
};

static const struct foreign_key plain = {
    .name = "b_a_id_fkey",
    .table = {"public", "b", false},
    .key_table = {"one", "A", false},
    .columns = one_column,
    .column_count = 1,
};

static const char *
query_of(const struct foreign_key *key, uint32_t sample, struct buffer *sql)
{
    const char *text;
    struct error err = {0};

    assert_ok(foreign_key_append_query(key, sample, sql, &err));
    assert_ok(buffer_text(sql, &text, &err));
    return text;
}

static void
a_plain_key_is_an_anti_join_over_only_its_tables(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(4096);

    assert_string_equal(
        query_of(&plain, FOREIGN_KEY_WHOLE, &sql),
        "SELECT pg_catalog.count(*), pg_catalog.min(pg_catalog.left(pg_catalog.format('%L',"
        " fk.\"a_id\"), 200) COLLATE pg_catalog.\"C\")"
        " FROM ONLY \"public\".\"b\" AS fk WHERE (fk.\"a_id\" IS NOT NULL)"
        " AND NOT EXISTS (SELECT FROM ONLY \"one\".\"A\" AS pk"
        " WHERE pk.\"id\" OPERATOR(\"pg_catalog\".=) fk.\"a_id\")");
}

static void
several_columns_have_their_own_operators_casts_and_collations(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(4096);
    struct foreign_key key = plain;
    const char *text;

    key.columns = two_columns;
    key.column_count = 2;
    text = query_of(&key, FOREIGN_KEY_WHOLE, &sql);

    assert_non_null(strstr(text, "format('%L, %L', fk.\"x\", fk.\"y\"\"; --\")"));
    assert_non_null(strstr(text, "(fk.\"x\" IS NOT NULL AND fk.\"y\"\"; --\" IS NOT NULL)"));
    assert_non_null(strstr(text, "pk.\"p\"::\"pg_catalog\".\"text\" OPERATOR(\"pg_catalog\".=)"
                                 " fk.\"x\"::\"my\".\"typ\"\"e\" COLLATE \"public\".\"German\""
                                 " AND pk.\"q\" OPERATOR(\"ops\".=~=) fk.\"y\"\"; --\")"));
}

static void
match_full_looks_at_rows_with_part_of_a_key(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(4096);
    struct foreign_key key = plain;

    key.columns = two_columns;
    key.column_count = 2;
    key.match_full = true;

    assert_non_null(strstr(query_of(&key, FOREIGN_KEY_WHOLE, &sql),
                           "(fk.\"x\" IS NOT NULL OR fk.\"y\"\"; --\" IS NOT NULL)"));
}

static void
partitioned_tables_are_taken_with_their_partitions(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(4096);
    struct foreign_key key = plain;
    const char *text;

    key.table.partitioned = true;
    key.key_table.partitioned = true;
    text = query_of(&key, FOREIGN_KEY_WHOLE, &sql);

    assert_null(strstr(text, "ONLY"));
    assert_non_null(strstr(text, "FROM \"public\".\"b\" AS fk"));
}

static void
a_sample_is_of_the_referring_side(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(4096);

    assert_non_null(
        strstr(query_of(&plain, 12345, &sql), "\"b\" AS fk TABLESAMPLE SYSTEM (1.2345) WHERE"));
    assert_null(strstr(strstr((char *) sql.data, "NOT EXISTS"), "TABLESAMPLE"));
}

static void
the_sample_holds_about_as_many_rows_as_wanted(void **state)
{
    (void) state;

    assert_int_equal(foreign_key_sample(1000, 0), FOREIGN_KEY_WHOLE);
    assert_int_equal(foreign_key_sample(UINT64_MAX, 0), FOREIGN_KEY_WHOLE);
    assert_int_equal(foreign_key_sample(1000, 1000), FOREIGN_KEY_WHOLE);
    assert_int_equal(foreign_key_sample(0, 1000), FOREIGN_KEY_WHOLE);
    assert_int_equal(foreign_key_sample(2000, 1000), FOREIGN_KEY_WHOLE / 2);
    assert_int_equal(foreign_key_sample(UINT64_C(40000000000), UINT32_MAX), 107374);
    assert_int_equal(foreign_key_sample(UINT64_MAX, 1), 1); /* never nothing at all */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_key_is_an_anti_join_over_only_its_tables),
        cmocka_unit_test(several_columns_have_their_own_operators_casts_and_collations),
        cmocka_unit_test(match_full_looks_at_rows_with_part_of_a_key),
        cmocka_unit_test(partitioned_tables_are_taken_with_their_partitions),
        cmocka_unit_test(a_sample_is_of_the_referring_side),
        cmocka_unit_test(the_sample_holds_about_as_many_rows_as_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
