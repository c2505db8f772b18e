// SPDX-License-Identifier: PostgreSQL
#include "tests/support/faulty_store.h"

#include "stream/sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct faulty_store
{
    struct store base;
    struct store *target;

    pthread_mutex_t lock; /* guards what follows */
    enum store_fault fault;
    unsigned nth;
    unsigned operations;
};

/* What an operation is to do. */
enum turn
{
    PASS,
    FAIL,
    FAIL_AFTER,
};

static enum turn
take_turn(struct faulty_store *store, bool writes, enum status *status, struct error *err)
{
    enum turn turn = PASS;

    pthread_mutex_lock(&store->lock);
    if (++store->operations == store->nth)
    {
        turn = writes && store->fault == FAULT_REPLY_LOST ? FAIL_AFTER : FAIL;
        *status = store->fault == FAULT_IO     ? STATUS_IO
                  : store->fault == FAULT_GONE ? STATUS_NOT_FOUND
                                               : STATUS_TRANSIENT;
        error_set(err, *status, "the store was told to fail");
    }
    pthread_mutex_unlock(&store->lock);
    return turn;
}

/* Evaluate operation unless it is its turn to fail. */
#define WITH_FAULT(store, writes, operation)                                                       \
    do                                                                                             \
    {                                                                                              \
        enum status failure = OK;                                                                  \
        enum turn turn = take_turn((store), (writes), &failure, err);                              \
        if (turn == FAIL)                                                                          \
            return failure;                                                                        \
        enum status outcome = (operation);                                                         \
        if (turn == FAIL_AFTER && outcome == OK)                                                   \
            return error_set(err, failure, "the store was told to lose a reply");                  \
        return outcome;                                                                            \
    } while (0)

static enum status
faulty_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, true, store_put(store->target, key, body, err));
}

struct faulty_sink
{
    struct sink base;
    struct faulty_store *store;
};

static enum status
faulty_sink_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return sink_write(self->next, chunk, err);
}

static enum status
faulty_sink_finish(struct sink *self, struct error *err)
{
    WITH_FAULT(((struct faulty_sink *) self)->store, true, sink_finish(self->next, err));
}

static void
faulty_sink_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops faulty_sink_ops = {
    .name = "faulty object",
    .write = faulty_sink_write,
    .finish = faulty_sink_finish,
    .free = faulty_sink_free,
};

static enum status
open_stream(struct faulty_store *store, const char *key, struct sink **sink, struct error *err)
{
    SCOPED(sink_freep) struct sink *head = NULL;
    struct faulty_sink *stage;

    TRY(store_create(store->target, key, &head, err));
    stage = calloc(1, sizeof(*stage));
    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &faulty_sink_ops;
    stage->store = store;
    sink_push(&head, &stage->base);
    *sink = head;
    head = NULL;
    return OK;
}

static enum status
faulty_create(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, false, open_stream(store, key, sink, err));
}

static enum status
faulty_read(struct store *base, const char *key, uint64_t offset, uint64_t length,
            struct sink *into, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, false, store_read(store->target, key, offset, length, into, err));
}

static enum status
faulty_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, false, store_size(store->target, key, size_bytes, err));
}

struct cut_listing
{
    enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err);
    void *arg;
    bool visited;
};

static enum status
visit_one(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct cut_listing *listing = arg;

    if (listing->visited)
        return error_set(err, STATUS_CANCELLED, "one is enough");
    listing->visited = true;
    return listing->visit(listing->arg, key, size_bytes, err);
}

/* A listing fails as services do: after a first page. */
static enum status
faulty_list(struct store *base, const char *prefix, const char *after,
            enum status (*visit)(void *arg, const char *key, uint64_t size_bytes,
                                 struct error *err),
            void *arg, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;
    struct cut_listing listing = {visit, arg, false};
    enum status failure = OK;
    struct error ignored;

    if (take_turn(store, false, &failure, err) == PASS)
        return store_list(store->target, prefix, after, visit, arg, err);
    (void) !store_list(store->target, prefix, after, visit_one, &listing, &ignored);
    return failure;
}

static enum status
faulty_remove(struct store *base, const char *key, struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, true, store->target->ops->remove(store->target, key, err));
}

static enum status
faulty_remove_unfinished(struct store *base, const char *prefix, time_us before, uint64_t *count,
                         struct error *err)
{
    struct faulty_store *store = (struct faulty_store *) base;

    WITH_FAULT(store, true,
               store->target->ops->remove_unfinished(store->target, prefix, before, count, err));
}

static enum status
faulty_server_time(struct store *base, time_us *now, struct error *err)
{
    return store_server_time(((struct faulty_store *) base)->target, now, err);
}

static void
faulty_free(struct store *base)
{
    pthread_mutex_destroy(&((struct faulty_store *) base)->lock);
    free(base->location);
    free(base);
}

static const struct store_ops faulty_ops = {
    .name = "faulty",
    .put = faulty_put,
    .create = faulty_create,
    .read = faulty_read,
    .size = faulty_size,
    .list = faulty_list,
    .remove = faulty_remove,
    .remove_unfinished = faulty_remove_unfinished,
    .server_time = faulty_server_time,
    .free = faulty_free,
};

enum status
faulty_store_open(struct store **store, struct store *target, struct error *err)
{
    struct faulty_store *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &faulty_ops;
    made->base.location = strdup(target->location);
    made->target = target;
    pthread_mutex_init(&made->lock, NULL);
    *store = &made->base;
    return OK;
}

void
faulty_store_arm(struct store *base, enum store_fault fault, unsigned nth)
{
    struct faulty_store *store = (struct faulty_store *) base;

    pthread_mutex_lock(&store->lock);
    store->fault = fault;
    store->nth = nth;
    store->operations = 0;
    pthread_mutex_unlock(&store->lock);
}

unsigned
faulty_store_operations(struct store *base)
{
    struct faulty_store *store = (struct faulty_store *) base;
    unsigned operations;

    pthread_mutex_lock(&store->lock);
    operations = store->operations;
    pthread_mutex_unlock(&store->lock);
    return operations;
}

bool
faulty_store_struck(struct store *base)
{
    struct faulty_store *store = (struct faulty_store *) base;
    bool struck;

    pthread_mutex_lock(&store->lock);
    struck = store->nth != 0 && store->operations >= store->nth;
    pthread_mutex_unlock(&store->lock);
    return struck;
}
