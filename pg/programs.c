// SPDX-License-Identifier: PostgreSQL
#include "pg/programs.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
has_programs(const char *directory)
{
    SCOPED(freep) char *path = path_join(directory, "pg_dump");

    return path != NULL && access(path, X_OK) == 0;
}

enum status
pg_programs_find(const char *configured, int major, char **directory, struct error *err)
{
    static const char *const patterns[] = {
        "/usr/lib/postgresql/%d/bin", /* Debian */
        "/usr/pgsql-%d/bin",          /* Red Hat */
        "/usr/local/pgsql/bin",
    };

    if (configured != NULL)
    {
        *directory = strdup(configured);
        return *directory == NULL ? error_no_memory(err) : OK;
    }
    for (size_t index = 0; index < sizeof(patterns) / sizeof(patterns[0]); index++)
    {
        SCOPED(freep) char *candidate = NULL;

        if (asprintf(&candidate, patterns[index], major) < 0)
            return error_no_memory(err);
        if (!has_programs(candidate))
            continue;
        *directory = candidate;
        candidate = NULL;
        return OK;
    }
    error_set(err, STATUS_CONFIG, "could not find the programs of PostgreSQL %d", major);
    error_hint(err, "Install them, or set postgres.bin_directory.");
    return STATUS_CONFIG;
}
