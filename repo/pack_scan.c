// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_scan.h"

#include "repo/pack_format.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

struct scan_sink
{
    struct sink base;
    struct pack_reader *reader;
    struct pack_scan_handler handler;
    struct pack pack;
    struct buffer held;       /* the header or the frame that is not whole yet */
    struct frame_place place; /* of that frame */
    bool begun;               /* the header was right */
    bool lost;                /* what is behind cannot be read */
};

static enum status
report(struct scan_sink *sink, const struct frame_place *place, const struct error *reason,
       struct error *err)
{
    return sink->handler.damage(sink->handler.arg, place, reason, err);
}

/* Nothing more of this pack can be read. */
static enum status
give_up(struct scan_sink *sink, const struct error *reason, struct error *err)
{
    sink->lost = true;
    return report(sink, NULL, reason, err);
}

/* The header must be what a writer of this pack wrote; only the key's id is news. */
static enum status
begin(struct scan_sink *sink, struct error *err)
{
    struct error reason = {0};
    enum status status;

    memcpy(sink->pack.key_id.bytes, sink->held.data + 16, SEAL_KEY_ID_SIZE);
    status = pack_reader_check(&sink->pack, sink->held.data, &reason);
    if (status == OK)
        status = pack_reader_turn(sink->reader, &sink->pack, &reason);
    if (status == STATUS_CORRUPT)
        return give_up(sink, &reason, err);
    if (status != OK)
    {
        *err = reason;
        return status;
    }
    sink->begun = true;
    sink->place.offset = PACK_HEADER_SIZE;
    sink->held.size = 0;
    if (sink->handler.header == NULL)
        return OK;
    return sink->handler.header(sink->handler.arg, &sink->pack, err);
}

static enum status
open_frame(struct scan_sink *sink, struct error *err)
{
    struct error reason = {0};
    struct bytes content;
    enum status status;

    status =
        pack_reader_open(sink->reader, buffer_bytes(&sink->held), &sink->place, &content, &reason);
    if (status == OK)
        TRY(sink->handler.frame(sink->handler.arg, &sink->place, content, err));
    else if (status == STATUS_CORRUPT)
        TRY(report(sink, &sink->place, &reason, err));
    else
    {
        *err = reason;
        return status;
    }
    sink->place.number++;
    sink->place.offset += sink->place.size;
    sink->held.size = 0;
    return OK;
}

/* The frame's header is there: how long is the frame? */
static enum status
measure_frame(struct scan_sink *sink, struct error *err)
{
    struct frame_header header;
    struct error reason = {0};

    if (frame_header_parse(sink->held.data, &header) && header.number == sink->place.number &&
        header.stored_size <= FRAME_STORED_MAX - FRAME_HEADER_SIZE)
    {
        sink->place.size = FRAME_HEADER_SIZE + header.stored_size;
        if (sink->place.offset <= PACK_SIZE - sink->place.size)
            return OK;
        error_set(&reason, STATUS_CORRUPT, "frame %u lies behind the end that a pack can have",
                  sink->place.number);
        return give_up(sink, &reason, err);
    }
    error_set(&reason, STATUS_CORRUPT,
              "frame %u has a wrong header: from byte %u on the pack cannot be read",
              sink->place.number, sink->place.offset);
    return give_up(sink, &reason, err);
}

/* How many bytes the next step needs. */
static size_t
wanted(const struct scan_sink *sink)
{
    if (!sink->begun)
        return PACK_HEADER_SIZE;
    return sink->held.size < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE : sink->place.size;
}

static enum status
step(struct scan_sink *sink, struct error *err)
{
    if (!sink->begun)
        return begin(sink, err);
    if (sink->held.size == FRAME_HEADER_SIZE)
        TRY(measure_frame(sink, err));
    /* A frame may be its header alone, as far as that says. */
    if (!sink->lost && sink->held.size == sink->place.size)
        return open_frame(sink, err);
    return OK;
}

static enum status
scan_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct scan_sink *sink = (struct scan_sink *) self;

    while (chunk.size > 0 && !sink->lost)
    {
        size_t missing = wanted(sink) - sink->held.size;
        size_t size = chunk.size < missing ? chunk.size : missing;

        TRY(buffer_append(&sink->held, (struct bytes){chunk.data, size}, err));
        chunk.data += size;
        chunk.size -= size;
        if (size == missing)
            TRY(step(sink, err));
    }
    return OK;
}

static enum status
scan_finish(struct sink *self, struct error *err)
{
    struct scan_sink *sink = (struct scan_sink *) self;
    struct error reason = {0};

    if (sink->lost || (sink->begun && sink->held.size == 0))
        return OK;
    error_set(&reason, STATUS_CORRUPT,
              sink->begun ? "it ends in the middle of frame %u" : "it ends before its first frame",
              sink->place.number);
    return give_up(sink, &reason, err);
}

static void
scan_free(struct sink *self)
{
    buffer_release(&((struct scan_sink *) self)->held);
    free(self);
}

static const struct sink_ops scan_ops = {
    .name = "pack scan",
    .write = scan_write,
    .finish = scan_finish,
    .free = scan_free,
};

enum status
sink_open_pack_scan(struct sink **sink, struct pack_reader *reader, const uint8_t id[PACK_ID_SIZE],
                    const struct pack_scan_handler *handler, struct error *err)
{
    struct scan_sink *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &scan_ops;
    made->reader = reader;
    made->handler = *handler;
    memcpy(made->pack.id, id, PACK_ID_SIZE);
    made->held = BUFFER_INIT(FRAME_STORED_MAX);
    *sink = &made->base;
    return OK;
}
