// SPDX-License-Identifier: PostgreSQL
#include "stream/gzip.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <zlib.h>

/* zlib's windowBits: the largest window, and 16 more for gzip's header (zlib.h). */
#define GZIP_WINDOW  (15 + 16)
#define MEMORY_LEVEL 8 /* zlib's default */

#define OUT_SIZE ((size_t) 64 << 10)

/* zlib counts in unsigned int. */
#define IN_MAX ((size_t) 1 << 30)

struct gzip_sink
{
    struct sink base;
    z_stream stream;
    bool ready; /* the stream is to be ended */
    bool ended; /* decompressing: the member's end was seen */
    uint8_t out[OUT_SIZE];
};

static void
offer(struct gzip_sink *sink, struct bytes chunk)
{
    /* zlib does not write to it, and lacks the const. */
    sink->stream.next_in = (uint8_t *) chunk.data;
    sink->stream.avail_in = (unsigned) chunk.size;
}

/* Run zlib once over an empty out, and pass on what it put there. */
static enum status
step(struct gzip_sink *sink, int (*code)(z_stream *stream, int flush), int flush, int *result,
     struct error *err)
{
    sink->stream.next_out = sink->out;
    sink->stream.avail_out = OUT_SIZE;
    *result = code(&sink->stream, flush);
    return sink_write(sink->base.next, (struct bytes){sink->out, OUT_SIZE - sink->stream.avail_out},
                      err);
}

/* Cut into what zlib can count. */
static enum status
write_pieces(struct gzip_sink *sink, struct bytes chunk,
             enum status (*write)(struct gzip_sink *sink, struct error *err), struct error *err)
{
    while (chunk.size > 0)
    {
        size_t size = chunk.size < IN_MAX ? chunk.size : IN_MAX;

        offer(sink, (struct bytes){chunk.data, size});
        TRY(write(sink, err));
        chunk = (struct bytes){chunk.data + size, chunk.size - size};
    }
    return OK;
}

static enum status
compress_piece(struct gzip_sink *sink, struct error *err)
{
    int result;

    do
        TRY(step(sink, deflate, Z_NO_FLUSH, &result, err));
    while (sink->stream.avail_out == 0);
    return OK;
}

static enum status
gzip_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return write_pieces((struct gzip_sink *) self, chunk, compress_piece, err);
}

static enum status
gzip_finish(struct sink *self, struct error *err)
{
    struct gzip_sink *sink = (struct gzip_sink *) self;
    int result;

    offer(sink, (struct bytes){NULL, 0});
    do
        TRY(step(sink, deflate, Z_FINISH, &result, err));
    while (result == Z_OK);
    if (result != Z_STREAM_END)
        return error_set(err, STATUS_IO, "could not compress: zlib's error %d", result);
    return sink_finish(self->next, err);
}

static enum status
corrupt(const struct gzip_sink *sink, int result, struct error *err)
{
    if (result == Z_MEM_ERROR)
        return error_no_memory(err);
    return error_set(err, STATUS_CORRUPT, "could not decompress: %s",
                     sink->stream.msg != NULL ? sink->stream.msg : "invalid data");
}

static enum status
decompress_piece(struct gzip_sink *sink, struct error *err)
{
    int result = Z_OK;

    do
    {
        if (sink->ended)
            return error_set(err, STATUS_CORRUPT, "compressed data goes on after its end");
        TRY(step(sink, inflate, Z_NO_FLUSH, &result, err));
        /* Z_BUF_ERROR: there was nothing more to do, which is no error. */
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return corrupt(sink, result, err);
        sink->ended = result == Z_STREAM_END;
    } while (sink->stream.avail_in > 0 || (sink->stream.avail_out == 0 && !sink->ended));
    return OK;
}

static enum status
gunzip_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return write_pieces((struct gzip_sink *) self, chunk, decompress_piece, err);
}

static enum status
gunzip_finish(struct sink *self, struct error *err)
{
    struct gzip_sink *sink = (struct gzip_sink *) self;

    if (!sink->ended)
        return error_set(err, STATUS_CORRUPT, "compressed data ends too early");
    return sink_finish(self->next, err);
}

static void
gzip_free(struct sink *self)
{
    struct gzip_sink *sink = (struct gzip_sink *) self;

    if (sink->ready)
        deflateEnd(&sink->stream);
    free(sink);
}

static void
gunzip_free(struct sink *self)
{
    struct gzip_sink *sink = (struct gzip_sink *) self;

    if (sink->ready)
        inflateEnd(&sink->stream);
    free(sink);
}

static const struct sink_ops gzip_ops = {
    .name = "gzip",
    .write = gzip_write,
    .finish = gzip_finish,
    .free = gzip_free,
};

static const struct sink_ops gunzip_ops = {
    .name = "gunzip",
    .write = gunzip_write,
    .finish = gunzip_finish,
    .free = gunzip_free,
};

static enum status
push(struct sink **head, struct gzip_sink *stage, int result, struct error *err)
{
    stage->ready = result == Z_OK;
    if (!stage->ready)
    {
        stage->base.ops->free(&stage->base);
        return error_no_memory(err);
    }
    sink_push(head, &stage->base);
    return OK;
}

enum status
sink_push_gzip(struct sink **head, struct error *err)
{
    struct gzip_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &gzip_ops;
    return push(head, stage,
                deflateInit2(&stage->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                             MEMORY_LEVEL, Z_DEFAULT_STRATEGY),
                err);
}

enum status
sink_push_gunzip(struct sink **head, struct error *err)
{
    struct gzip_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &gunzip_ops;
    return push(head, stage, inflateInit2(&stage->stream, GZIP_WINDOW), err);
}
