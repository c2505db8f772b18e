// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/repository.h"

#include "base/file.h"

void
test_repository_open(struct test_repository *test, bool encrypted)
{
    SCOPED(freep) char *key_file = NULL;
    SCOPED(store_freep) struct store *store = NULL;
    struct store_dialect dialect;
    struct error err = {0};

    test->directory = test_directory_create();
    key_file = path_join(test->directory, "key");
    struct repo_options options = {.cluster = "shop",
                                   .unlock = {.key_file = key_file},
                                   .encryption_off = !encrypted,
                                   .compression_level = 1};
    assert_ok(keyring_create_key_file(key_file, &err));
    assert_ok(store_open_memory(&store, &err));
    assert_ok(repo_create(store, &options, &dialect, &err));
    assert_ok(repo_open(&test->repo, store, &options, &err));
    store = NULL;
}

void
test_repository_close(struct test_repository *test)
{
    repo_freep(&test->repo);
    test_directory_remove(test->directory);
}
