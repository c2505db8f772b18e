// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/contract/store_fixture.h"

#include "base/clock.h"
#include "repo/store_delete.h"
#include "stream/sink.h"

void
deletion_is_resumable(void **state)
{
    struct error err = {0};
    uint64_t size_bytes;

    assert_ok(store_put(store_of(state), "a/gone", BYTES("x"), &err));
    assert_ok(store_put(store_of(state), "a/stays", BYTES("x"), &err));

    assert_ok(store_delete(store_of(state), "a/gone", &err));
    assert_ok(store_delete(store_of(state), "a/gone", &err));
    assert_ok(store_delete(store_of(state), "no/such/folder", &err));

    assert_status(store_size(store_of(state), "a/gone", &size_bytes, &err), STATUS_NOT_FOUND);
    assert_listing(store_of(state), "", "", "a/stays:1 ");
}

static enum status
delete_visited(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) size_bytes;
    return store_delete(arg, key, err);
}

void
a_visitor_may_delete_what_it_visits(void **state)
{
    static const char *const keys[] = {"a/1", "a/2", "a/b/3", "a/b/4", "b/5"};
    struct store *store = store_of(state);
    struct error err = {0};

    put_all(store, keys, sizeof(keys) / sizeof(keys[0]));

    assert_ok(store_list(store, "a/", "", delete_visited, store, &err));

    assert_listing(store, "", "", "b/5:3 ");
}

#define HOUR (3600 * US_PER_SECOND)

static void
begin_stream(struct store *store, const char *key, struct sink **sink)
{
    const size_t size = driver->part_size_bytes + 1;
    SCOPED(freep) uint8_t *content = make_content(size);
    struct error err = {0};

    assert_ok(store_create(store, key, sink, &err));
    assert_ok(sink_write(*sink, (struct bytes){content, size}, &err));
}

void
an_unfinished_stream_that_is_not_old_is_left_alone(void **state)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t count = 99;
    uint64_t size_bytes;

    begin_stream(store_of(state), "a/stream", &sink);

    assert_ok(store_delete_unfinished(store_of(state), "a/", clock_now() - HOUR, &count, &err));

    assert_int_equal(count, 0);
    assert_ok(sink_finish(sink, &err));
    assert_ok(store_size(store_of(state), "a/stream", &size_bytes, &err));
    assert_int_equal(size_bytes, driver->part_size_bytes + 1);
}

void
an_old_unfinished_stream_is_removed_and_can_not_finish(void **state)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t count = 99;

    assert_ok(store_put(store_of(state), "a/object", BYTES("stays"), &err));
    begin_stream(store_of(state), "a/stream", &sink);

    assert_ok(store_delete_unfinished(store_of(state), "a/", clock_now() + HOUR, &count, &err));

    assert_int_equal(count, driver->leaves_unfinished ? 1 : 0);
    if (driver->leaves_unfinished)
        assert_int_not_equal(sink_finish(sink, &err), OK);
    assert_listing(store_of(state), "", "", "a/object:5 ");
}

void
where_nothing_is_unfinished_nothing_is_removed(void **state)
{
    struct error err = {0};
    uint64_t count = 99;

    assert_ok(store_delete_unfinished(store_of(state), "a/", clock_now() + HOUR, &count, &err));

    assert_int_equal(count, 0);
}
