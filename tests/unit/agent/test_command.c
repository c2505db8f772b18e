// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/command.h"

#include <signal.h>
#include <stdio.h>

#define SUMMARY_MAX 60

static void
every_command_is_found_by_its_name_and_by_a_misspelling(void **state)
{
    (void) state;

    for (const struct command *const *command = command_table; *command != NULL; command++)
    {
        char misspelt[64];

        assert_ptr_equal(command_find((*command)->name), *command);
        snprintf(misspelt, sizeof(misspelt), "%sx", (*command)->name);
        assert_string_equal(command_suggest(misspelt), (*command)->name);
    }
    assert_null(command_find(""));
    assert_null(command_suggest("no such thing"));
}

static void
every_command_describes_itself(void **state)
{
    (void) state;

    for (const struct command *const *command = command_table; *command != NULL; command++)
    {
        assert_non_null((*command)->run);
        assert_non_null((*command)->description);
        assert_non_null((*command)->examples);
        assert_true(strlen((*command)->summary) < SUMMARY_MAX);
    }
}

/* An option of its own that hid one of the program's would never be seen. */
static void
no_command_has_an_option_of_the_programs(void **state)
{
    (void) state;

    for (const struct command *const *command = command_table; *command != NULL; command++)
        for (const struct option_spec *own = (*command)->options; own != NULL && own->name != NULL;
             own++)
            for (const struct option_spec *other = command_program_options; other->name != NULL;
                 other++)
            {
                assert_string_not_equal(own->name, other->name);
                assert_true(own->letter == '\0' || own->letter != other->letter);
                assert_int_equal(own->type == OPTION_FLAG, own->value == NULL);
            }
}

static int
code_of(const struct command *command, enum status status)
{
    return command->exit_code != NULL ? command->exit_code(status) : exit_code_of(status);
}

/*
 * PostgreSQL's shell_archive.c treats a code above 125 from archive_command as
 * fatal, and xlogarchive.c one from restore_command up to 125 as "not there" and
 * 143 as its own shutdown.
 */
static void
exit_codes_keep_what_postgresql_reads_into_them(void **state)
{
    (void) state;
    const struct command *push = command_find("archive-push");
    const struct command *get = command_find("archive-get");

    for (enum status status = OK; status <= STATUS_UNSUPPORTED; status++)
    {
        assert_between(exit_code_of(status), status == OK ? 0 : 1, status == OK ? 0 : 125);
        if (push != NULL)
            assert_between(code_of(push, status), status == OK ? 0 : 1, status == OK ? 0 : 125);
        if (get != NULL && status != OK && status != STATUS_NOT_FOUND)
        {
            assert_between(code_of(get, status), 126, 255);
            if (status != STATUS_CANCELLED)
                assert_int_not_equal(code_of(get, status), 128 + SIGTERM);
        }
    }
    if (get != NULL)
        assert_int_equal(code_of(get, STATUS_NOT_FOUND), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_found_by_its_name_and_by_a_misspelling),
        cmocka_unit_test(every_command_describes_itself),
        cmocka_unit_test(no_command_has_an_option_of_the_programs),
        cmocka_unit_test(exit_codes_keep_what_postgresql_reads_into_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
