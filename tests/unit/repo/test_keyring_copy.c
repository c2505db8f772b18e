// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/keyring.h"
#include "repo/store_delete.h"
#include "tests/support/repository.h"

#include <stdlib.h>

static enum status
count_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    ++*(unsigned *) arg;
    return OK;
}

static unsigned
count_keys(struct store *store)
{
    unsigned count = 0;
    struct error err = {0};

    assert_ok(store_list(store, "keys/", "", count_key, &count, &err));
    return count;
}

static void
all_keys_are_copied_once_and_open_there(void **state)
{
    (void) state;
    struct test_repository original;
    struct test_repository copy;
    struct seal_key_id newest;
    struct secret ours;
    struct secret theirs;
    struct error err = {0};

    test_repository_open(&original, true);
    test_repository_open_copy(&copy, &original);
    assert_ok(keyring_add_key(original.repo->keyring, &err));

    for (int turn = 0; turn < 2; turn++)
        assert_ok(
            keyring_copy(original.repo->keyring, original.repo->store, copy.repo->store, &err));

    assert_int_equal(count_keys(copy.repo->store), 2);
    assert_ok(keyring_active(original.repo->keyring, &newest, &ours, &err));
    assert_ok(keyring_find(copy.repo->keyring, &newest, &theirs, &err));
    assert_memory_equal(ours.bytes, theirs.bytes, sizeof(ours.bytes));
    test_repository_close(&copy);
    test_repository_close(&original);
}

static enum status
spoil_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(4096);
    struct store *store = arg;

    (void) size_bytes;
    TRY(store_get(store, key, &text, err));
    text.data[text.size - 5] ^= 1; /* in the wrapped key */
    TRY(store_delete(store, key, err));
    return store_put(store, key, buffer_bytes(&text), err);
}

static void
another_key_under_the_same_name_is_never_replaced(void **state)
{
    (void) state;
    struct test_repository original;
    struct test_repository copy;
    struct error err = {0};

    test_repository_open(&original, true);
    test_repository_open_copy(&copy, &original);
    assert_ok(store_list(copy.target, "keys/", "", spoil_key, copy.target, &err));

    assert_status(
        keyring_copy(original.repo->keyring, original.repo->store, copy.repo->store, &err),
        STATUS_CORRUPT);
    assert_message("has another \"keys/");
    test_repository_close(&copy);
    test_repository_close(&original);
}

static void
a_key_that_does_not_open_is_not_copied(void **state)
{
    (void) state;
    struct test_repository original;
    SCOPED(store_freep) struct store *target = NULL;
    struct error err = {0};

    test_repository_open(&original, true);
    assert_ok(store_open_memory(&target, &err));
    assert_ok(store_list(original.repo->store, "keys/", "", spoil_key, original.repo->store, &err));

    assert_status(keyring_copy(original.repo->keyring, original.repo->store, target, &err),
                  STATUS_CORRUPT);
    assert_int_equal(count_keys(target), 0);
    test_repository_close(&original);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_are_copied_once_and_open_there),
        cmocka_unit_test(another_key_under_the_same_name_is_never_replaced),
        cmocka_unit_test(a_key_that_does_not_open_is_not_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
