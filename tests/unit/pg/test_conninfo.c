// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/conninfo.h"

static void
another_database_keeps_all_the_rest(void **state)
{
    (void) state;
    SCOPED(freep) char *changed = NULL;
    struct error err = {0};

    assert_ok(pg_conninfo_with_database("host=/tmp dbname=shop user='o\\'brien'", "My \\ 'shop'",
                                        &changed, &err));
    assert_non_null(strstr(changed, "host=/tmp"));
    assert_non_null(strstr(changed, "dbname='My \\\\ \\'shop\\''"));
    assert_null(strstr(changed, "dbname=shop"));
}

static void
a_string_that_cannot_be_read_is_not_quoted(void **state)
{
    (void) state;
    SCOPED(freep) char *changed = NULL;
    struct error err = {0};

    assert_status(pg_conninfo_with_database("password=secret ???", "shop", &changed, &err),
                  STATUS_CONFIG);
    assert_null(strstr(err.message, "secret"));
}

static const char *
variable(const struct pg_program_conninfo *made, const char *name)
{
    for (char **item = made->environment; *item != NULL; item++)
        if (strncmp(*item, name, strlen(name)) == 0 && (*item)[strlen(name)] == '=')
            return *item + strlen(name) + 1;
    return NULL;
}

static void
a_password_goes_by_the_environment_and_not_by_the_arguments(void **state)
{
    (void) state;
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo made = {0};
    struct error err = {0};

    assert_ok(pg_conninfo_for_program("postgresql://joe:s3cret@db:5433/old?keepalives_idle=7",
                                      "shop=x", &made, &err));
    assert_string_equal(variable(&made, "PGPASSWORD"), "s3cret");
    assert_string_equal(variable(&made, "PGHOST"), "db");
    assert_string_equal(variable(&made, "PGPORT"), "5433");
    assert_string_equal(made.database, "keepalives_idle=7 dbname=shop=x");
}

static void
a_secret_without_a_variable_is_refused(void **state)
{
    (void) state;
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo made = {0};
    struct error err = {0};

    assert_status(pg_conninfo_for_program("host=db sslpassword=s3cret", "shop", &made, &err),
                  STATUS_CONFIG);
    assert_message("\"sslpassword\" cannot be passed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_database_keeps_all_the_rest),
        cmocka_unit_test(a_string_that_cannot_be_read_is_not_quoted),
        cmocka_unit_test(a_password_goes_by_the_environment_and_not_by_the_arguments),
        cmocka_unit_test(a_secret_without_a_variable_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
