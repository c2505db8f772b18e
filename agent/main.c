// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/help.h"
#include "agent/signals.h"
#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner of what an invocation borrows. */
struct program
{
    struct invocation invocation;
    char *path;
    char *config_path;
    struct config *config;
};

static const struct command *command_meant(int argc, char *const *argv);
static bool answer_help(int argc, char *const *argv, const struct command *command);
static enum status prepare(struct program *program, int argc, char *const *argv, struct error *err);
static enum status flush_output(struct error *err);

static void
release_program(struct program *program)
{
    options_release(&program->invocation.options);
    config_freep(&program->config);
    free(program->config_path);
    free(program->path);
}

static enum status
run(int argc, char *const *argv, int (*exit_code)(enum status), struct error *err)
{
    SCOPED(release_program) struct program program = {0};

    notify_start();
    TRY(signals_start(exit_code(STATUS_CANCELLED), err));
    TRY(prepare(&program, argc, argv, err));
    TRY(program.invocation.command->run(&program.invocation, err));
    return flush_output(err);
}

int
main(int argc, char **argv)
{
    const struct command *command = command_meant(argc - 1, argv + 1);
    int (*exit_code)(enum status) = exit_code_of;
    struct error err = {0};
    enum status status;

    if (command != NULL && command->exit_code != NULL)
        exit_code = command->exit_code;
    /* Whatever we create may hold a cluster's data or a key. */
    umask(S_IRWXG | S_IRWXO);
    if (answer_help(argc - 1, argv + 1, command))
        status = flush_output(&err);
    else
        status = run(argc - 1, argv + 1, exit_code, &err);
    /* An answer that is no news, such as archive-get's "not there", has no text. */
    if (status != OK && err.message[0] != '\0')
        log_error(LOG_ERROR, &err);
    if (status == OK)
        notify_status("done");
    notify_end();
    return exit_code(status);
}

/*
 * The command that this line is about, found without understanding the line:
 * restore_command's exit codes must hold even when the line is wrong, and
 * `redoubt archive-gte` means archive-get to PostgreSQL, to which exit code 2
 * would be the end of the archive.
 */
static const struct command *
command_meant(int argc, char *const *argv)
{
    for (int index = 0; index < argc; index++)
        if (command_find(argv[index]) != NULL)
            return command_find(argv[index]);
    for (int index = 0; index < argc; index++)
        if (argv[index][0] != '-' && command_suggest(argv[index]) != NULL)
            return command_find(command_suggest(argv[index]));
    return NULL;
}

/* Help is given whatever else the line says: it may be all that is right in it. */
static bool
answer_help(int argc, char *const *argv, const struct command *command)
{
    bool help = argc > 0 && strcmp(argv[0], "help") == 0;

    for (int index = 0; index < argc && strcmp(argv[index], "--") != 0; index++)
    {
        if (strcmp(argv[index], "--version") == 0 || strcmp(argv[index], "-V") == 0)
        {
            puts("redoubt " REDOUBT_VERSION);
            return true;
        }
        help |= strcmp(argv[index], "--help") == 0 || strcmp(argv[index], "-h") == 0;
    }
    if (help && command != NULL)
        help_command(stdout, command);
    else if (help)
        help_program(stdout);
    return help;
}

static enum status
refuse_command(const char *name, struct error *err)
{
    const char *suggestion = command_suggest(name);

    error_set(err, STATUS_CONFIG, "unknown command \"%s\"", name);
    if (suggestion != NULL)
        error_hint(err, "Did you mean \"%s\"?", suggestion);
    else
        error_hint(err, "\"redoubt --help\" lists the commands.");
    return STATUS_CONFIG;
}

/* Options first by the program's own table, to find the command; then by both. */
static enum status
find_command(struct invocation *invocation, int argc, char *const *argv, struct error *err)
{
    const char *name = NULL;

    for (int index = 0; index < argc && name == NULL; index++)
    {
        if (strcmp(argv[index], "-c") == 0 || strcmp(argv[index], "--config") == 0)
            index++;
        else if (argv[index][0] != '-')
            name = argv[index];
    }
    if (name == NULL)
    {
        error_set(err, STATUS_CONFIG, "no command given");
        error_hint(err, "\"redoubt --help\" lists the commands.");
        return STATUS_CONFIG;
    }
    invocation->command = command_find(name);
    return invocation->command == NULL ? refuse_command(name, err) : OK;
}

static enum status
check_arguments(const struct invocation *invocation, struct error *err)
{
    const struct command_argument *argument = invocation->command->arguments;
    size_t count = 0;

    for (; argument != NULL && argument->name != NULL; argument++, count++)
    {
        if (count >= invocation->argument_count && !argument->optional)
            return error_set(err, STATUS_CONFIG, "command \"%s\" needs an argument: %s",
                             invocation->command->name, argument->name);
        if (argument->repeated)
            return OK;
    }
    if (count < invocation->argument_count)
        return error_set(err, STATUS_CONFIG, "command \"%s\" does not take the argument \"%s\"",
                         invocation->command->name, invocation->arguments[count]);
    return OK;
}

static enum status
parse_line(struct invocation *invocation, int argc, char *const *argv, struct error *err)
{
    static const struct option_spec none[] = {{0}};
    static const struct option_spec *tables[3] = {command_program_options, none, NULL};
    enum status status;

    TRY(find_command(invocation, argc, argv, err));
    if (invocation->command->options != NULL)
        tables[1] = invocation->command->options;
    status = options_parse(&invocation->options, tables, argc, argv, err);
    if (status == STATUS_CONFIG && err->hint[0] == '\0')
        error_hint(err, "See \"redoubt %s --help\".", invocation->command->name);
    TRY(status);
    /* The first argument is the command's name. */
    invocation->arguments = invocation->options.arguments + 1;
    invocation->argument_count = invocation->options.argument_count - 1;
    invocation->json = options_flag(&invocation->options, "json");
    status = check_arguments(invocation, err);
    if (status == STATUS_CONFIG)
        error_hint(err, "See \"redoubt %s --help\".", invocation->command->name);
    return status;
}

/* restore_command runs elsewhere, so the path that goes into it is absolute. */
static enum status
absolute_path(const char *path, char **absolute, struct error *err)
{
    SCOPED(freep) char *directory = NULL;

    *absolute = realpath(path, NULL);
    if (*absolute != NULL)
        return OK;
    if (path[0] == '/')
        *absolute = strdup(path);
    else
    {
        directory = getcwd(NULL, 0);
        if (directory == NULL)
            return error_errno(err, "could not find the current directory");
        *absolute = path_join(directory, path);
    }
    return *absolute == NULL ? error_no_memory(err) : OK;
}

/* Commands that can read from another repository have the option. */
static enum status
choose_repository(struct program *program, struct error *err)
{
    const struct invocation *invocation = &program->invocation;
    const struct option_spec *spec = invocation->command->options;

    for (; spec != NULL && spec->name != NULL; spec++)
        if (strcmp(spec->name, "repository") == 0)
            return config_choose(program->config, options_text(&invocation->options, spec->name),
                                 err);
    return OK;
}

static enum status
load_config(struct program *program, struct error *err)
{
    struct invocation *invocation = &program->invocation;
    const char *path = options_text(&invocation->options, "config");
    enum command_config needed = invocation->command->config;
    enum status status;

    TRY(absolute_path(path == NULL ? CONFIG_DEFAULT_PATH : path, &program->config_path, err));
    invocation->config_path = program->config_path;
    if (needed == COMMAND_CONFIG_NONE)
        return OK;
    status = config_load(program->config_path, &program->config, err);
    invocation->config = program->config;
    if (status == STATUS_NOT_FOUND && needed == COMMAND_CONFIG_OPTIONAL)
        return OK;
    if (status == OK)
        return choose_repository(program, err);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status == STATUS_NOT_FOUND)
        error_hint(err, "\"redoubt init\" writes a first one; \"-c FILE\" names another.");
    /* Not being able to read it is no news about the repository. */
    return STATUS_CONFIG;
}

static enum status
prepare(struct program *program, int argc, char *const *argv, struct error *err)
{
    struct invocation *invocation = &program->invocation;

    TRY(parse_line(invocation, argc, argv, err));
    if (options_flag(&invocation->options, "verbose"))
        log_set_level(LOG_DEBUG);
    TRY(absolute_path("/proc/self/exe", &program->path, err));
    invocation->program = program->path;
    return load_config(program, err);
}

/* A report that did not reach its reader, such as a full disk's file, is a failure. */
static enum status
flush_output(struct error *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_errno(err, "could not write to standard output");
    return OK;
}
