// SPDX-License-Identifier: PostgreSQL
#include "stream/thread.h"

#include "base/group.h"
#include "stream/sink.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE  (256 * 1024)
#define BLOCK_COUNT 4

struct block
{
    size_t size;
    uint8_t data[BLOCK_SIZE];
};

struct thread_sink
{
    struct sink base;
    struct group *group;
    struct chan *empty;
    struct chan *full;
    struct block *filling; /* the writer's; NULL between blocks */
    struct block blocks[BLOCK_COUNT];
};

/* The stages below belong to this thread until it was joined. */
static enum status
pass_on(void *arg, struct error *err)
{
    struct thread_sink *sink = arg;
    void *item;

    while (chan_receive(sink->full, &item))
    {
        struct block *block = item;

        TRY(sink_write(sink->base.next, (struct bytes){block->data, block->size}, err));
        if (!chan_send(sink->empty, block))
            return group_cancelled(err);
    }
    return OK;
}

/* A channel was cut: say why. */
static enum status
failure(struct thread_sink *sink, struct error *err)
{
    enum status status = group_join(sink->group, err);

    return status == OK ? group_cancelled(err) : status;
}

static enum status
send_block(struct thread_sink *sink, struct error *err)
{
    struct block *block = sink->filling;

    sink->filling = NULL;
    if (block == NULL || chan_send(sink->full, block))
        return OK;
    return failure(sink, err);
}

static enum status
thread_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct thread_sink *sink = (struct thread_sink *) self;

    while (chunk.size > 0)
    {
        void *item = sink->filling;
        size_t room;

        if (item == NULL && !chan_receive(sink->empty, &item))
            return failure(sink, err);
        if (sink->filling == NULL)
            ((struct block *) item)->size = 0;
        sink->filling = item;
        room = BLOCK_SIZE - sink->filling->size;
        room = room < chunk.size ? room : chunk.size;
        memcpy(sink->filling->data + sink->filling->size, chunk.data, room);
        sink->filling->size += room;
        chunk.data += room;
        chunk.size -= room;
        if (sink->filling->size == BLOCK_SIZE)
            TRY(send_block(sink, err));
    }
    return OK;
}

static enum status
thread_finish(struct sink *self, struct error *err)
{
    struct thread_sink *sink = (struct thread_sink *) self;

    TRY(send_block(sink, err));
    chan_close(sink->full);
    TRY(group_join(sink->group, err));
    return sink_finish(self->next, err);
}

static void
thread_free(struct sink *self)
{
    struct thread_sink *sink = (struct thread_sink *) self;

    group_freep(&sink->group);
    chan_freep(&sink->empty);
    chan_freep(&sink->full);
    free(sink);
}

static const struct sink_ops thread_ops = {
    .name = "thread",
    .write = thread_write,
    .finish = thread_finish,
    .free = thread_free,
};

static enum status
prepare(struct thread_sink *sink, struct error *err)
{
    TRY(group_create(&sink->group, err));
    TRY(chan_create(&sink->empty, sink->group, BLOCK_COUNT, NULL, err));
    TRY(chan_create(&sink->full, sink->group, BLOCK_COUNT, NULL, err));
    for (size_t index = 0; index < BLOCK_COUNT; index++)
        if (!chan_send(sink->empty, &sink->blocks[index]))
            return group_cancelled(err);
    return OK;
}

enum status
sink_push_thread(struct sink **head, struct error *err)
{
    struct thread_sink *stage = malloc(sizeof(*stage));
    enum status status;

    if (stage == NULL)
        return error_no_memory(err);
    memset(stage, 0, offsetof(struct thread_sink, blocks)); /* the blocks are not read before */
    stage->base.ops = &thread_ops;
    status = prepare(stage, err);
    /* The thread needs to know what is below it. */
    stage->base.next = *head;
    if (status == OK)
        status = group_start(stage->group, pass_on, stage, err);
    if (status != OK)
    {
        thread_free(&stage->base);
        return status;
    }
    sink_push(head, &stage->base);
    return OK;
}
