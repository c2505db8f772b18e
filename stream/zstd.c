// SPDX-License-Identifier: PostgreSQL
#include "stream/zstd.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <zstd.h>

struct zstd_sink
{
    struct sink base;
    ZSTD_CCtx *compress; /* one of the two */
    ZSTD_DCtx *decompress;
    size_t pending; /* decompressing: what zstd wants yet; 0 at the end of the frame */
    size_t capacity;
    uint8_t out[];
};

static enum status
compress(struct zstd_sink *sink, struct bytes chunk, ZSTD_EndDirective end, struct error *err)
{
    ZSTD_inBuffer in = {chunk.data, chunk.size, 0};
    size_t left;

    do
    {
        ZSTD_outBuffer out = {sink->out, sink->capacity, 0};

        left = ZSTD_compressStream2(sink->compress, &out, &in, end);
        if (ZSTD_isError(left))
            return error_set(err, STATUS_IO, "could not compress: %s", ZSTD_getErrorName(left));
        TRY(sink_write(sink->base.next, (struct bytes){sink->out, out.pos}, err));
    } while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return OK;
}

static enum status
zstd_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return compress((struct zstd_sink *) self, chunk, ZSTD_e_continue, err);
}

static enum status
zstd_finish(struct sink *self, struct error *err)
{
    TRY(compress((struct zstd_sink *) self, (struct bytes){NULL, 0}, ZSTD_e_end, err));
    return sink_finish(self->next, err);
}

static enum status
unzstd_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct zstd_sink *sink = (struct zstd_sink *) self;
    ZSTD_inBuffer in = {chunk.data, chunk.size, 0};
    bool flushed = false;

    while (in.pos < in.size || !flushed)
    {
        ZSTD_outBuffer out = {sink->out, sink->capacity, 0};

        if (sink->pending == 0)
        {
            if (in.pos < in.size)
                return error_set(err, STATUS_CORRUPT, "compressed data goes on after its end");
            return OK;
        }
        sink->pending = ZSTD_decompressStream(sink->decompress, &out, &in);
        if (ZSTD_isError(sink->pending))
            return error_set(err, STATUS_CORRUPT, "could not decompress: %s",
                             ZSTD_getErrorName(sink->pending));
        TRY(sink_write(sink->base.next, (struct bytes){sink->out, out.pos}, err));
        flushed = out.pos < out.size;
    }
    return OK;
}

static enum status
unzstd_finish(struct sink *self, struct error *err)
{
    struct zstd_sink *sink = (struct zstd_sink *) self;

    if (sink->pending != 0)
        return error_set(err, STATUS_CORRUPT, "compressed data ends too early");
    return sink_finish(self->next, err);
}

static void
zstd_free(struct sink *self)
{
    struct zstd_sink *sink = (struct zstd_sink *) self;

    ZSTD_freeCCtx(sink->compress);
    ZSTD_freeDCtx(sink->decompress);
    free(sink);
}

static const struct sink_ops zstd_ops = {
    .name = "zstd",
    .write = zstd_write,
    .finish = zstd_finish,
    .free = zstd_free,
};

static const struct sink_ops unzstd_ops = {
    .name = "unzstd",
    .write = unzstd_write,
    .finish = unzstd_finish,
    .free = zstd_free,
};

static struct zstd_sink *
allocate(const struct sink_ops *ops, size_t capacity)
{
    struct zstd_sink *stage = calloc(1, sizeof(*stage) + capacity);

    if (stage != NULL)
    {
        stage->base.ops = ops;
        stage->capacity = capacity;
    }
    return stage;
}

enum status
sink_push_zstd(struct sink **head, struct zstd_effort effort, struct error *err)
{
    struct zstd_sink *stage = allocate(&zstd_ops, ZSTD_CStreamOutSize());

    if (stage == NULL)
        return error_no_memory(err);
    stage->compress = ZSTD_createCCtx();
    if (stage->compress == NULL ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(stage->compress, ZSTD_c_compressionLevel, effort.level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(stage->compress, ZSTD_c_checksumFlag, effort.checksum)))
    {
        zstd_free(&stage->base);
        return error_no_memory(err);
    }
    /* A zstd without threads refuses, and does the work in ours. */
    (void) ZSTD_CCtx_setParameter(stage->compress, ZSTD_c_nbWorkers, effort.threads);
    sink_push(head, &stage->base);
    return OK;
}

enum status
sink_push_unzstd(struct sink **head, struct error *err)
{
    struct zstd_sink *stage = allocate(&unzstd_ops, ZSTD_DStreamOutSize());

    if (stage == NULL)
        return error_no_memory(err);
    stage->pending = 1; /* an empty input is no frame */
    stage->decompress = ZSTD_createDCtx();
    if (stage->decompress == NULL)
    {
        zstd_free(&stage->base);
        return error_no_memory(err);
    }
    sink_push(head, &stage->base);
    return OK;
}
