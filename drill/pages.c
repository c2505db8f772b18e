// SPDX-License-Identifier: PostgreSQL
#include "drill/pages.h"

#include "base/child.h"
#include "base/file.h"
#include "drill/boot.h"
#include "drill/program.h"
#include "pg/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A figure of pg_checksums' summary, "Bad checksums:  1"; false when it has none. */
static bool
read_figure(const char *summary, const char *name, uint64_t *figure)
{
    const char *line = strstr(summary, name);

    if (line == NULL)
        return false;
    *figure = strtoull(line + strlen(name), NULL, 10);
    return true;
}

/* The first complaint in the last words, without the program's name. */
static void
quote_complaint(const struct program *program, char *text, size_t size)
{
    static const char mark[] = "error: ";
    const char *found = strstr(program->words, mark);
    const char *begin = found == NULL ? program->words : found + sizeof(mark) - 1;

    snprintf(text, size, "%.*s", (int) strcspn(begin, "\n"), begin);
}

static void
judge(struct trial_layer *layer, const struct program *program)
{
    char found[sizeof(layer->result->found)];
    uint64_t blocks = 0;
    uint64_t bad = 0;

    if (program->exit_code == 0 && read_figure(program->output, "Blocks scanned:", &blocks))
    {
        snprintf(found, sizeof(found), "%" PRIu64 " pages", blocks);
        trial_end(layer, CHECK_PASSED, found);
        return;
    }
    quote_complaint(program, found, sizeof(found));
    if (!read_figure(program->output, "Bad checksums:", &bad) || bad == 0)
    {
        trial_end(layer, CHECK_BROKEN, found);
        return;
    }
    layer->result->findings = bad > UINT32_MAX ? UINT32_MAX : (uint32_t) bad;
    trial_end(layer, CHECK_FAILED, found);
}

static enum status
check_pages(struct trial *trial, struct trial_layer *layer, struct error *err)
{
    SCOPED(program_release) struct program program = {0};
    const char *const arguments[] = {"--check", "-D", trial->place->data, NULL};
    const struct program_call call = {trial->programs, "pg_checksums", arguments, NULL};
    struct error reason = {0};
    enum status status = program_run(&program, &call, &reason);

    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
        trial_end_by(layer, CHECK_BROKEN, &reason);
    else
        judge(layer, &program);
    return OK;
}

static bool
has_checksums(const struct trial *trial)
{
    SCOPED(freep) char *path = path_join(trial->place->data, LAYOUT_CONTROL);
    struct pg_control control;
    struct error ignored;

    return path == NULL || pg_control_read(path, &control, &ignored) != OK ||
           control.data_checksum_version != 0;
}

enum status
pages_prove(struct trial *trial, bool *runs, struct error *err)
{
    struct trial_layer layer = trial_begin(trial, LAYER_PAGES);
    struct error reason = {0};
    enum status status;

    *runs = true;
    if (!has_checksums(trial))
    {
        trial_skip(trial, LAYER_PAGES, "the cluster was made without data checksums");
        return OK;
    }
    boot_stop(trial);
    TRY(check_pages(trial, &layer, err));
    status = boot_again(trial, &reason);
    *runs = status == OK;
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
        trial_end_by(&layer, status == STATUS_REFUSED ? CHECK_FAILED : CHECK_BROKEN, &reason);
    return OK;
}
