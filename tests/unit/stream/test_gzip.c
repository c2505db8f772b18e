// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "stream/gzip.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>

#define LIMIT ((size_t) 64 << 20)

/* What `printf hello | gzip -n` wrote. */
static const uint8_t hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
                                0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

static enum status
run(enum status (*push)(struct sink **head, struct error *err), struct bytes in, size_t piece,
    struct buffer *out, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, out, err));
    TRY(push(&sink, err));
    for (size_t at = 0; at < in.size; at += piece)
    {
        size_t size = in.size - at < piece ? in.size - at : piece;

        TRY(sink_write(sink, (struct bytes){in.data + at, size}, err));
    }
    return sink_finish(sink, err);
}

/* A megabyte that compresses somewhat. */
static uint8_t *
make_content(size_t size)
{
    uint8_t *content = malloc(size);
    uint32_t seed = 1;

    assert_non_null(content);
    for (size_t index = 0; index < size; index++)
    {
        seed = seed * 1103515245 + 12345;
        content[index] = (uint8_t) (seed >> 28);
    }
    return content;
}

static void
what_was_compressed_comes_back_in_any_pieces(void **state)
{
    static const size_t sizes[] = {0, 1, 65536, 1 << 20};
    static const size_t pieces[] = {1 << 16, 4097, SIZE_MAX / 2};
    SCOPED(freep) uint8_t *content = make_content(1 << 20);
    struct error err = {0};

    (void) state;
    for (size_t size = 0; size < 4; size++)
        for (size_t piece = 0; piece < 3; piece++)
        {
            SCOPED(buffer_release) struct buffer packed = BUFFER_INIT(LIMIT);
            SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);
            struct bytes in = {content, sizes[size]};

            assert_ok(run(sink_push_gzip, in, pieces[piece], &packed, &err));
            assert_ok(run(sink_push_gunzip, buffer_bytes(&packed), pieces[piece] / 3, &back, &err));
            assert_true(bytes_equal(in, buffer_bytes(&back)));
        }
}

static void
what_gzip_wrote_is_read_byte_by_byte(void **state)
{
    SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);
    struct error err = {0};

    (void) state;
    assert_ok(run(sink_push_gunzip, (struct bytes){hello, sizeof(hello)}, 1, &back, &err));
    assert_true(bytes_equal(bytes_of("hello"), buffer_bytes(&back)));
}

static void
what_expands_a_thousandfold_comes_back(void **state)
{
    SCOPED(freep) uint8_t *zeros = calloc(1, 8 << 20);
    SCOPED(buffer_release) struct buffer packed = BUFFER_INIT(LIMIT);
    SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);
    struct error err = {0};

    (void) state;
    assert_ok(run(sink_push_gzip, (struct bytes){zeros, 8 << 20}, 8 << 20, &packed, &err));
    assert_between((int64_t) packed.size, 0, 16 << 10);
    assert_ok(run(sink_push_gunzip, buffer_bytes(&packed), packed.size, &back, &err));
    assert_int_equal(back.size, 8 << 20);
}

static void
any_truncation_is_corrupt(void **state)
{
    struct error err = {0};

    (void) state;
    for (size_t size = 0; size < sizeof(hello); size++)
    {
        SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);

        assert_status(
            run(sink_push_gunzip, (struct bytes){hello, size}, sizeof(hello), &back, &err),
            STATUS_CORRUPT);
        assert_message("ends too early");
    }
}

static void
bytes_behind_the_end_are_corrupt(void **state)
{
    static const size_t pieces[] = {1, sizeof(hello), sizeof(hello) + 1};
    uint8_t longer[sizeof(hello) + 1] = {0};
    struct error err = {0};

    (void) state;
    memcpy(longer, hello, sizeof(hello));
    for (size_t index = 0; index < 3; index++)
    {
        SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);

        assert_status(run(sink_push_gunzip, (struct bytes){longer, sizeof(longer)}, pieces[index],
                          &back, &err),
                      STATUS_CORRUPT);
        assert_message("goes on after its end");
    }
}

/* Bytes 4 to 9 are a time and flags that decide nothing. */
static void
any_flipped_byte_of_magic_data_or_sums_is_corrupt(void **state)
{
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(hello); index++)
    {
        SCOPED(buffer_release) struct buffer back = BUFFER_INIT(LIMIT);
        uint8_t damaged[sizeof(hello)];

        if (index >= 4 && index <= 9)
            continue;
        memcpy(damaged, hello, sizeof(hello));
        damaged[index] ^= 0xff;
        assert_status(run(sink_push_gunzip, (struct bytes){damaged, sizeof(damaged)},
                          sizeof(damaged), &back, &err),
                      STATUS_CORRUPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_comes_back_in_any_pieces),
        cmocka_unit_test(what_gzip_wrote_is_read_byte_by_byte),
        cmocka_unit_test(what_expands_a_thousandfold_comes_back),
        cmocka_unit_test(any_truncation_is_corrupt),
        cmocka_unit_test(bytes_behind_the_end_are_corrupt),
        cmocka_unit_test(any_flipped_byte_of_magic_data_or_sums_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
