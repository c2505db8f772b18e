// SPDX-License-Identifier: PostgreSQL
#include "drill/postgres.h"

#include "base/child.h"
#include "base/file.h"
#include "pg/programs.h"

#include <stdlib.h>
#include <string.h>

#define VERSION_LIMIT 4096

/* "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; 0 when it is not like this. */
static int
major_of(const char *version)
{
    static const char before[] = "(PostgreSQL) ";
    const char *found = strstr(version, before);

    return found == NULL ? 0 : (int) strtol(found + sizeof(before) - 1, NULL, 10);
}

static enum status
ask_version(const char *path, int *major, struct error *err)
{
    SCOPED(buffer_release) struct buffer said = BUFFER_INIT(VERSION_LIMIT);
    const char *const arguments[] = {path, "--version", NULL};
    const struct child_options options = {.arguments = arguments};
    const char *text;

    TRY(child_run(&options, &said, err));
    TRY(buffer_text(&said, &text, err));
    *major = major_of(text);
    return OK;
}

static enum status
refuse_programs(const char *path, int major, struct error *err)
{
    error_context(err, "the backup is of PostgreSQL %d", major);
    error_hint(err,
               "Install the programs of PostgreSQL %d, or set postgres.bin_directory to "
               "their directory instead of \"%s\".",
               major, path);
    return STATUS_CONFIG;
}

enum status
postgres_find(const char *configured, int major, char **directory, struct error *err)
{
    SCOPED(freep) char *found = NULL;
    SCOPED(freep) char *path = NULL;
    enum status status;
    int version = 0;

    TRY(pg_programs_find(configured, major, &found, err));
    path = path_join(found, "postgres");
    if (path == NULL)
        return error_no_memory(err);
    status = ask_version(path, &version, err);
    if (status == OK && version != major)
        status = error_set(err, STATUS_CONFIG, "\"%s\" is of version %d", path, version);
    if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
        return status;
    if (status != OK)
        return refuse_programs(found, major, err);
    *directory = found;
    found = NULL;
    return OK;
}
