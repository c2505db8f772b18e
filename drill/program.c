// SPDX-License-Identifier: PostgreSQL
#include "drill/program.h"

#include "base/child.h"
#include "base/file.h"
#include "pg/conninfo.h"

#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 24
#define OUTPUT_LIMIT  ((size_t) 64 << 20)
#define READ_SIZE     8192

void
program_release(struct program *program)
{
    free(program->output);
    *program = (struct program){0};
}

static enum status
hear_out(struct child *child, struct buffer *output, struct error *err)
{
    uint8_t chunk[READ_SIZE];
    size_t got;

    do
    {
        TRY(child_read(child, chunk, sizeof(chunk), &got, err));
        /* What is beyond is of no use, but it must be able to write it. */
        if (output->size + got < OUTPUT_LIMIT)
            TRY(buffer_append(output, (struct bytes){chunk, got}, err));
    } while (got > 0);
    return OK;
}

static enum status
run(struct program *program, const struct child_options *options, struct error *err)
{
    SCOPED(buffer_release) struct buffer output = BUFFER_INIT(OUTPUT_LIMIT);
    SCOPED(child_freep) struct child *child = NULL;
    const char *text;

    TRY(child_start(&child, options, err));
    TRY(hear_out(child, &output, err));
    TRY(child_wait(child, CHILD_FOR_EVER, &program->exit_code, err));
    child_last_words(child, program->words, sizeof(program->words));
    TRY(buffer_text(&output, &text, err));
    program->output = strdup(text);
    return program->output == NULL ? error_no_memory(err) : OK;
}

enum status
program_run(struct program *program, const struct program_call *call, struct error *err)
{
    static const char *const untranslated[] = {"LC_ALL=C", NULL};
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo server = {0};
    SCOPED(freep) char *path = path_join(call->directory, call->name);
    const char *all[ARGUMENTS_MAX + 2] = {path};
    struct child_options options = {.arguments = all, .environment = untranslated, .listen = true};

    if (path == NULL)
        return error_no_memory(err);
    for (size_t index = 0; call->arguments[index] != NULL; index++)
    {
        if (index == ARGUMENTS_MAX)
            return error_set(err, STATUS_CONFIG, "\"%s\" has too many arguments", call->name);
        all[index + 1] = call->arguments[index];
    }
    if (call->conninfo != NULL)
    {
        TRY(pg_conninfo_for_program(call->conninfo, "template1", &server, err));
        options.environment = (const char *const *) server.environment;
    }
    return run(program, &options, err);
}
