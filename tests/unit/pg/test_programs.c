// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/programs.h"

static void
programs_that_are_missing_are_asked_for(void **state)
{
    (void) state;
    SCOPED(freep) char *directory = NULL;
    struct error err = {0};

    assert_status(pg_programs_find(NULL, 3, &directory, &err), STATUS_CONFIG);
    assert_message("could not find the programs of PostgreSQL 3");
}

static void
a_configured_directory_is_taken_as_it_is(void **state)
{
    (void) state;
    SCOPED(freep) char *directory = NULL;
    struct error err = {0};

    assert_ok(pg_programs_find("/opt/pg", 15, &directory, &err));
    assert_string_equal(directory, "/opt/pg");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_that_are_missing_are_asked_for),
        cmocka_unit_test(a_configured_directory_is_taken_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
