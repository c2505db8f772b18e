// SPDX-License-Identifier: PostgreSQL
#include "dump/tool.h"

#include "base/child.h"
#include "base/file.h"
#include "base/progress.h"
#include "pg/conninfo.h"
#include "pg/programs.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_LIMIT   4096
#define ARGUMENTS_MAX   8
#define READ_SIZE       ((size_t) 64 << 10) /* what a pipe holds */
#define LAST_WORDS_SIZE 4096

static enum status
run_version(const char *directory, char **version, struct error *err)
{
    SCOPED(freep) char *path = path_join(directory, "pg_dump");
    SCOPED(buffer_release) struct buffer said = BUFFER_INIT(VERSION_LIMIT);
    const char *const arguments[] = {path, "--version", NULL};
    const struct child_options options = {.arguments = arguments};
    const char *text;

    if (path == NULL)
        return error_no_memory(err);
    TRY(child_run(&options, &said, err));
    TRY(buffer_text(&said, &text, err));
    *version = strndup(text, strcspn(text, "\n"));
    return *version == NULL ? error_no_memory(err) : OK;
}

/* "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; 0 when it is not like this. */
static int
major_of(const char *version)
{
    static const char before[] = "(PostgreSQL) ";
    const char *found = strstr(version, before);

    return found == NULL ? 0 : (int) strtol(found + sizeof(before) - 1, NULL, 10);
}

static enum status
check_version(const struct dump_tool *tool, int major, struct error *err)
{
    int found = major_of(tool->version);

    if (found == major)
        return OK;
    error_set(err, STATUS_UNSUPPORTED,
              "the server is PostgreSQL %d, and \"%s/pg_dump\" is of version %d", major,
              tool->directory, found);
    error_detail(err, "It says \"%s\".", tool->version);
    error_hint(err,
               "Install the programs of PostgreSQL %d, and set postgres.bin_directory to their "
               "directory.",
               major);
    return STATUS_UNSUPPORTED;
}

enum status
dump_tool_find(const char *configured, int major, struct dump_tool *tool, struct error *err)
{
    TRY(pg_programs_find(configured, major, &tool->directory, err));
    TRY(run_version(tool->directory, &tool->version, err));
    return check_version(tool, major, err);
}

void
dump_tool_release(struct dump_tool *tool)
{
    free(tool->directory);
    free(tool->version);
    *tool = (struct dump_tool){0};
}

/* A program's path, our own arguments and then the caller's, as child_start takes them. */
struct command
{
    struct dump_texts texts;
    const char **arguments; /* owned, borrows the texts */
    struct pg_program_conninfo conninfo;
};

static void
release_command(struct command *command)
{
    free(command->arguments);
    dump_texts_release(&command->texts);
    pg_program_conninfo_release(&command->conninfo);
}

static enum status
add_option(struct command *command, const char *option, const char *value, struct error *err)
{
    SCOPED(freep) char *argument = NULL;

    if (asprintf(&argument, "%s=%s", option, value) < 0)
    {
        argument = NULL;
        return error_no_memory(err);
    }
    return dump_texts_add(&command->texts, argument, err);
}

static enum status
make_command(struct command *command, const struct dump_tool *tool, const char *program,
             const struct dump_tool_target *target, struct error *err)
{
    SCOPED(freep) char *path = path_join(tool->directory, program);

    if (path == NULL)
        return error_no_memory(err);
    TRY(pg_conninfo_for_program(target->conninfo, target->database, &command->conninfo, err));
    TRY(dump_texts_add(&command->texts, path, err));
    TRY(dump_texts_add(&command->texts, "--no-password", err));
    return add_option(command, "--dbname", command->conninfo.database, err);
}

static enum status
child_options_of(struct command *command, struct child_options *options, struct error *err)
{
    command->arguments = calloc(command->texts.count + 1, sizeof(*command->arguments));
    if (command->arguments == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < command->texts.count; index++)
        command->arguments[index] = command->texts.items[index];
    *options = (struct child_options){
        .arguments = command->arguments,
        .environment = (const char *const *) command->conninfo.environment,
    };
    return OK;
}

/* That a program failed is a failure of the work, and not a refusal of ours. */
static enum status
finish(struct child *child, struct error *err)
{
    enum status status = child_finish(child, err);

    return status == STATUS_REFUSED ? STATUS_IO : status;
}

static enum status
pump(struct child *child, struct sink *sink, struct progress *progress, struct error *err)
{
    SCOPED(freep) uint8_t *chunk = malloc(READ_SIZE);
    size_t got;

    if (chunk == NULL)
        return error_no_memory(err);
    do
    {
        TRY(child_read(child, chunk, READ_SIZE, &got, err));
        TRY(sink_write(sink, (struct bytes){chunk, got}, err));
        progress_add(progress, got);
    } while (got > 0);
    return OK;
}

enum status
dump_tool_run(const struct dump_tool *tool, const struct dump_tool_target *target,
              const struct dump_texts *arguments, struct sink *sink, struct progress *progress,
              char **last_words, struct error *err)
{
    SCOPED(release_command) struct command command = {0};
    SCOPED(child_freep) struct child *child = NULL;
    struct child_options options;
    char words[LAST_WORDS_SIZE];

    TRY(make_command(&command, tool, "pg_dump", target, err));
    TRY(add_option(&command, "--snapshot", target->snapshot, err));
    for (size_t index = 0; index < arguments->count; index++)
        TRY(dump_texts_add(&command.texts, arguments->items[index], err));
    TRY(child_options_of(&command, &options, err));
    options.listen = sink != NULL;
    TRY(child_start(&child, &options, err));
    if (sink != NULL)
        TRY(pump(child, sink, progress, err));
    TRY(finish(child, err));
    child_last_words(child, words, sizeof(words));
    *last_words = strdup(words);
    return *last_words == NULL ? error_no_memory(err) : OK;
}

enum status
dump_tool_globals(const struct dump_tool *tool, const struct dump_tool_target *target,
                  bool passwords, struct buffer *sql, struct error *err)
{
    SCOPED(release_command) struct command command = {0};
    struct child_options options;
    enum status status;

    TRY(make_command(&command, tool, "pg_dumpall", target, err));
    /* It ignores the connection string's database. */
    TRY(add_option(&command, "--database", target->database, err));
    TRY(dump_texts_add(&command.texts, "--globals-only", err));
    if (!passwords)
        TRY(dump_texts_add(&command.texts, "--no-role-passwords", err));
    TRY(child_options_of(&command, &options, err));
    status = child_run(&options, sql, err);
    return status == STATUS_REFUSED ? STATUS_IO : status;
}
