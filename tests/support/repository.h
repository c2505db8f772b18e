// SPDX-License-Identifier: PostgreSQL
/*
 * repository.h - a repository in memory for a test, sealed under a fresh key.
 */
#pragma once

#include "tests/support/faulty_store.h"

#include "repo/repo.h"

struct test_repository
{
    char *directory; /* holds the key file */
    struct repo *repo;
    struct store *target; /* below a faulty store; else NULL */
};

/* encrypted false: as with "encryption: off". */
void test_repository_open(struct test_repository *test, bool encrypted);

/* Encrypted, and opened through a faulty store, which is repo->store and not armed. */
void test_repository_open_faulty(struct test_repository *test);
/* An empty copy of it in a store of its own, opened through a faulty store. */
void test_repository_open_copy(struct test_repository *copy, const struct test_repository *of);
void test_repository_close(struct test_repository *test);
