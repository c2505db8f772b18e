// SPDX-License-Identifier: PostgreSQL
#include "agent/help.h"

#include "agent/command.h"

#include <string.h>

#define WIDTH      80
#define INDENT     2
#define LABEL_MAX  30 /* a longer label has its text on the next line */
#define LABEL_SIZE 80

static void print_options(FILE *out, const struct option_spec *specs, int label_width);
static void print_exit_codes(FILE *out, const struct exit_meaning *meanings);

void
help_wrapped(FILE *out, const char *text, int column, int indent)
{
    int used = column;

    while (*text != '\0')
    {
        int length = (int) strcspn(text, " \n");

        if (used > indent && used + 1 + length > WIDTH)
        {
            fprintf(out, "\n%*s", indent, "");
            used = indent;
        }
        used += fprintf(out, "%s%.*s", used > indent ? " " : "", length, text);
        text += length;
        if (strncmp(text, "\n\n", 2) == 0)
        {
            fprintf(out, "\n\n%*s", indent, "");
            used = indent;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

/* "  label        text", the text wrapped in its own column. */
static void
print_row(FILE *out, const char *label, int label_width, const char *text)
{
    int column = INDENT + label_width + 2;

    if ((int) strlen(label) > label_width)
        fprintf(out, "%*s%s\n%*s", INDENT, "", label, column, "");
    else
        fprintf(out, "%*s%-*s  ", INDENT, "", label_width, label);
    help_wrapped(out, text, column, column);
}

static int
wider(int width, const char *label)
{
    int length = (int) strlen(label);

    return length > width && length <= LABEL_MAX ? length : width;
}

const char *
help_topic_title(unsigned topic)
{
    static const char *const titles[] = {
        [COMMAND_SETUP] = "Set up",
        [COMMAND_BACKUP] = "Protect",
        [COMMAND_RESTORE] = "Restore",
        [COMMAND_WATCH] = "Look after",
    };

    return topic < sizeof(titles) / sizeof(titles[0]) ? titles[topic] : NULL;
}

static void
print_commands(FILE *out)
{
    int width = 0;

    for (const struct command *const *command = command_table; *command != NULL; command++)
        width = wider(width, (*command)->name);
    for (unsigned topic = 0; help_topic_title(topic) != NULL; topic++)
    {
        bool titled = false;

        for (const struct command *const *command = command_table; *command != NULL; command++)
        {
            if ((*command)->topic != topic)
                continue;
            if (!titled)
                fprintf(out, "%s:\n", help_topic_title(topic));
            titled = true;
            print_row(out, (*command)->name, width, (*command)->summary);
        }
        if (titled)
            fputc('\n', out);
    }
}

static void
format_option(const struct option_spec *spec, char label[LABEL_SIZE])
{
    char letter[8] = "";

    if (spec->letter != '\0')
        snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
    snprintf(label, LABEL_SIZE, "%s--%s%s%s", letter, spec->name, spec->value == NULL ? "" : " ",
             spec->value == NULL ? "" : spec->value);
}

static int
options_width(const struct option_spec *specs, int width)
{
    char label[LABEL_SIZE];

    for (; specs != NULL && specs->name != NULL; specs++)
    {
        format_option(specs, label);
        width = wider(width, label);
    }
    return width;
}

void
help_program(FILE *out)
{
    fputs("Redoubt backs up PostgreSQL, archives its WAL, and restores it to any moment.\n\n"
          "Usage: redoubt COMMAND [OPTION...]\n\n",
          out);
    print_commands(out);
    fputs("Options of every command:\n", out);
    print_options(out, command_program_options, options_width(command_program_options, 0));
    fputc('\n', out);
    print_exit_codes(out, exit_code_meanings);
    fputs("\n\"redoubt COMMAND --help\" and \"man redoubt-COMMAND\" tell more about a command.\n",
          out);
}

static void
print_usage(FILE *out, const struct command *command)
{
    fprintf(out, "Usage: redoubt %s [OPTION...]", command->name);
    for (const struct command_argument *argument = command->arguments;
         argument != NULL && argument->name != NULL; argument++)
        fprintf(out, " %s%s%s%s", argument->optional ? "[" : "", argument->name,
                argument->repeated ? "..." : "", argument->optional ? "]" : "");
    fputs("\n", out);
}

static void
print_arguments(FILE *out, const struct command_argument *arguments, int width)
{
    if (arguments == NULL || arguments->name == NULL)
        return;
    fputs("\nArguments:\n", out);
    for (; arguments->name != NULL; arguments++)
        print_row(out, arguments->name, width, arguments->help);
}

static void
print_examples(FILE *out, const struct command_example *example)
{
    if (example == NULL || example->command_line == NULL)
        return;
    fputs("\nExamples:\n", out);
    for (; example->command_line != NULL; example++)
    {
        fprintf(out, "%*s", INDENT, "");
        help_wrapped(out, example->what, INDENT, INDENT);
        fprintf(out, "%*s%s\n", 2 * INDENT + 2, "", example->command_line);
    }
}

void
help_command(FILE *out, const struct command *command)
{
    const struct option_spec *own = command->options;
    int width = options_width(own, options_width(command_program_options, 0));

    fprintf(out, "redoubt %s - %s\n\n", command->name, command->summary);
    print_usage(out, command);
    if (command->description != NULL)
    {
        fputc('\n', out);
        help_wrapped(out, command->description, 0, 0);
    }
    print_arguments(out, command->arguments, width);
    if (own != NULL && own->name != NULL)
    {
        fputs("\nOptions:\n", out);
        print_options(out, own, width);
    }
    fputs("\nOptions of every command:\n", out);
    print_options(out, command_program_options, width);
    print_examples(out, command->examples);
    fputc('\n', out);
    print_exit_codes(out,
                     command->exit_meanings != NULL ? command->exit_meanings : exit_code_meanings);
}

static void
print_options(FILE *out, const struct option_spec *specs, int label_width)
{
    for (; specs->name != NULL; specs++)
    {
        char label[LABEL_SIZE];

        format_option(specs, label);
        print_row(out, label, label_width, specs->help);
    }
}

static void
print_exit_codes(FILE *out, const struct exit_meaning *meanings)
{
    fputs("Exit codes:\n", out);
    for (; meanings->meaning != NULL; meanings++)
    {
        char code[16];

        snprintf(code, sizeof(code), "%d", meanings->code);
        print_row(out, code, 3, meanings->meaning);
    }
}
