// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/receipt_build.h"
#include "tests/support/repository.h"

#include <stdlib.h>

static int
open_repository(void **state, bool encrypted)
{
    struct test_repository *test = calloc(1, sizeof(*test));

    assert_non_null(test);
    test_repository_open(test, encrypted);
    *state = test;
    return 0;
}

static int
open_sealed(void **state)
{
    return open_repository(state, true);
}

static int
open_plain(void **state)
{
    return open_repository(state, false);
}

static int
close_repository(void **state)
{
    test_repository_close(*state);
    free(*state);
    return 0;
}

static void
key_of(struct repo *repo, const char *id, char key[STORE_KEY_MAX + 1])
{
    struct error err = {0};

    assert_ok(drill_key(repo, id, key, &err));
}

static void
a_receipt_is_stored_and_loaded(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(receipt_release) struct receipt read;
    SCOPED(json_freep) json_t *one = NULL;
    SCOPED(json_freep) json_t *other = NULL;
    struct error err = {0};

    receipt_build(&receipt, 1);
    receipt_init(&read);
    assert_ok(receipt_store(repo, &receipt, &err));
    assert_ok(receipt_load(repo, receipt.drill.id, &read, &err));
    one = receipt_to_json(&receipt);
    other = receipt_to_json(&read);
    assert_true(json_equal(one, other) != 0);
}

static void
a_receipt_is_never_replaced(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};

    receipt_build(&receipt, 1);
    assert_ok(receipt_store(repo, &receipt, &err));
    assert_status(receipt_store(repo, &receipt, &err), STATUS_CONFLICT);
}

static void
one_that_is_not_there_is_not_found(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};

    receipt_init(&receipt);
    assert_status(receipt_load(repo, drill_build(1, DRILL_PASSED).id, &receipt, &err),
                  STATUS_NOT_FOUND);
    assert_status(receipt_load(repo, "../log/1", &receipt, &err), STATUS_NOT_FOUND);
}

/* Of the receipt of drill 2, at any place. */
static void
each_byte_that_was_changed_is_noticed(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
    SCOPED(receipt_release) struct receipt receipt;
    char key[STORE_KEY_MAX + 1];
    char id[DRILL_ID_SIZE];
    struct error err = {0};

    receipt_build(&receipt, 2);
    memcpy(id, receipt.drill.id, sizeof(id));
    assert_ok(receipt_store(repo, &receipt, &err));
    key_of(repo, id, key);
    assert_ok(store_get(repo->store, key, &body, &err));
    for (size_t at = 0; at < body.size; at += body.size / 97)
    {
        body.data[at] ^= 1;
        assert_ok(store_delete(repo->store, key, &err));
        assert_ok(store_put(repo->store, key, buffer_bytes(&body), &err));
        receipt_release(&receipt);
        assert_true(receipt_load(repo, id, &receipt, &err) != OK);
        body.data[at] ^= 1;
    }
}

/* Whole and well-formed, and another drill's: nothing but its own words tells, unsealed. */
static void
a_receipt_in_the_place_of_another_is_corrupt(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
    SCOPED(receipt_release) struct receipt receipt;
    const struct drill other = drill_build(2, DRILL_PASSED);
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    receipt_build(&receipt, 1);
    assert_ok(receipt_store(repo, &receipt, &err));
    key_of(repo, receipt.drill.id, key);
    assert_ok(store_get(repo->store, key, &body, &err));
    key_of(repo, other.id, key);
    assert_ok(store_put(repo->store, key, buffer_bytes(&body), &err));
    receipt_release(&receipt);
    assert_status(receipt_load(repo, other.id, &receipt, &err), STATUS_CORRUPT);
    assert_message(key);
}

#define SEALED(test) cmocka_unit_test_setup_teardown(test, open_sealed, close_repository)
#define PLAIN(test)  cmocka_unit_test_setup_teardown(test, open_plain, close_repository)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(a_receipt_is_stored_and_loaded),
        PLAIN(a_receipt_is_stored_and_loaded),
        SEALED(a_receipt_is_never_replaced),
        PLAIN(a_receipt_is_never_replaced),
        SEALED(one_that_is_not_there_is_not_found),
        PLAIN(one_that_is_not_there_is_not_found),
        SEALED(a_receipt_in_the_place_of_another_is_corrupt),
        PLAIN(a_receipt_in_the_place_of_another_is_corrupt),
        SEALED(each_byte_that_was_changed_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
