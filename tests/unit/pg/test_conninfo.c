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

static bool
is_kept_out(const struct pg_program_conninfo *made, const char *name)
{
    for (char **item = made->environment; *item != NULL; item++)
        if (strcmp(*item, name) == 0)
            return true;
    return false;
}

/* What libpq itself makes of it is in the drills' stories. */
static void
nothing_leads_a_program_away_from_a_secluded_server(void **state)
{
    (void) state;
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo made = {0};
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo ordinary = {0};
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(4096);
    SCOPED(freep) char *changed = NULL;
    struct error err = {0};
    const char *conninfo;

    assert_ok(pg_conninfo_append(&text, "host", "/run/drill", &err));
    assert_ok(pg_conninfo_append_seclusion(&text, &err));
    assert_ok(buffer_text(&text, &conninfo, &err));
    assert_non_null(strstr(conninfo, "hostaddr=''"));
    assert_non_null(strstr(conninfo, "target_session_attrs=any"));
    assert_ok(pg_conninfo_with_database(conninfo, "shop", &changed, &err));
    assert_non_null(strstr(changed, "hostaddr=''"));

    assert_ok(pg_conninfo_for_program(changed, "shop", &made, &err));
    assert_string_equal(variable(&made, "PGHOST"), "/run/drill");
    assert_true(is_kept_out(&made, "PGHOSTADDR"));
    assert_true(is_kept_out(&made, "PGSERVICE"));
    assert_ok(pg_conninfo_for_program("host=db", "shop", &ordinary, &err));
    assert_false(is_kept_out(&ordinary, "PGSERVICE"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_database_keeps_all_the_rest),
        cmocka_unit_test(a_string_that_cannot_be_read_is_not_quoted),
        cmocka_unit_test(a_password_goes_by_the_environment_and_not_by_the_arguments),
        cmocka_unit_test(a_secret_without_a_variable_is_refused),
        cmocka_unit_test(nothing_leads_a_program_away_from_a_secluded_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
