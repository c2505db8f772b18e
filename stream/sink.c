// SPDX-License-Identifier: PostgreSQL
#include "stream/sink.h"

#include "base/file.h"
#include "base/stop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum status
sink_write(struct sink *sink, struct bytes chunk, struct error *err)
{
    enum status status;

    assert(sink->state == SINK_OPEN);
    if (chunk.size == 0)
        return OK;
    status = sink->ops->write(sink, chunk, err);
    if (status != OK)
        sink->state = SINK_FAILED;
    return status;
}

enum status
sink_finish(struct sink *sink, struct error *err)
{
    enum status status;

    assert(sink->state == SINK_OPEN);
    status = sink->ops->finish(sink, err);
    sink->state = status == OK ? SINK_FINISHED : SINK_FAILED;
    return status;
}

void
sink_freep(struct sink **sink)
{
    while (*sink != NULL)
    {
        struct sink *gone = *sink;

        *sink = gone->next;
        gone->ops->free(gone);
    }
}

void
sink_push(struct sink **head, struct sink *stage)
{
    stage->next = *head;
    *head = stage;
}

enum status
sink_pump_fd(struct sink *sink, int fd, const char *path, struct error *err)
{
    enum
    {
        CHUNK_SIZE = 256 * 1024
    };
    SCOPED(freep) uint8_t *chunk = malloc(CHUNK_SIZE);
    uint64_t offset = 0;
    size_t got;

    if (chunk == NULL)
        return error_no_memory(err);
    do
    {
        TRY(stop_check(err));
        TRY(fd_pread(fd, chunk, CHUNK_SIZE, offset, &got, path, err));
        TRY(sink_write(sink, (struct bytes){chunk, got}, err));
        offset += got;
    } while (got > 0);
    return OK;
}

static void
free_plain(struct sink *self)
{
    free(self);
}

static enum status
finish_next(struct sink *self, struct error *err)
{
    return self->next == NULL ? OK : sink_finish(self->next, err);
}

/* Give *sink a new stage of its own kind and size. */
static enum status
open_stage(struct sink **sink, const struct sink_ops *ops, size_t size, struct error *err)
{
    *sink = calloc(1, size);
    if (*sink == NULL)
        return error_no_memory(err);
    (*sink)->ops = ops;
    return OK;
}

struct buffer_sink
{
    struct sink base;
    struct buffer *buffer;
};

static enum status
buffer_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return buffer_append(((struct buffer_sink *) self)->buffer, chunk, err);
}

static const struct sink_ops buffer_ops = {
    .name = "buffer",
    .write = buffer_write,
    .finish = finish_next,
    .free = free_plain,
};

enum status
sink_open_buffer(struct sink **sink, struct buffer *buffer, struct error *err)
{
    TRY(open_stage(sink, &buffer_ops, sizeof(struct buffer_sink), err));
    ((struct buffer_sink *) *sink)->buffer = buffer;
    return OK;
}

struct fd_sink
{
    struct sink base;
    int fd;
    char *path;
};

static enum status
fd_sink_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct fd_sink *sink = (struct fd_sink *) self;

    return fd_write(sink->fd, chunk, sink->path, err);
}

static void
fd_sink_free(struct sink *self)
{
    free(((struct fd_sink *) self)->path);
    free(self);
}

static const struct sink_ops fd_ops = {
    .name = "fd",
    .write = fd_sink_write,
    .finish = finish_next,
    .free = fd_sink_free,
};

enum status
sink_open_fd(struct sink **sink, int fd, const char *path, struct error *err)
{
    SCOPED(freep) char *copy = strdup(path);

    if (copy == NULL)
        return error_no_memory(err);
    TRY(open_stage(sink, &fd_ops, sizeof(struct fd_sink), err));
    ((struct fd_sink *) *sink)->fd = fd;
    ((struct fd_sink *) *sink)->path = copy;
    copy = NULL;
    return OK;
}

static enum status
null_write(struct sink *self, struct bytes chunk, struct error *err)
{
    (void) self;
    (void) chunk;
    (void) err;
    return OK;
}

static const struct sink_ops null_ops = {
    .name = "null",
    .write = null_write,
    .finish = finish_next,
    .free = free_plain,
};

enum status
sink_open_null(struct sink **sink, struct error *err)
{
    return open_stage(sink, &null_ops, sizeof(struct sink), err);
}

struct call_sink
{
    struct sink base;
    enum status (*write)(void *arg, struct bytes chunk, struct error *err);
    void *arg;
};

static enum status
call_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct call_sink *sink = (struct call_sink *) self;

    return sink->write(sink->arg, chunk, err);
}

static const struct sink_ops call_ops = {
    .name = "call",
    .write = call_write,
    .finish = finish_next,
    .free = free_plain,
};

enum status
sink_open_call(struct sink **sink,
               enum status (*write)(void *arg, struct bytes chunk, struct error *err), void *arg,
               struct error *err)
{
    TRY(open_stage(sink, &call_ops, sizeof(struct call_sink), err));
    ((struct call_sink *) *sink)->write = write;
    ((struct call_sink *) *sink)->arg = arg;
    return OK;
}

struct count_sink
{
    struct sink base;
    uint64_t *size_bytes;
};

static enum status
count_write(struct sink *self, struct bytes chunk, struct error *err)
{
    *((struct count_sink *) self)->size_bytes += chunk.size;
    return sink_write(self->next, chunk, err);
}

static const struct sink_ops count_ops = {
    .name = "count",
    .write = count_write,
    .finish = finish_next,
    .free = free_plain,
};

enum status
sink_push_count(struct sink **head, uint64_t *size_bytes, struct error *err)
{
    struct sink *stage;

    TRY(open_stage(&stage, &count_ops, sizeof(struct count_sink), err));
    ((struct count_sink *) stage)->size_bytes = size_bytes;
    *size_bytes = 0;
    sink_push(head, stage);
    return OK;
}
