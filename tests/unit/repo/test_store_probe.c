// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/store.h"

#include <stdlib.h>

/* A store in memory, all but for what it does with an object that exists. */
enum manner
{
    REFUSES,
    REPLACES,
    REPLACES_AND_REFUSES,
    HAS_NO_CONDITIONS,
    FAILS_THE_SECOND_TIME,
};

struct odd_store
{
    struct store base;
    struct store *memory;
    enum manner manner;
    unsigned put_count;
};

static enum status
odd_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    struct odd_store *store = (struct odd_store *) base;

    if (store->manner == HAS_NO_CONDITIONS)
        return error_set(err, STATUS_UNSUPPORTED, "not implemented");
    if (store->put_count++ == 0 || store->manner == REFUSES)
        return store->memory->ops->put(store->memory, key, body, err);
    if (store->manner == FAILS_THE_SECOND_TIME)
        return error_set(err, STATUS_TRANSIENT, "out of order");
    TRY(store->memory->ops->remove(store->memory, key, err));
    TRY(store->memory->ops->put(store->memory, key, body, err));
    return store->manner == REPLACES ? OK : error_set(err, STATUS_CONFLICT, "exists");
}

static enum status
odd_read(struct store *base, const char *key, uint64_t offset, uint64_t length, struct sink *into,
         struct error *err)
{
    return store_read(((struct odd_store *) base)->memory, key, offset, length, into, err);
}

static enum status
odd_remove(struct store *base, const char *key, struct error *err)
{
    struct store *memory = ((struct odd_store *) base)->memory;

    return memory->ops->remove(memory, key, err);
}

static void
odd_free(struct store *base)
{
    (void) base;
}

static const struct store_ops odd_ops = {
    .name = "odd",
    .put = odd_put,
    .read = odd_read,
    .remove = odd_remove,
    .free = odd_free,
};

static enum status
fail_on_any(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) arg;
    (void) size_bytes;
    return error_set(err, STATUS_REFUSED, "\"%s\" was left", key);
}

/* Probe a store of this manner; whatever happens, nothing stays. */
static enum status
probe(enum manner manner, struct store_dialect *dialect, struct error *err)
{
    SCOPED(store_freep) struct store *memory = NULL;
    struct odd_store odd = {.base = {.ops = &odd_ops}, .manner = manner};
    struct error left = {0};
    enum status status;

    TRY(store_open_memory(&memory, err));
    odd.memory = memory;
    status = store_probe(&odd.base, dialect, err);
    if (store_list(memory, "", "", fail_on_any, NULL, &left) != OK)
        fail_msg("%s", left.message);
    return status;
}

static void
a_store_is_known_by_what_it_does(void **state)
{
    static const struct
    {
        enum manner manner;
        bool conditional_create;
        const char *description;
    } cases[] = {
        {REFUSES, true, "refuses to replace"},
        {REPLACES, false, "without a word"},
        {REPLACES_AND_REFUSES, false, "all the same"},
        {HAS_NO_CONDITIONS, false, "no conditional creation"},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct store_dialect dialect = {0};

        assert_ok(probe(cases[index].manner, &dialect, &err));
        assert_int_equal(dialect.conditional_create, cases[index].conditional_create);
        assert_non_null(strstr(dialect.description, cases[index].description));
    }
}

static void
a_store_that_fails_is_not_judged(void **state)
{
    struct store_dialect dialect = {0};
    struct error err = {0};

    (void) state;
    assert_status(probe(FAILS_THE_SECOND_TIME, &dialect, &err), STATUS_TRANSIENT);
    assert_string_equal(err.message, "out of order");
    assert_false(dialect.conditional_create);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_known_by_what_it_does),
        cmocka_unit_test(a_store_that_fails_is_not_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
