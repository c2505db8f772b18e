// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/command.h"
#include "agent/help.h"

#include <stdlib.h>

#define COLUMNS 80

/* What a help function prints; to be freed. */
static char *
printed(void (*print)(FILE *out, const struct command *command), const struct command *command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    print(out, command);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void
print_program(FILE *out, const struct command *command)
{
    (void) command;
    help_program(out);
}

/* Command lines in examples may be longer: they are there to be copied. */
static void
assert_fits(const char *text)
{
    while (*text != '\0')
    {
        size_t length = strcspn(text, "\n");

        if (length > COLUMNS && strncmp(text, "      ", 6) != 0)
            fail_msg("%zu columns: %.*s", length, (int) length, text);
        if (length > 0 && text[length - 1] == ' ')
            fail_msg("a space at the end: \"%.*s\"", (int) length, text);
        text += length + (text[length] == '\n');
    }
}

static void
help_of_everything_fits_eighty_columns(void **state)
{
    (void) state;
    SCOPED(freep) char *program = printed(print_program, NULL);

    assert_fits(program);
    for (const struct command *const *command = command_table; *command != NULL; command++)
    {
        SCOPED(freep) char *text = printed(help_command, *command);

        assert_fits(text);
        assert_non_null(strstr(program, (*command)->name));
        assert_non_null(strstr(text, (*command)->summary));
    }
}

static const struct option_spec sample_options[] = {
    {"a-rather-long-option-name", 0, OPTION_TEXT, "SOMETHING-LONG",
     "its text stands on the next line because the label is longer than most and would "
     "squeeze it"},
    {"short", 's', OPTION_FLAG, NULL, "short"},
    {0},
};

static const struct command_argument sample_arguments[] = {
    {"NAME", "what to fetch", false, false},
    {"PATH", "where to", true, true},
    {0},
};

static const struct command_example sample_examples[] = {
    {"The usual way:", "redoubt sample one"},
    {0},
};

static const struct command sample = {
    .name = "sample",
    .summary = "show how help looks",
    .description = "One paragraph.\n\nAnother.",
    .arguments = sample_arguments,
    .options = sample_options,
    .examples = sample_examples,
};

static void
help_of_a_command_is_laid_out_by_its_tables(void **state)
{
    (void) state;
    static const char want[] =
        "redoubt sample - show how help looks\n"
        "\n"
        "Usage: redoubt sample [OPTION...] NAME [PATH...]\n"
        "\n"
        "One paragraph.\n"
        "\n"
        "Another.\n"
        "\n"
        "Arguments:\n"
        "  NAME               what to fetch\n"
        "  PATH               where to\n"
        "\n"
        "Options:\n"
        "  --a-rather-long-option-name SOMETHING-LONG\n"
        "                     its text stands on the next line because the label is\n"
        "                     longer than most and would squeeze it\n"
        "  -s, --short        short\n"
        "\n"
        "Options of every command:\n";
    SCOPED(freep) char *text = printed(help_command, &sample);

    assert_true(strlen(text) > sizeof(want));
    text[sizeof(want) - 1] = '\0';
    assert_string_equal(text, want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_of_everything_fits_eighty_columns),
        cmocka_unit_test(help_of_a_command_is_laid_out_by_its_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
