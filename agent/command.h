// SPDX-License-Identifier: PostgreSQL
/*
 * command.h - the commands of the program, each a row of data and a function.
 *
 * A command lives in command_<name>.c and defines one struct command.  To add
 * it, declare it below and put it into the table in command.c; parsing, help
 * and exit codes follow from the data.
 */
#pragma once

#include "agent/exit_code.h"
#include "agent/options.h"
#include "config/config.h"

/* One run of the program. */
struct invocation
{
    const struct command *command;
    const char *program;         /* this binary, an absolute path */
    const char *config_path;     /* absolute; the file may not exist */
    const struct config *config; /* NULL only with COMMAND_CONFIG_OPTIONAL and no file */
    struct options options;
    const char *const *arguments; /* what follows the command's name */
    size_t argument_count;        /* as many as the command's rows demand */
    bool json;
};

/* In the order of help. */
enum command_topic
{
    COMMAND_SETUP,
    COMMAND_BACKUP,
    COMMAND_RESTORE,
    COMMAND_WATCH,
};

enum command_config
{
    COMMAND_CONFIG_REQUIRED,
    COMMAND_CONFIG_OPTIONAL, /* a file that is there must still be right */
    COMMAND_CONFIG_NONE,
};

/* The last of a table has no name. */
struct command_argument
{
    const char *name; /* what usage calls it: "PATH" */
    const char *help;
    bool optional; /* then so are all that follow */
    bool repeated; /* only the last */
};

/* The last of a table has no command line. */
struct command_example
{
    const char *what;
    const char *command_line;
};

/* For a command that reads: with it, repository_open opens that one. */
#define COMMAND_OPTION_REPOSITORY                                                                  \
    {                                                                                              \
        "repository", 0, OPTION_TEXT, "NAME", "use this further repository, not the main one"      \
    }

struct command
{
    const char *name;
    const char *summary; /* one line below 60 characters, lower case, no full stop */
    enum command_topic topic;
    enum command_config config;
    const char *description;                  /* paragraphs, an empty line between */
    const struct command_argument *arguments; /* NULL for none */
    const struct option_spec *options;        /* beside the program's own; NULL for none */
    const struct command_example *examples;
    const struct exit_meaning *exit_meanings; /* NULL: exit_code_meanings */

    /* NULL: exit_code_of.  Is asked about usage and configuration errors too. */
    int (*exit_code)(enum status status);

    /* Results go to standard output; the error is logged by main. */
    enum status (*run)(const struct invocation *invocation, struct error *err);
};

/* The options that every command has: --config, --json, --verbose, --help, --version. */
extern const struct option_spec command_program_options[];

/* In the order of help; ends with NULL. */
extern const struct command *const command_table[];

/* By its name; NULL when there is none. */
const struct command *command_find(const char *name);

/* The nearest name to a mistyped one, or NULL. */
const char *command_suggest(const char *name);

/* extern const struct command command_<name>; in the order of the table */
extern const struct command command_backup;
extern const struct command command_dump;
extern const struct command command_archive_push;
extern const struct command command_copy;
extern const struct command command_init;
extern const struct command command_lineage;
extern const struct command command_list;
extern const struct command command_events;
extern const struct command command_expire;
extern const struct command command_hold;
extern const struct command command_verify;
extern const struct command command_check;
extern const struct command command_drill;
extern const struct command command_canary;
extern const struct command command_restore;
extern const struct command command_restore_dump;
extern const struct command command_archive_get;
extern const struct command command_doctor;
extern const struct command command_status;
extern const struct command command_runbook;
