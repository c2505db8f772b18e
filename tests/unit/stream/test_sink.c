// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "stream/sink.h"
#include "stream/zstd.h"

#include <stdlib.h>
#include <unistd.h>

static void
a_buffer_takes_what_is_written_and_no_more_than_its_limit(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(8);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    (void) state;
    assert_ok(sink_open_buffer(&sink, &buffer, &err));
    assert_ok(sink_write(sink, BYTES("time"), &err));
    assert_ok(sink_write(sink, BYTES("line"), &err));
    assert_status(sink_write(sink, BYTES("s"), &err), STATUS_NO_MEMORY);
    assert_int_equal(sink->state, SINK_FAILED);
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("timeline")));
}

static void
count_counts_and_passes_everything(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(100);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t size_bytes = 99;

    (void) state;
    assert_ok(sink_open_buffer(&sink, &buffer, &err));
    assert_ok(sink_push_count(&sink, &size_bytes, &err));
    assert_int_equal(size_bytes, 0);
    assert_ok(sink_write(sink, BYTES("segment"), &err));
    assert_ok(sink_write(sink, (struct bytes){NULL, 0}, &err));
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(size_bytes, 7);
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("segment")));
}

static void
a_stage_passes_on_the_failure_of_its_destination(void **state)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(3);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    assert_ok(sink_open_buffer(&sink, &buffer, &err));
    assert_ok(sink_push_count(&sink, &size_bytes, &err));
    assert_status(sink_write(sink, BYTES("four"), &err), STATUS_NO_MEMORY);
    assert_message("buffer of 3 bytes is full");
    assert_int_equal(sink->state, SINK_FAILED);
    assert_int_equal(sink->next->state, SINK_FAILED);
}

static void
a_file_is_pumped_from_where_it_stands_to_its_end(void **state)
{
    enum
    {
        SIZE = 3 * 256 * 1024 + 5
    };
    SCOPED(freep) uint8_t *content = malloc(SIZE);
    SCOPED(buffer_release) struct buffer copy = BUFFER_INIT(2 * SIZE);
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(fd_closep) int fd = -1;
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < SIZE; index++)
        content[index] = (uint8_t) (index * 7 + index / 256);
    assert_ok(file_temporary(&fd, &err));
    assert_ok(sink_open_fd(&sink, fd, "file", &err));
    assert_ok(sink_write(sink, (struct bytes){content, SIZE}, &err));
    assert_ok(sink_finish(sink, &err));
    sink_freep(&sink);
    assert_int_equal(lseek(fd, 100, SEEK_SET), 100); /* it does not matter where we are */

    assert_ok(sink_open_buffer(&sink, &copy, &err));
    assert_ok(sink_pump_fd(sink, fd, "file", &err));
    assert_ok(sink_finish(sink, &err));
    assert_true(bytes_equal(buffer_bytes(&copy), (struct bytes){content, SIZE}));
}

static void
writing_to_a_descriptor_that_cannot_be_written_names_the_file(void **state)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(fd_closep) int fd = -1;
    struct error err = {0};

    (void) state;
    assert_ok(fd_open(&fd, "/dev/null", 0, 0, &err));
    assert_ok(sink_open_fd(&sink, fd, "the file", &err));
    assert_status(sink_write(sink, BYTES("x"), &err), STATUS_IO);
    assert_message("could not write \"the file\"");
}

/* What a callback was handed, up to what it takes. */
struct taken
{
    struct buffer bytes;
    size_t calls;
};

static enum status
take_some(void *arg, struct bytes chunk, struct error *err)
{
    struct taken *taken = arg;

    taken->calls++;
    return buffer_append(&taken->bytes, chunk, err);
}

static void
a_callback_gets_each_write_and_its_failure_is_the_sink_s(void **state)
{
    struct taken taken = {.bytes = BUFFER_INIT(8)};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    (void) state;
    assert_ok(sink_open_call(&sink, take_some, &taken, &err));
    assert_ok(sink_write(sink, BYTES("time"), &err));
    assert_ok(sink_write(sink, BYTES("line"), &err));
    assert_int_equal(taken.calls, 2);
    assert_true(bytes_equal(buffer_bytes(&taken.bytes), BYTES("timeline")));
    assert_status(sink_write(sink, BYTES("s"), &err), STATUS_NO_MEMORY);
    assert_int_equal(sink->state, SINK_FAILED);
    buffer_release(&taken.bytes);
}

static void
a_callback_is_a_destination_for_stages(void **state)
{
    struct taken taken = {.bytes = BUFFER_INIT(100)};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    assert_ok(sink_open_call(&sink, take_some, &taken, &err));
    assert_ok(sink_push_count(&sink, &size_bytes, &err));
    assert_ok(sink_write(sink, BYTES("segment"), &err));
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(size_bytes, 7);
    assert_true(bytes_equal(buffer_bytes(&taken.bytes), BYTES("segment")));
    buffer_release(&taken.bytes);
}

static size_t freed;
static size_t finished;

static enum status
note_write(struct sink *self, struct bytes chunk, struct error *err)
{
    (void) self;
    (void) chunk;
    (void) err;
    return OK;
}

static enum status
note_finish(struct sink *self, struct error *err)
{
    (void) self;
    (void) err;
    finished++;
    return OK;
}

static void
note_free(struct sink *self)
{
    freed++;
    free(self);
}

static const struct sink_ops note_ops = {
    .name = "note", .write = note_write, .finish = note_finish, .free = note_free};

static void
freeing_a_chain_frees_all_of_it_and_finishes_nothing(void **state)
{
    struct sink *sink = calloc(1, sizeof(*sink));
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    freed = 0;
    finished = 0;
    sink->ops = &note_ops;
    assert_ok(sink_push_count(&sink, &size_bytes, &err));
    assert_ok(sink_push_zstd(&sink, (struct zstd_effort){1, 0, true}, &err));
    assert_ok(sink_write(sink, BYTES("x"), &err));
    sink_freep(&sink);
    assert_null(sink);
    assert_int_equal(freed, 1);
    assert_int_equal(finished, 0);
    sink_freep(&sink);
}

static void
finishing_a_chain_finishes_its_destination_once(void **state)
{
    SCOPED(sink_freep) struct sink *sink = calloc(1, sizeof(*sink));
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    finished = 0;
    sink->ops = &note_ops;
    assert_ok(sink_push_count(&sink, &size_bytes, &err));
    assert_ok(sink_push_zstd(&sink, (struct zstd_effort){1, 0, true}, &err));
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(finished, 1);
}

/* One zstd frame of size bytes. */
static void
compress(struct buffer *out, struct bytes plain)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    assert_ok(sink_open_buffer(&sink, out, &err));
    assert_ok(sink_push_zstd(&sink, (struct zstd_effort){1, 0, true}, &err));
    assert_ok(sink_write(sink, plain, &err));
    assert_ok(sink_finish(sink, &err));
}

static enum status
decompress(struct bytes stored, size_t step, struct buffer *out, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    out->size = 0;
    TRY(sink_open_buffer(&sink, out, err));
    TRY(sink_push_unzstd(&sink, err));
    for (size_t at = 0; at < stored.size; at += step)
    {
        size_t size = stored.size - at < step ? stored.size - at : step;

        TRY(sink_write(sink, (struct bytes){stored.data + at, size}, err));
    }
    return sink_finish(sink, err);
}

static void
a_zstd_frame_opens_whole_and_byte_by_byte_and_never_cut_or_longer(void **state)
{
    SCOPED(freep) uint8_t *content = calloc(1, 300000);
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < 300000; index += 100)
        content[index] = (uint8_t) (index / 100);
    compress(&stored, (struct bytes){content, 300000});
    for (size_t step = 1; step <= 1 << 20; step <<= 20)
    {
        assert_ok(decompress(buffer_bytes(&stored), step, &opened, &err));
        assert_true(bytes_equal(buffer_bytes(&opened), (struct bytes){content, 300000}));
    }
    for (size_t size = 0; size < stored.size; size += 1 + size / 20)
        assert_status(decompress((struct bytes){stored.data, size}, 4096, &opened, &err),
                      STATUS_CORRUPT);
    assert_ok(buffer_append(&stored, BYTES("x"), &err));
    assert_status(decompress(buffer_bytes(&stored), SIZE_MAX / 2, &opened, &err), STATUS_CORRUPT);
    assert_message("goes on after its end");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_takes_what_is_written_and_no_more_than_its_limit),
        cmocka_unit_test(count_counts_and_passes_everything),
        cmocka_unit_test(a_stage_passes_on_the_failure_of_its_destination),
        cmocka_unit_test(a_file_is_pumped_from_where_it_stands_to_its_end),
        cmocka_unit_test(writing_to_a_descriptor_that_cannot_be_written_names_the_file),
        cmocka_unit_test(a_callback_gets_each_write_and_its_failure_is_the_sink_s),
        cmocka_unit_test(a_callback_is_a_destination_for_stages),
        cmocka_unit_test(freeing_a_chain_frees_all_of_it_and_finishes_nothing),
        cmocka_unit_test(finishing_a_chain_finishes_its_destination_once),
        cmocka_unit_test(a_zstd_frame_opens_whole_and_byte_by_byte_and_never_cut_or_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
