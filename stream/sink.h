// SPDX-License-Identifier: PostgreSQL
/*
 * sink.h - where a stream of bytes goes: a chain of stages.
 *
 * A chain is one handle.  Open a destination, then push stages on top of it;
 * the stage pushed last sees the bytes first.  Then any number of writes, and
 * one finish.  Only a finish that succeeded makes the result exist; freeing a
 * chain before that abandons it and leaves nothing visible.
 *
 *     SCOPED(sink_freep) struct sink *sink = NULL;
 *     TRY(store_create(store, key, &sink, err));
 *     TRY(sink_push_seal(&sink, ...));
 *     TRY(sink_push_zstd(&sink, (struct zstd_effort){level}, err));
 *     TRY(sink_write(sink, bytes, err));
 *     return sink_finish(sink, err);
 *
 * After a failure a chain accepts only free.  A push that fails leaves the
 * chain as it was, still the caller's.  A sink belongs to one thread.
 */
#pragma once

#include "base/bytes.h"

struct sink;

struct sink_ops
{
    const char *name;
    enum status (*write)(struct sink *self, struct bytes chunk, struct error *err);

    /* Flush what is held and make it exist.  A stage finishes the next one itself. */
    enum status (*finish)(struct sink *self, struct error *err);

    /* Release what this stage alone holds; before finish: abandon. */
    void (*free)(struct sink *self);
};

enum sink_state
{
    SINK_OPEN,
    SINK_FINISHED,
    SINK_FAILED,
};

/* Stages embed this first. */
struct sink
{
    const struct sink_ops *ops; /* set at creation, never changed after */
    struct sink *next;          /* owned; NULL for a destination */
    enum sink_state state;      /* kept by the functions below */
};

NODISCARD enum status sink_write(struct sink *sink, struct bytes chunk, struct error *err);
NODISCARD enum status sink_finish(struct sink *sink, struct error *err);

/* For SCOPED: frees the whole chain.  NULL is allowed. */
void sink_freep(struct sink **sink);

/* Put a stage, made by its own constructor, on top of a chain. */
void sink_push(struct sink **head, struct sink *stage);

/* Write all of a file.  Its position does not matter, so threads may share fd. */
NODISCARD enum status sink_pump_fd(struct sink *sink, int fd, const char *path, struct error *err);

/* Destinations.  The buffer is the caller's and outlives the sink. */
NODISCARD enum status sink_open_buffer(struct sink **sink, struct buffer *buffer,
                                       struct error *err);

/* Writes to fd, which stays the caller's; path is for messages and is copied. */
NODISCARD enum status sink_open_fd(struct sink **sink, int fd, const char *path, struct error *err);

/* Takes everything and keeps nothing. */
NODISCARD enum status sink_open_null(struct sink **sink, struct error *err);

/* Calls write with all that comes; arg must outlive the sink. */
NODISCARD enum status sink_open_call(struct sink **sink,
                                     enum status (*write)(void *arg, struct bytes chunk,
                                                          struct error *err),
                                     void *arg, struct error *err);

/* Observers: bytes pass unchanged.  *size_bytes counts as they pass. */
NODISCARD enum status sink_push_count(struct sink **head, uint64_t *size_bytes, struct error *err);
