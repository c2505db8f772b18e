// SPDX-License-Identifier: PostgreSQL
#include "stream/lines.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

struct lines_sink
{
    struct sink base;
    size_t limit;
    enum status (*take)(void *arg, struct bytes line, struct error *err);
    void *arg;
    struct buffer held; /* a line's beginning */
};

static enum status
take_whole(struct lines_sink *sink, struct bytes piece, struct error *err)
{
    if (sink->held.size == 0)
        return sink->take(sink->arg, piece, err);
    TRY(buffer_append(&sink->held, piece, err));
    TRY(sink->take(sink->arg, buffer_bytes(&sink->held), err));
    sink->held.size = 0;
    return OK;
}

static enum status
lines_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct lines_sink *sink = (struct lines_sink *) self;

    while (chunk.size > 0)
    {
        const uint8_t *feed = memchr(chunk.data, '\n', chunk.size);
        size_t size = feed == NULL ? chunk.size : (size_t) (feed - chunk.data);

        if (sink->held.size + size > sink->limit)
            return error_set(err, STATUS_CORRUPT, "a line has more than %zu bytes", sink->limit);
        if (feed == NULL)
            return buffer_append(&sink->held, chunk, err);
        TRY(take_whole(sink, (struct bytes){chunk.data, size}, err));
        chunk.data += size + 1;
        chunk.size -= size + 1;
    }
    return OK;
}

static enum status
lines_finish(struct sink *self, struct error *err)
{
    if (((struct lines_sink *) self)->held.size > 0)
        return error_set(err, STATUS_CORRUPT, "it ends in the middle of a line");
    return OK;
}

static void
lines_free(struct sink *self)
{
    buffer_release(&((struct lines_sink *) self)->held);
    free(self);
}

static const struct sink_ops lines_ops = {
    .name = "lines",
    .write = lines_write,
    .finish = lines_finish,
    .free = lines_free,
};

enum status
sink_open_lines(struct sink **sink, size_t limit,
                enum status (*take)(void *arg, struct bytes line, struct error *err), void *arg,
                struct error *err)
{
    struct lines_sink *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &lines_ops;
    made->limit = limit;
    made->take = take;
    made->arg = arg;
    made->held = BUFFER_INIT(limit);
    *sink = &made->base;
    return OK;
}
