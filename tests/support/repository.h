// SPDX-License-Identifier: PostgreSQL
/*
 * repository.h - a repository in memory for a test, sealed under a fresh key.
 */
#pragma once

#include "repo/repo.h"

struct test_repository
{
    char *directory; /* holds the key file */
    struct repo *repo;
};

/* encrypted false: as with "encryption: off". */
void test_repository_open(struct test_repository *test, bool encrypted);
void test_repository_close(struct test_repository *test);
