// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "stream/sink.h"
#include "stream/thread.h"

#include <stdlib.h>

#define SIZE (3 * 1024 * 1024 + 17)

static uint8_t *
content_of(void)
{
    uint8_t *content = malloc(SIZE);

    for (size_t index = 0; index < SIZE; index++)
        content[index] = (uint8_t) (index * 13 + index / 257);
    return content;
}

static enum status
feed(struct sink *sink, struct bytes bytes, size_t step, struct error *err)
{
    while (bytes.size > 0)
    {
        size_t size = bytes.size < step ? bytes.size : step;

        TRY(sink_write(sink, (struct bytes){bytes.data, size}, err));
        bytes.data += size;
        bytes.size -= size;
    }
    return sink_finish(sink, err);
}

static void
what_goes_in_comes_out_in_order_whatever_the_pieces(void **state)
{
    static const size_t steps[] = {7, 4096, 256 * 1024, SIZE};
    SCOPED(freep) uint8_t *content = content_of();
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]); index++)
    {
        SCOPED(buffer_release) struct buffer out = BUFFER_INIT(SIZE);
        SCOPED(sink_freep) struct sink *sink = NULL;

        assert_ok(sink_open_buffer(&sink, &out, &err));
        assert_ok(sink_push_thread(&sink, &err));
        assert_ok(feed(sink, (struct bytes){content, SIZE}, steps[index], &err));
        assert_true(bytes_equal(buffer_bytes(&out), (struct bytes){content, SIZE}));
    }
}

static void
nothing_goes_through_as_nothing(void **state)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(10);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    (void) state;
    assert_ok(sink_open_buffer(&sink, &out, &err));
    assert_ok(sink_push_thread(&sink, &err));
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(out.size, 0);
}

static void
a_failure_below_is_the_writers_failure(void **state)
{
    SCOPED(freep) uint8_t *content = content_of();
    struct error err = {0};

    (void) state;
    for (size_t room = 0; room < SIZE; room += 300000)
    {
        SCOPED(buffer_release) struct buffer out = BUFFER_INIT(room);
        SCOPED(sink_freep) struct sink *sink = NULL;

        assert_ok(sink_open_buffer(&sink, &out, &err));
        assert_ok(sink_push_thread(&sink, &err));
        assert_status(feed(sink, (struct bytes){content, SIZE}, 100000, &err), STATUS_NO_MEMORY);
        assert_message("is full");
    }
}

static void
a_chain_that_is_abandoned_ends_its_thread(void **state)
{
    SCOPED(freep) uint8_t *content = content_of();
    struct error err = {0};

    (void) state;
    for (size_t size = 0; size < SIZE; size += 500000)
    {
        SCOPED(buffer_release) struct buffer out = BUFFER_INIT(SIZE);
        SCOPED(sink_freep) struct sink *sink = NULL;

        assert_ok(sink_open_buffer(&sink, &out, &err));
        assert_ok(sink_push_thread(&sink, &err));
        assert_ok(sink_write(sink, (struct bytes){content, size}, &err));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_in_order_whatever_the_pieces),
        cmocka_unit_test(nothing_goes_through_as_nothing),
        cmocka_unit_test(a_failure_below_is_the_writers_failure),
        cmocka_unit_test(a_chain_that_is_abandoned_ends_its_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
