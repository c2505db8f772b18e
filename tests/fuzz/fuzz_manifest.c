// SPDX-License-Identifier: PostgreSQL
#include "repo/manifest.h"
#include "stream/sink.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the reader promises of every extent that it hands on. */
static enum status
check_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
             struct error *err)
{
    (void) arg;
    (void) err;
    if (extent->file_offset + extent->length > file->size_bytes ||
        extent->skip + extent->length > FRAME_SIZE ||
        extent->frame.offset + extent->frame.size > PACK_SIZE)
        abort();
    return OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct manifest_handler handler = {.extent = check_extent};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err;

    if (sink_open_manifest(&sink, &handler, &err) == OK &&
        sink_write(sink, (struct bytes){data, size}, &err) == OK && sink_finish(sink, &err) == OK)
        return 0;
    return 0;
}
