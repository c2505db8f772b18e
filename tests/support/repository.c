// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/repository.h"

#include "base/file.h"

/* Make a repository in a new store in memory, and open it there or through a faulty store. */
static void
open_in_memory(struct test_repository *test, bool encrypted, bool faulty)
{
    SCOPED(freep) char *key_file = NULL;
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(store_freep) struct store *decorated = NULL;
    struct store_dialect dialect;
    struct error err = {0};

    *test = (struct test_repository){.directory = test_directory_create()};
    key_file = path_join(test->directory, "key");
    struct repo_options options = {.cluster = "shop",
                                   .unlock = {.key_file = key_file},
                                   .encryption_off = !encrypted,
                                   .compression_level = 1};
    assert_ok(keyring_create_key_file(key_file, &err));
    assert_ok(store_open_memory(&store, &err));
    assert_ok(repo_create(store, &options, &dialect, &err));
    if (faulty)
        assert_ok(faulty_store_open(&decorated, store, &err));
    assert_ok(repo_open(&test->repo, faulty ? decorated : store, &options, &err));
    if (faulty)
        test->target = store;
    decorated = NULL;
    store = NULL;
}

void
test_repository_open(struct test_repository *test, bool encrypted)
{
    open_in_memory(test, encrypted, false);
}

void
test_repository_open_faulty(struct test_repository *test)
{
    open_in_memory(test, true, true);
}

void
test_repository_open_copy(struct test_repository *copy, const struct test_repository *of)
{
    SCOPED(freep) char *key_file = path_join(of->directory, "key");
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(store_freep) struct store *faulty = NULL;
    struct repo_options options = {.cluster = "shop",
                                   .unlock = {.key_file = key_file},
                                   .encryption_off = of->repo->keyring == NULL,
                                   .copy = true,
                                   .compression_level = 1};
    struct store_dialect dialect;
    struct error err = {0};

    *copy = (struct test_repository){0};
    assert_ok(store_open_memory(&store, &err));
    assert_ok(repo_create_copy(store, of->repo, &options, &dialect, &err));
    assert_ok(faulty_store_open(&faulty, store, &err));
    assert_ok(repo_open(&copy->repo, faulty, &options, &err));
    copy->target = store;
    faulty = NULL;
    store = NULL;
}

void
test_repository_close(struct test_repository *test)
{
    repo_freep(&test->repo);
    store_freep(&test->target);
    if (test->directory != NULL)
        test_directory_remove(test->directory);
}
