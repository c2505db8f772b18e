// SPDX-License-Identifier: PostgreSQL
#include "stream/gzip.h"
#include "stream/sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A bomb may be one: what comes out is not kept, only cut. */
static enum status
count(void *arg, struct bytes chunk, struct error *err)
{
    size_t *left = arg;

    if (chunk.size > *left)
        return error_set(err, STATUS_NO_MEMORY, "enough");
    *left -= chunk.size;
    return OK;
}

/* In two pieces, the first as long as the first byte says. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    size_t left = (size_t) 4 << 20;
    size_t first = size == 0 ? 0 : data[0] % size;
    struct error err;

    if (size == 0 || sink_open_call(&sink, count, &left, &err) != OK ||
        sink_push_gunzip(&sink, &err) != OK)
        return 0;
    if (sink_write(sink, (struct bytes){data + 1, first}, &err) == OK &&
        sink_write(sink, (struct bytes){data + 1 + first, size - 1 - first}, &err) == OK)
        (void) !sink_finish(sink, &err);
    return 0;
}
