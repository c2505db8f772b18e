// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/server_error.h"

static void
an_sqlstate_says_what_a_caller_may_do(void **state)
{
    (void) state;
    static const struct
    {
        const char *sqlstate;
        enum status want;
    } rows[] = {
        {"57P03", STATUS_TRANSIENT}, /* starting up */
        {"57P01", STATUS_TRANSIENT}, /* shutting down */
        {"53300", STATUS_TRANSIENT}, /* too many connections */
        {"53100", STATUS_IO},        /* disk full */
        {"28000", STATUS_DENIED},    {"28P01", STATUS_DENIED},  {"42501", STATUS_DENIED},
        {"58P01", STATUS_NOT_FOUND}, /* removed WAL */
        {"55006", STATUS_CONFLICT},  /* slot in use */
        {"42710", STATUS_CONFLICT},  {"XX001", STATUS_CORRUPT}, {"0A000", STATUS_UNSUPPORTED},
        {"3D000", STATUS_CONFIG},    {"22012", STATUS_IO},      {"", STATUS_IO},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        if (server_error_status(rows[row].sqlstate) != rows[row].want)
            fail_msg("%s: got %s", rows[row].sqlstate,
                     status_name(server_error_status(rows[row].sqlstate)));
}

static void
libpqs_first_line_is_the_message(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *message;
        const char *detail;
    } rows[] = {
        {"connection failed: refused\n\tIs the server running?\n", "connection failed: refused",
         "Is the server running?"},
        {"one line\n", "one line", ""},
        {"no end", "no end", ""},
        {"", "no answer from the server", ""},
        {"a failed\nb failed\n", "a failed", "b failed"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct error err = {0};

        assert_status(server_error_libpq(STATUS_TRANSIENT, rows[row].text, &err), STATUS_TRANSIENT);
        assert_string_equal(err.message, rows[row].message);
        assert_string_equal(err.detail, rows[row].detail);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_sqlstate_says_what_a_caller_may_do),
        cmocka_unit_test(libpqs_first_line_is_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
