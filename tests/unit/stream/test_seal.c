// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "stream/seal.h"
#include "stream/sink.h"
#include "stream/zstd.h"

#include <stdlib.h>

static const uint8_t repository_id[REPOSITORY_ID_SIZE] = {1, 2, 3};
static const struct secret data_key = {{7}};
static const struct seal_key_id key_id = {{9}};

/* Sizes around a chunk's: each end of an object is one of these. */
static const size_t sizes[] = {
    0,      1, 100, SEAL_CHUNK_SIZE - 1, SEAL_CHUNK_SIZE, SEAL_CHUNK_SIZE + 1, 3 * SEAL_CHUNK_SIZE,
    200000,
};

static enum status
find_key(void *arg, const struct seal_key_id *id, struct secret *found, struct error *err)
{
    if (memcmp(id, &key_id, sizeof(*id)) != 0)
        return error_set(err, STATUS_CORRUPT, "unknown key");
    *found = *(const struct secret *) arg;
    return OK;
}

/* Feed a chain in pieces of step bytes. */
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

static enum status
seal(struct bytes plain, const char *object_key, size_t step, struct buffer *out, struct error *err)
{
    struct seal_binding binding = {repository_id, object_key};
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, out, err));
    TRY(sink_push_seal(&sink, &data_key, &key_id, &binding, NULL, err));
    return feed(sink, plain, step, err);
}

static enum status
unseal(struct bytes sealed, const char *object_key, size_t step, struct buffer *out,
       struct error *err)
{
    struct seal_binding binding = {repository_id, object_key};
    struct seal_key_source keys = {find_key, (void *) &data_key};
    SCOPED(sink_freep) struct sink *sink = NULL;

    out->size = 0;
    TRY(sink_open_buffer(&sink, out, err));
    TRY(sink_push_unseal(&sink, keys, binding, err));
    return feed(sink, sealed, step, err);
}

static uint8_t *
content_of(size_t size)
{
    uint8_t *content = malloc(size + 1);

    for (size_t index = 0; index < size; index++)
        content[index] = (uint8_t) (index * 31 + index / 251);
    return content;
}

static void
what_was_sealed_opens_whole_and_byte_by_byte(void **state)
{
    (void) state;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = content_of(sizes[index]);
        SCOPED(buffer_release) struct buffer sealed = BUFFER_INIT(1 << 20);
        SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
        struct bytes plain = {content, sizes[index]};
        size_t step = index % 2 == 0 ? 1 : 4093;

        assert_ok(seal(plain, "a/b", step, &sealed, &err));
        assert_ok(unseal(buffer_bytes(&sealed), "a/b", SIZE_MAX, &opened, &err));
        assert_true(bytes_equal(buffer_bytes(&opened), plain));
        assert_ok(unseal(buffer_bytes(&sealed), "a/b", 1, &opened, &err));
        assert_true(bytes_equal(buffer_bytes(&opened), plain));
    }
}

static void
every_truncation_is_refused(void **state)
{
    (void) state;
    SCOPED(freep) uint8_t *content = content_of(2 * SEAL_CHUNK_SIZE + 50);
    SCOPED(buffer_release) struct buffer sealed = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
    const size_t chunk = SEAL_CHUNK_SIZE + 16;
    struct error err = {0};

    assert_ok(
        seal((struct bytes){content, 2 * SEAL_CHUNK_SIZE + 50}, "k", SIZE_MAX, &sealed, &err));
    const size_t cuts[] = {0,
                           1,
                           SEAL_HEADER_SIZE - 1,
                           SEAL_HEADER_SIZE,
                           SEAL_HEADER_SIZE + 15,
                           SEAL_HEADER_SIZE + chunk,
                           SEAL_HEADER_SIZE + 2 * chunk,
                           SEAL_HEADER_SIZE + 2 * chunk + 16,
                           sealed.size - 1};
    for (size_t index = 0; index < sizeof(cuts) / sizeof(cuts[0]); index++)
        assert_status(unseal((struct bytes){sealed.data, cuts[index]}, "k", 999, &opened, &err),
                      STATUS_CORRUPT);
}

static void
a_flipped_bit_is_refused_and_nothing_of_its_chunk_comes_out(void **state)
{
    (void) state;
    SCOPED(freep) uint8_t *content = content_of(SEAL_CHUNK_SIZE + 40);
    SCOPED(buffer_release) struct buffer sealed = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_ok(seal((struct bytes){content, SEAL_CHUNK_SIZE + 40}, "k", SIZE_MAX, &sealed, &err));
    for (size_t index = 0; index < sealed.size; index += index < 120 ? 1 : 997)
    {
        sealed.data[index] ^= 0x40;
        enum status status = unseal(buffer_bytes(&sealed), "k", SIZE_MAX, &opened, &err);

        assert_true(status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED);
        assert_true(opened.size == 0 || opened.size == SEAL_CHUNK_SIZE);
        assert_true(index >= SEAL_HEADER_SIZE + SEAL_CHUNK_SIZE || opened.size == 0);
        sealed.data[index] ^= 0x40;
    }
}

static void
an_object_under_another_name_is_refused(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer sealed = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_ok(seal(BYTES("secret"), "shop/wal/1", SIZE_MAX, &sealed, &err));
    assert_status(unseal(buffer_bytes(&sealed), "shop/wal/2", SIZE_MAX, &opened, &err),
                  STATUS_CORRUPT);
    assert_message("authentication failed");
}

static void
chunks_in_another_order_are_refused(void **state)
{
    (void) state;
    SCOPED(freep) uint8_t *content = content_of(3 * SEAL_CHUNK_SIZE);
    SCOPED(buffer_release) struct buffer sealed = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer opened = BUFFER_INIT(1 << 20);
    const size_t chunk = SEAL_CHUNK_SIZE + 16;
    struct error err = {0};
    uint8_t *first;

    assert_ok(seal((struct bytes){content, 3 * SEAL_CHUNK_SIZE}, "k", SIZE_MAX, &sealed, &err));
    first = sealed.data + SEAL_HEADER_SIZE;
    for (size_t index = 0; index < chunk; index++)
    {
        uint8_t byte = first[index];

        first[index] = first[index + chunk];
        first[index + chunk] = byte;
    }
    assert_status(unseal(buffer_bytes(&sealed), "k", SIZE_MAX, &opened, &err), STATUS_CORRUPT);
    assert_int_equal(opened.size, 0);
}

static void
sealing_stops_when_its_destination_is_full(void **state)
{
    (void) state;
    struct error err = {0};

    for (size_t room = 0; room < 260; room += 13)
    {
        SCOPED(buffer_release) struct buffer small = BUFFER_INIT(room);

        assert_status(seal(BYTES("0123456789 0123456789 0123456789 0123456789 0123456789 "
                                 "0123456789 0123456789 0123456789 0123456789 0123456789 "
                                 "0123456789 0123456789 0123456789 0123456789 0123456789 "),
                           "k", 7, &small, &err),
                      STATUS_NO_MEMORY);
    }
}

static enum status
unzstd(struct bytes bytes, size_t step, struct buffer *out, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    out->size = 0;
    TRY(sink_open_buffer(&sink, out, err));
    TRY(sink_push_unzstd(&sink, err));
    return feed(sink, bytes, step, err);
}

static enum status
zstd(struct bytes bytes, size_t step, struct buffer *out, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, out, err));
    TRY(sink_push_zstd(&sink, (struct zstd_effort){1, 0, true}, err));
    return feed(sink, bytes, step, err);
}

static void
zstd_gives_back_what_it_took_and_refuses_every_cut(void **state)
{
    (void) state;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = content_of(sizes[index]);
        SCOPED(buffer_release) struct buffer compressed = BUFFER_INIT(1 << 20);
        SCOPED(buffer_release) struct buffer plain = BUFFER_INIT(1 << 20);

        assert_ok(zstd((struct bytes){content, sizes[index]}, 5000, &compressed, &err));
        assert_ok(unzstd(buffer_bytes(&compressed), 1, &plain, &err));
        assert_true(bytes_equal(buffer_bytes(&plain), (struct bytes){content, sizes[index]}));
        for (size_t cut = 0; cut < compressed.size; cut += 1 + cut / 8)
            assert_status(unzstd((struct bytes){compressed.data, cut}, SIZE_MAX, &plain, &err),
                          STATUS_CORRUPT);
        assert_ok(buffer_append(&compressed, BYTES("x"), &err));
        assert_status(unzstd(buffer_bytes(&compressed), SIZE_MAX, &plain, &err), STATUS_CORRUPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_whole_and_byte_by_byte),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_and_nothing_of_its_chunk_comes_out),
        cmocka_unit_test(an_object_under_another_name_is_refused),
        cmocka_unit_test(chunks_in_another_order_are_refused),
        cmocka_unit_test(sealing_stops_when_its_destination_is_full),
        cmocka_unit_test(zstd_gives_back_what_it_took_and_refuses_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
