// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *
test_directory_create(void)
{
    char *path = strdup("/tmp/redoubt-test-XXXXXX");

    if (path == NULL || mkdtemp(path) == NULL)
        fail_msg("could not create a test directory");
    return path;
}

static int
remove_entry(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void) info;
    (void) flag;
    (void) walk;
    return remove(path);
}

void
test_directory_remove(char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}
