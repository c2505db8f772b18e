// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/difference.h"
#include "tests/support/faulty_store.h"

#include <stdio.h>
#include <stdlib.h>

struct stores
{
    struct store *source;
    struct store *target;
};

static int
open_stores(void **state)
{
    static struct stores stores;
    struct error err = {0};

    assert_ok(store_open_memory(&stores.source, &err));
    assert_ok(store_open_memory(&stores.target, &err));
    *state = &stores;
    return 0;
}

static int
close_stores(void **state)
{
    struct stores *stores = *state;

    store_freep(&stores->source);
    store_freep(&stores->target);
    return 0;
}

static void
put(struct store *store, const char *key, const char *body)
{
    struct error err = {0};

    assert_ok(store_put(store, key, bytes_of(body), &err));
}

/* "key:source,target" for each, "-" for what is not there. */
static enum status
note(void *arg, const struct difference *difference, struct error *err)
{
    char sizes[2][24] = {"-", "-"};

    if (difference->in_source)
        snprintf(sizes[0], sizeof(sizes[0]), "%llu", (unsigned long long) difference->source_size);
    if (difference->in_target)
        snprintf(sizes[1], sizeof(sizes[1]), "%llu", (unsigned long long) difference->target_size);
    return buffer_append_text(arg, err, "%s:%s,%s ", difference->key, sizes[0], sizes[1]);
}

static void
expect(struct stores *stores, const char *prefix, const char *wanted)
{
    SCOPED(buffer_release) struct buffer seen = BUFFER_INIT(1 << 20);
    struct error err = {0};
    const char *text;

    assert_ok(difference_visit(stores->source, stores->target, prefix, note, &seen, &err));
    assert_ok(buffer_text(&seen, &text, &err));
    assert_string_equal(text, wanted);
}

static void
every_key_is_visited_once_in_order_with_who_has_it(void **state)
{
    struct stores *stores = *state;

    put(stores->source, "a/1", "x");
    put(stores->source, "a/3", "xxx");
    put(stores->source, "a/5", "");
    put(stores->target, "a/0", "yy");
    put(stores->target, "a/3", "y");
    put(stores->target, "a/4", "y");
    put(stores->target, "a/9", "y");
    put(stores->source, "b/1", "x");

    expect(stores, "a/", "a/0:-,2 a/1:1,- a/3:3,1 a/4:-,1 a/5:0,- a/9:-,1 ");
    expect(stores, "b/", "b/1:1,- ");
    expect(stores, "c/", "");
}

static void
more_keys_than_the_queue_holds_pass_through(void **state)
{
    struct stores *stores = *state;
    SCOPED(buffer_release) struct buffer wanted = BUFFER_INIT(1 << 20);
    struct error err = {0};
    const char *text;

    for (int number = 0; number < 5000; number++)
    {
        char key[32];

        snprintf(key, sizeof(key), "n/%06d", number);
        put(stores->target, key, "t");
        if (number == 4999)
            put(stores->source, key, "s");
        assert_ok(buffer_append_text(&wanted, &err, "%s:%s,1 ", key, number == 4999 ? "1" : "-"));
    }

    assert_ok(buffer_text(&wanted, &text, &err));
    expect(stores, "n/", text);
}

static enum status
refuse(void *arg, const struct difference *difference, struct error *err)
{
    (void) arg;
    return error_set(err, STATUS_REFUSED, "not %s", difference->key);
}

static void
a_visitors_failure_ends_the_visit(void **state)
{
    struct stores *stores = *state;
    struct error err = {0};

    for (int number = 0; number < 3000; number++)
    {
        char key[32];

        snprintf(key, sizeof(key), "n/%06d", number);
        put(stores->target, key, "t");
    }

    assert_status(difference_visit(stores->source, stores->target, "n/", refuse, NULL, &err),
                  STATUS_REFUSED);
    assert_message("not n/000000");
}

static enum status
refuse_missing(void *arg, const struct difference *difference, struct error *err)
{
    (void) arg;
    (void) err;
    if (!difference->in_target)
        fail_msg("%s was said to be missing", difference->key);
    return OK;
}

static void
a_target_that_cannot_be_listed_is_not_an_empty_one(void **state)
{
    struct stores *stores = *state;
    SCOPED(store_freep) struct store *faulty = NULL;
    struct error err = {0};

    put(stores->source, "a/1", "x");
    put(stores->target, "a/1", "x");
    assert_ok(faulty_store_open(&faulty, stores->target, &err));
    faulty_store_arm(faulty, FAULT_TRANSIENT, 1);

    assert_status(difference_visit(stores->source, faulty, "a/", refuse_missing, NULL, &err),
                  STATUS_TRANSIENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_is_visited_once_in_order_with_who_has_it,
                                        open_stores, close_stores),
        cmocka_unit_test_setup_teardown(more_keys_than_the_queue_holds_pass_through, open_stores,
                                        close_stores),
        cmocka_unit_test_setup_teardown(a_visitors_failure_ends_the_visit, open_stores,
                                        close_stores),
        cmocka_unit_test_setup_teardown(a_target_that_cannot_be_listed_is_not_an_empty_one,
                                        open_stores, close_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
