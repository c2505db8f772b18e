// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/store_delete.h"
#include "repo/store_view.h"

#include <string.h>

struct stores
{
    struct store *view;
    struct store *target;
};

static void
close_stores(struct stores *stores)
{
    store_freep(&stores->view);
    store_freep(&stores->target);
}

/* A store with two objects, and a view of it. */
static void
open_stores(struct stores *stores, const struct store_view_options *options)
{
    struct error err;

    assert_ok(store_open_memory(&stores->target, &err));
    assert_ok(store_put(stores->target, "a/one", BYTES("first"), &err));
    assert_ok(store_put(stores->target, "a/two", BYTES("second"), &err));
    assert_ok(store_open_view(&stores->view, stores->target, options, &err));
}

static void
check_content(struct store *store, const char *key, const char *wanted)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);
    struct error err;
    const char *text;

    assert_ok(store_get(store, key, &content, &err));
    assert_ok(buffer_text(&content, &text, &err));
    assert_string_equal(text, wanted);
}

static enum status
count_one(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    (*(unsigned *) arg)++;
    return OK;
}

static unsigned
count_all(struct store *store)
{
    unsigned count = 0;
    struct error err;

    assert_ok(store_list(store, "", "", count_one, &count, &err));
    return count;
}

static void
a_view_shows_what_is_there_and_counts_what_passes(void **state)
{
    (void) state;
    const struct store_view_options options = {0};
    SCOPED(close_stores) struct stores stores = {NULL, NULL};

    open_stores(&stores, &options);
    check_content(stores.view, "a/one", "first");
    check_content(stores.view, "a/two", "second");
    assert_int_equal(count_all(stores.view), 2);
    assert_int_equal(store_view_bytes(stores.view), strlen("first") + strlen("second"));
}

static void
a_flipped_bit_is_in_the_view_only(void **state)
{
    (void) state;
    const struct store_view_options options = {.flipped = "a/one"};
    SCOPED(close_stores) struct stores stores = {NULL, NULL};

    open_stores(&stores, &options);
    check_content(stores.view, "a/one", "girst");
    check_content(stores.view, "a/two", "second");
    check_content(stores.target, "a/one", "first");
}

static void
a_hidden_key_is_nowhere_in_the_view(void **state)
{
    (void) state;
    const struct store_view_options options = {.hidden = "one"};
    SCOPED(close_stores) struct stores stores = {NULL, NULL};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);
    struct error err;
    uint64_t size_bytes;

    open_stores(&stores, &options);
    assert_status(store_get(stores.view, "a/one", &content, &err), STATUS_NOT_FOUND);
    assert_status(store_size(stores.view, "a/one", &size_bytes, &err), STATUS_NOT_FOUND);
    assert_int_equal(count_all(stores.view), 1);
    assert_int_equal(count_all(stores.target), 2);
}

static void
nothing_is_written_or_deleted_through_a_view(void **state)
{
    (void) state;
    const struct store_view_options options = {0};
    SCOPED(close_stores) struct stores stores = {NULL, NULL};
    struct sink *sink = NULL;
    struct error err;
    uint64_t count;

    open_stores(&stores, &options);
    assert_status(store_put(stores.view, "b", BYTES("x"), &err), STATUS_REFUSED);
    assert_status(store_create(stores.view, "b", &sink, &err), STATUS_REFUSED);
    assert_status(store_delete(stores.view, "a/one", &err), STATUS_REFUSED);
    assert_status(store_delete_unfinished(stores.view, "", 0, &count, &err), STATUS_REFUSED);
    assert_int_equal(count_all(stores.target), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_shows_what_is_there_and_counts_what_passes),
        cmocka_unit_test(a_flipped_bit_is_in_the_view_only),
        cmocka_unit_test(a_hidden_key_is_nowhere_in_the_view),
        cmocka_unit_test(nothing_is_written_or_deleted_through_a_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
