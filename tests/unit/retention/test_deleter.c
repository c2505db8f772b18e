// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/deleter.h"
#include "tests/support/faulty_store.h"

#include <stdio.h>

#define OBJECTS 300

static enum status
count_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    (*(size_t *) arg)++;
    return OK;
}

static size_t
count_objects(struct store *store)
{
    struct error err = {0};
    size_t count = 0;

    assert_ok(store_list(store, "", "", count_object, &count, &err));
    return count;
}

static void
fill(struct store *store)
{
    struct error err = {0};
    char key[32];

    for (int index = 0; index < OBJECTS; index++)
    {
        snprintf(key, sizeof(key), "a/%03d", index);
        assert_ok(store_put(store, key, BYTES("x"), &err));
    }
    assert_ok(store_put(store, "b/stays", BYTES("x"), &err));
}

static enum status
delete_all(struct store *store, unsigned workers, uint64_t *count, struct error *err)
{
    SCOPED(deleter_freep) struct deleter *deleter = NULL;
    char key[32];

    TRY(deleter_start(&deleter, store, workers, err));
    for (int index = 0; index < OBJECTS; index++)
    {
        snprintf(key, sizeof(key), "a/%03d", index);
        TRY(deleter_send(deleter, key, err));
    }
    return deleter_finish(deleter, count, err);
}

static void
what_was_sent_is_gone_when_it_is_finished(void **state)
{
    static const unsigned workers[] = {1, 2, 8};

    (void) state;
    for (size_t index = 0; index < sizeof(workers) / sizeof(workers[0]); index++)
    {
        SCOPED(store_freep) struct store *store = NULL;
        struct error err = {0};
        uint64_t count = 7;

        assert_ok(store_open_memory(&store, &err));
        fill(store);
        assert_ok(delete_all(store, workers[index], &count, &err));
        assert_int_equal(count_objects(store), 1);
        assert_int_equal(count, 7 + OBJECTS);
    }
}

static void
a_failure_ends_it_and_is_the_one_that_is_told(void **state)
{
    static const unsigned workers[] = {1, 8};

    (void) state;
    for (size_t index = 0; index < sizeof(workers) / sizeof(workers[0]); index++)
    {
        SCOPED(store_freep) struct store *store = NULL;
        SCOPED(store_freep) struct store *faulty = NULL;
        struct error err = {0};
        uint64_t count = 0;

        assert_ok(store_open_memory(&store, &err));
        assert_ok(faulty_store_open(&faulty, store, &err));
        fill(store);
        faulty_store_arm(faulty, FAULT_IO, 5);
        assert_status(delete_all(faulty, workers[index], &count, &err), STATUS_IO);
        assert_message("the store was told to fail");
        assert_true(count_objects(store) > 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_is_gone_when_it_is_finished),
        cmocka_unit_test(a_failure_ends_it_and_is_the_one_that_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
