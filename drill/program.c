// SPDX-License-Identifier: PostgreSQL
#include "drill/program.h"

#include "base/child.h"
#include "base/file.h"
#include "drill/boot_settings.h"

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
run(struct program *program, const char *const *all, struct error *err)
{
    static const char *const environment[] = {"LC_ALL=C", "PGOPTIONS=" BOOT_SESSION_OPTIONS, NULL};
    SCOPED(buffer_release) struct buffer output = BUFFER_INIT(OUTPUT_LIMIT);
    SCOPED(child_freep) struct child *child = NULL;
    const struct child_options options = {
        .arguments = all, .environment = environment, .listen = true};
    const char *text;

    TRY(child_start(&child, &options, err));
    TRY(hear_out(child, &output, err));
    TRY(child_wait(child, CHILD_FOR_EVER, &program->exit_code, err));
    child_last_words(child, program->words, sizeof(program->words));
    TRY(buffer_text(&output, &text, err));
    program->output = strdup(text);
    return program->output == NULL ? error_no_memory(err) : OK;
}

enum status
program_run(struct program *program, const char *directory, const char *name,
            const char *const *arguments, struct error *err)
{
    SCOPED(freep) char *path = path_join(directory, name);
    const char *all[ARGUMENTS_MAX + 2] = {path};

    if (path == NULL)
        return error_no_memory(err);
    for (size_t index = 0; arguments[index] != NULL; index++)
    {
        if (index == ARGUMENTS_MAX)
            return error_set(err, STATUS_CONFIG, "\"%s\" has too many arguments", name);
        all[index + 1] = arguments[index];
    }
    return run(program, all, err);
}
