// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_scan.h"
#include "stream/sink.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status
take_frame(void *arg, const struct frame_place *place, struct bytes content, struct error *err)
{
    uint32_t *expected = arg;

    (void) err;
    if (place->number != *expected || content.size > FRAME_SIZE ||
        place->offset > PACK_SIZE - place->size)
        __builtin_trap();
    (*expected)++;
    return OK;
}

static enum status
take_damage(void *arg, const struct frame_place *place, const struct error *reason,
            struct error *err)
{
    uint32_t *expected = arg;

    (void) reason;
    (void) err;
    if (place != NULL)
        (*expected)++;
    return OK;
}

/* The first byte says how long the pieces are; a header that is right comes before the rest. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct repo repo; /* without encryption: what anybody with the store could write */
    static struct pack_reader *reader;
    uint8_t header[PACK_HEADER_SIZE] = {'R', 'D', 'B', 'T', 'P', 'A', 'C', 'K', 1};
    uint32_t expected = 0;
    const struct pack_scan_handler handler = {NULL, take_frame, take_damage, &expected};
    const uint8_t id[PACK_ID_SIZE] = {0};
    SCOPED(sink_freep) struct sink *sink = NULL;
    size_t step = size == 0 ? 1 : (size_t) data[0] + 1;
    struct error err;

    if (reader == NULL && pack_reader_create(&reader, &repo, &err) != OK)
        return 0;
    if (sink_open_pack_scan(&sink, reader, id, &handler, &err) != OK ||
        sink_write(sink, (struct bytes){header, sizeof(header)}, &err) != OK)
        __builtin_trap();
    for (size_t at = 1; at < size; at += step)
    {
        size_t left = size - at;

        if (sink_write(sink, (struct bytes){data + at, left < step ? left : step}, &err) != OK)
            return 0;
    }
    if (sink_finish(sink, &err) != OK)
        __builtin_trap();
    return 0;
}
