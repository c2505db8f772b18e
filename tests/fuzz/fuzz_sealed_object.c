// SPDX-License-Identifier: PostgreSQL
#include "stream/seal.h"
#include "stream/sink.h"
#include "stream/zstd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status
any_key(void *arg, const struct seal_key_id *id, struct secret *data_key, struct error *err)
{
    (void) arg;
    (void) id;
    (void) err;
    *data_key = (struct secret){{0}};
    return OK;
}

/* The first byte chooses the stages: unsealing, decompression, or both. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t repository_id[REPOSITORY_ID_SIZE];
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err;

    if (size == 0 || sink_open_null(&sink, &err) != OK)
        return 0;
    if ((data[0] & 1) != 0 && sink_push_unzstd(&sink, &err) != OK)
        return 0;
    if ((data[0] & 2) != 0 &&
        sink_push_unseal(&sink, (struct seal_key_source){any_key, NULL},
                         (struct seal_binding){repository_id, "fuzz"}, &err) != OK)
        return 0;
    if (sink_write(sink, (struct bytes){data + 1, size - 1}, &err) == OK &&
        sink_finish(sink, &err) == OK)
        return 0;
    return 0;
}
