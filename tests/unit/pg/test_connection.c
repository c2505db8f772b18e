// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/connection.h"

static void
a_literal_doubles_quotes_and_nothing_else(void **state)
{
    (void) state;
    static const struct
    {
        const char *value;
        const char *want;
    } rows[] = {
        {"", "''"}, {"plain", "'plain'"}, {"it's", "'it''s'"}, {"''", "''''''"}, {"\\", "'\\'"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer literal = BUFFER_INIT(64);
        struct error err;
        const char *text;

        assert_ok(pg_quote_literal(rows[row].value, &literal, &err));
        assert_ok(buffer_text(&literal, &text, &err));
        assert_string_equal(text, rows[row].want);
    }
}

static void
a_server_that_is_not_there_is_transient(void **state)
{
    (void) state;
    struct pg_connection *connection = NULL;
    struct error err = {0};

    assert_status(pg_connection_open(&connection, "host=/nonexistent connect_timeout=2",
                                     PG_CONNECTION_SQL, &err),
                  STATUS_TRANSIENT);
    assert_message("/nonexistent");
    assert_null(connection);
}

static void
a_connection_string_that_is_none_is_a_mistake_of_configuration(void **state)
{
    (void) state;
    struct pg_connection *connection = NULL;
    struct error err = {0};

    assert_status(pg_connection_open(&connection, "hots=/nonexistent", PG_CONNECTION_SQL, &err),
                  STATUS_CONFIG);
    assert_message("hots");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_doubles_quotes_and_nothing_else),
        cmocka_unit_test(a_server_that_is_not_there_is_transient),
        cmocka_unit_test(a_connection_string_that_is_none_is_a_mistake_of_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
