// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/command_setting.h"

static void
a_word_is_quoted_only_when_the_shell_would_change_it(void **state)
{
    static const struct
    {
        const char *word;
        const char *want;
    } cases[] = {
        {"/usr/bin/redoubt", "/usr/bin/redoubt"},
        {"/srv/a b", "'/srv/a b'"},
        {"it's", "'it'\\''s'"},
        {"100%", "100%%"},
        {"", "''"},
        {"$(reboot)", "'$(reboot)'"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer command = BUFFER_INIT(100);
        struct error err = {0};
        const char *text;

        assert_ok(pg_command_setting_word(&command, cases[index].word, &err));
        assert_ok(buffer_text(&command, &text, &err));
        assert_string_equal(text, cases[index].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_quoted_only_when_the_shell_would_change_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
