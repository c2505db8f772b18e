// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/command.h"
#include "manual/command_page.h"

#include <stdlib.h>
#include <string.h>

static const struct option_spec sample_options[] = {
    {"take-over", 0, OPTION_FLAG, NULL, "replace the original"},
    {"into", 'i', OPTION_TEXT, "DIR", "the directory; see --take-over"},
    {0},
};

static const struct command_argument sample_arguments[] = {
    {"NAME", "what to fetch", false, false},
    {"PATH", "where to", true, true},
    {0},
};

static const struct command_example sample_examples[] = {
    {"A long one:",
     "redoubt sample one --into /somewhere/far/away/from/here --take-over | jq '. - 1'"},
    {"In a file:",
     "restore_command = '/usr/bin/redoubt sample -c /etc/redoubt/redoubt.yaml --take-over %f %p'"},
    {0},
};

static const struct exit_meaning sample_meanings[] = {
    {0, "done"},
    {7, "not done"},
    {0, NULL},
};

static const struct command sample = {
    .name = "sample",
    .summary = "show how a page looks",
    .topic = COMMAND_RESTORE,
    .description = "One. See \"redoubt doctor\".\n\nTwo.",
    .arguments = sample_arguments,
    .options = sample_options,
    .examples = sample_examples,
    .exit_meanings = sample_meanings,
};

static char *
sample_page(void)
{
    char *roff = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&roff, &size);

    assert_non_null(out);
    command_page_write(out, &sample);
    assert_int_equal(fclose(out), 0);
    return roff;
}

static void
assert_has(const char *page, const char *part)
{
    if (strstr(page, part) == NULL)
        fail_msg("the page lacks:\n%s\nIt is:\n%s", part, page);
}

static void
a_page_has_what_the_tables_have(void **state)
{
    (void) state;
    SCOPED(freep) char *page = sample_page();

    assert_has(page, "\n.SH \"NAME\"\nredoubt\\-sample \\- show how a page looks\n"
                     ".SH \"SYNOPSIS\"\n\\fBredoubt \\fR\\fBsample\\fR [\\fIOPTION\\fR...] "
                     "\\fINAME\\fR [\\fIPATH\\fR...]\n"
                     ".SH \"DESCRIPTION\"\nOne. See \\(dqredoubt doctor\\(dq.\n.PP\nTwo.\n"
                     ".TP\n\\fINAME\\fR\nwhat to fetch\n.TP\n\\fIPATH\\fR\nwhere to\n"
                     ".SH \"OPTIONS\"\n"
                     ".TP\n\\fB\\-\\-take\\-over\\fR\nreplace the original\n"
                     ".TP\n\\fB\\-i\\fR, \\fB\\-\\-into\\fR \\fIDIR\\fR\n"
                     "the directory; see \\fB\\-\\-take\\-over\\fR\n"
                     ".SS \"Options of every command\"\n");
    assert_has(page, ".SH \"EXIT STATUS\"\n.TP\n\\fB0\\fR\ndone\n.TP\n\\fB7\\fR\nnot done\n.SH");
}

/* The reader copies it: a shell knows a line that ends in a backslash, postgresql.conf does not. */
static void
only_a_shells_line_is_broken(void **state)
{
    (void) state;
    SCOPED(freep) char *page = sample_page();

    assert_has(page, ".EX\nredoubt sample one \\-\\-into /somewhere/far/away/from/here \\(rs\n"
                     "    \\-\\-take\\-over | jq \\(aq. \\- 1\\(aq\n.EE\n");
    assert_has(page, ".EX\nrestore_command = \\(aq/usr/bin/redoubt sample \\-c "
                     "/etc/redoubt/redoubt.yaml \\-\\-take\\-over %f %p\\(aq\n.EE\n");
}

static void
related_are_the_commands_of_the_topic_and_those_it_speaks_of(void **state)
{
    (void) state;
    SCOPED(freep) char *page = sample_page();
    const char *see_also = strstr(page, ".SH \"SEE ALSO\"\n");

    assert_non_null(see_also);
    assert_has(see_also, "\\fBredoubt\\-restore\\fR(1)");
    assert_has(see_also, "\\fBredoubt\\-doctor\\fR(1)");
    assert_null(strstr(see_also, "redoubt\\-verify"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_what_the_tables_have),
        cmocka_unit_test(only_a_shells_line_is_broken),
        cmocka_unit_test(related_are_the_commands_of_the_topic_and_those_it_speaks_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
