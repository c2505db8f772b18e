// SPDX-License-Identifier: PostgreSQL
#include "manual/command_page.h"

#include "agent/command.h"
#include "agent/help.h"
#include "manual/roff.h"

#include <string.h>

#define SECTION 1

/* What a terminal of 80 columns has room for in an example. */
#define EXAMPLE_WIDTH 66

static void print_options(FILE *out, const struct option_spec *specs);
static void print_exit_codes(FILE *out, const struct exit_meaning *meanings);

void
command_page_name(const struct command *command, char name[COMMAND_PAGE_NAME_SIZE])
{
    snprintf(name, COMMAND_PAGE_NAME_SIZE, "redoubt-%s", command->name);
}

static void
print_reference(FILE *out, const struct command *command)
{
    char name[COMMAND_PAGE_NAME_SIZE];

    command_page_name(command, name);
    roff_reference(out, name, SECTION);
}

static void
print_synopsis(FILE *out, const struct command *command)
{
    roff_section(out, "SYNOPSIS");
    roff_text(out, ROFF_BOLD, "redoubt ");
    roff_text(out, ROFF_BOLD, command->name);
    fputs(" [\\fIOPTION\\fR...]", out);
    for (const struct command_argument *argument = command->arguments;
         argument != NULL && argument->name != NULL; argument++)
    {
        fputs(argument->optional ? " [" : " ", out);
        roff_text(out, ROFF_ITALIC, argument->name);
        fprintf(out, "%s%s", argument->repeated ? "..." : "", argument->optional ? "]" : "");
    }
    fputc('\n', out);
}

static void
print_description(FILE *out, const struct command *command)
{
    roff_section(out, "DESCRIPTION");
    roff_prose(out, command->description);
    for (const struct command_argument *argument = command->arguments;
         argument != NULL && argument->name != NULL; argument++)
    {
        fputs(".TP\n", out);
        roff_text(out, ROFF_ITALIC, argument->name);
        fputc('\n', out);
        roff_prose_of_label(out, argument->help);
    }
}

static void
print_option(FILE *out, const struct option_spec *spec)
{
    fputs(".TP\n", out);
    if (spec->letter != '\0')
        fprintf(out, "\\fB\\-%c\\fR, ", spec->letter);
    fputs("\\fB\\-\\-", out);
    roff_text(out, ROFF_ROMAN, spec->name);
    fputs("\\fR", out);
    if (spec->value != NULL)
    {
        fputc(' ', out);
        roff_text(out, ROFF_ITALIC, spec->value);
    }
    fputc('\n', out);
    roff_prose_of_label(out, spec->help);
}

static void
print_options(FILE *out, const struct option_spec *specs)
{
    for (; specs != NULL && specs->name != NULL; specs++)
        print_option(out, specs);
}

static void
print_exit_codes(FILE *out, const struct exit_meaning *meanings)
{
    for (; meanings->meaning != NULL; meanings++)
    {
        fprintf(out, ".TP\n\\fB%d\\fR\n", meanings->code);
        roff_prose_of_label(out, meanings->meaning);
    }
}

/* Where a shell's line may be broken: before an option or an operator, outside of quotes. */
static const char *
break_of(const char *line)
{
    const char *found = NULL;
    char quote = '\0';

    for (const char *at = line; *at != '\0'; at++)
    {
        if (quote != '\0' ? *at == quote : *at == '\'' || *at == '"')
            quote = quote == '\0' ? *at : '\0';
        if (*at != ' ' || quote != '\0' || at[1] == '\0' || strchr("-|&", at[1]) == NULL)
            continue;
        if (at - line > EXAMPLE_WIDTH && found != NULL)
            break;
        found = at;
    }
    return found;
}

/* A shell's long line goes on in the next one; what goes into a file stays as it is. */
static void
print_command_line(FILE *out, const char *line)
{
    const char *end = strstr(line, " = ") == NULL ? break_of(line) : NULL;

    fputs(".PP\n.RS 4\n.EX\n", out);
    while (strlen(line) > EXAMPLE_WIDTH && end != NULL)
    {
        roff_text_of(out, ROFF_ROMAN, line, (size_t) (end - line));
        fputs(" \\(rs\n    ", out);
        line = end + 1;
        end = break_of(line);
    }
    roff_verbatim(out, line, strlen(line));
    fputs(".EE\n.RE\n", out);
}

static void
print_examples(FILE *out, const struct command *command)
{
    const struct command_example *example = command->examples;

    if (example == NULL)
        return;
    roff_section(out, "EXAMPLES");
    for (; example->command_line != NULL; example++)
    {
        fputs(example == command->examples ? "" : ".PP\n", out);
        roff_prose(out, example->what);
        print_command_line(out, example->command_line);
    }
}

static void
print_surroundings(FILE *out)
{
    roff_section(out, "ENVIRONMENT");
    fputs("Variables of libpq and of the S3 store are listed in\n", out);
    roff_reference(out, "redoubt", SECTION);
    fputs(".\n", out);
    roff_section(out, "FILES");
    fputs(".TP\n", out);
    roff_text(out, ROFF_ITALIC, CONFIG_DEFAULT_PATH);
    fputs("\nThe configuration, unless \\fB\\-\\-config\\fR names another; see\n", out);
    roff_reference(out, "redoubt.yaml", 5);
    fputs(".\n", out);
}

/* Does the text speak of "redoubt NAME"? */
static bool
mentions(const char *text, const char *name)
{
    char wanted[COMMAND_PAGE_NAME_SIZE];
    size_t length = (size_t) snprintf(wanted, sizeof(wanted), "redoubt %s", name);

    for (; text != NULL && (text = strstr(text, wanted)) != NULL; text += length)
        if (strchr("abcdefghijklmnopqrstuvwxyz-", text[length]) == NULL || text[length] == '\0')
            return true;
    return false;
}

static bool
speaks_of(const struct command *command, const struct command *other)
{
    const struct command_example *example = command->examples;

    if (mentions(command->description, other->name))
        return true;
    for (; example != NULL && example->command_line != NULL; example++)
        if (mentions(example->command_line, other->name) || mentions(example->what, other->name))
            return true;
    return false;
}

static bool
is_related(const struct command *command, const struct command *other)
{
    return command != other && (command->topic == other->topic || speaks_of(command, other) ||
                                speaks_of(other, command));
}

static void
print_see_also(FILE *out, const struct command *command)
{
    roff_section(out, "SEE ALSO");
    roff_reference(out, "redoubt", SECTION);
    for (const struct command *const *other = command_table; *other != NULL; other++)
        if (is_related(command, *other))
        {
            fputs(", ", out);
            print_reference(out, *other);
        }
    fputs(", ", out);
    roff_reference(out, "redoubt.yaml", 5);
    fputc('\n', out);
}

void
command_page_write(FILE *out, const struct command *command)
{
    char name[COMMAND_PAGE_NAME_SIZE];

    command_page_name(command, name);
    roff_page(out, name, SECTION, command->summary);
    print_synopsis(out, command);
    print_description(out, command);
    roff_section(out, "OPTIONS");
    print_options(out, command->options);
    roff_subsection(out, "Options of every command");
    print_options(out, command_program_options);
    roff_section(out, "EXIT STATUS");
    print_exit_codes(out,
                     command->exit_meanings != NULL ? command->exit_meanings : exit_code_meanings);
    print_surroundings(out);
    print_examples(out, command);
    print_see_also(out, command);
}

static void
print_commands_of(FILE *out, enum command_topic topic)
{
    for (const struct command *const *command = command_table; *command != NULL; command++)
    {
        if ((*command)->topic != topic)
            continue;
        fputs(".TP\n", out);
        print_reference(out, *command);
        fputc('\n', out);
        roff_prose_of_label(out, (*command)->summary);
    }
}

void
command_page_list(FILE *out)
{
    for (unsigned topic = 0; help_topic_title(topic) != NULL; topic++)
    {
        roff_subsection(out, help_topic_title(topic));
        print_commands_of(out, topic);
    }
}

void
command_page_program_options(FILE *out)
{
    print_options(out, command_program_options);
}

void
command_page_exit_codes(FILE *out)
{
    print_exit_codes(out, exit_code_meanings);
}

void
command_page_references(FILE *out)
{
    for (const struct command *const *command = command_table; *command != NULL; command++)
    {
        if (command != command_table)
            fputs(", ", out);
        print_reference(out, *command);
    }
    fputc('\n', out);
}
