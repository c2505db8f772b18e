// SPDX-License-Identifier: PostgreSQL
#include "base/clock.h"
#include "repo/store.h"
#include "stream/sink.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_OBJECT_LIMIT ((size_t) 1 << 30)

struct object
{
    struct object *next; /* in byte order of keys */
    char *key;
    struct buffer content;
};

struct memory_store
{
    struct store base;
    pthread_mutex_t lock; /* guards the list; objects never change */
    struct object *objects;
};

static void
object_freep(struct object **object)
{
    if (*object == NULL)
        return;
    free((*object)->key);
    buffer_release(&(*object)->content);
    free(*object);
    *object = NULL;
}

static enum status
object_create(struct object **object, const char *key, struct error *err)
{
    SCOPED(object_freep) struct object *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->content = BUFFER_INIT(MEMORY_OBJECT_LIMIT);
    made->key = strdup(key);
    if (made->key == NULL)
        return error_no_memory(err);
    *object = made;
    made = NULL;
    return OK;
}

/* The link that holds key, or the one where it belongs.  Call with the lock. */
static struct object **
find(struct memory_store *store, const char *key)
{
    struct object **link = &store->objects;

    while (*link != NULL && strcmp((*link)->key, key) < 0)
        link = &(*link)->next;
    return link;
}

static struct object *
lookup(struct memory_store *store, const char *key)
{
    struct object *object = *find(store, key);

    return object != NULL && strcmp(object->key, key) == 0 ? object : NULL;
}

/* Takes the object when it succeeds. */
static enum status
publish(struct memory_store *store, struct object **object, struct error *err)
{
    enum status status = OK;

    pthread_mutex_lock(&store->lock);
    if (lookup(store, (*object)->key) != NULL)
        status = error_set(err, STATUS_CONFLICT, "object \"%s\" exists already", (*object)->key);
    else
    {
        struct object **link = find(store, (*object)->key);

        (*object)->next = *link;
        *link = *object;
        *object = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

static enum status
memory_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    SCOPED(object_freep) struct object *object = NULL;

    TRY(object_create(&object, key, err));
    TRY(buffer_append(&object->content, body, err));
    return publish((struct memory_store *) base, &object, err);
}

struct memory_sink
{
    struct sink base;
    struct memory_store *store;
    struct object *object;
};

static enum status
memory_write(struct sink *self, struct bytes chunk, struct error *err)
{
    return buffer_append(&((struct memory_sink *) self)->object->content, chunk, err);
}

static enum status
memory_finish(struct sink *self, struct error *err)
{
    struct memory_sink *sink = (struct memory_sink *) self;

    return publish(sink->store, &sink->object, err);
}

static void
memory_sink_free(struct sink *self)
{
    object_freep(&((struct memory_sink *) self)->object);
    free(self);
}

static const struct sink_ops memory_sink_ops = {
    .name = "memory object",
    .write = memory_write,
    .finish = memory_finish,
    .free = memory_sink_free,
};

static enum status
memory_create(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    struct memory_sink *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &memory_sink_ops;
    made->store = (struct memory_store *) base;
    if (object_create(&made->object, key, err) != OK)
    {
        free(made);
        return STATUS_NO_MEMORY;
    }
    *sink = &made->base;
    return OK;
}

static enum status
memory_read(struct store *base, const char *key, uint64_t offset, uint64_t length,
            struct sink *into, struct error *err)
{
    struct memory_store *store = (struct memory_store *) base;
    struct object *object;
    struct bytes part;

    pthread_mutex_lock(&store->lock);
    object = lookup(store, key);
    pthread_mutex_unlock(&store->lock);
    if (object == NULL)
        return error_set(err, STATUS_NOT_FOUND, "object \"%s\" is not there", key);
    part = buffer_bytes(&object->content);
    if (offset > part.size || (length != STORE_TO_END && length > part.size - offset))
        return error_set(err, STATUS_CORRUPT, "object \"%s\" ends at byte %zu", key, part.size);
    if (offset == part.size)
        return OK; /* nothing is left, and of an empty object not even an address */
    part.data += offset;
    part.size = length == STORE_TO_END ? part.size - offset : length;
    return sink_write(into, part, err);
}

static enum status
memory_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    struct memory_store *store = (struct memory_store *) base;
    struct object *object;

    pthread_mutex_lock(&store->lock);
    object = lookup(store, key);
    if (object != NULL)
        *size_bytes = object->content.size;
    pthread_mutex_unlock(&store->lock);
    if (object == NULL)
        return error_set(err, STATUS_NOT_FOUND, "object \"%s\" is not there", key);
    return OK;
}

/* The first object after key, which is replaced by its key; the visitor may delete it. */
static bool
next_after(struct memory_store *store, char key[STORE_KEY_MAX + 1], uint64_t *size_bytes)
{
    struct object *object;

    pthread_mutex_lock(&store->lock);
    object = *find(store, key);
    if (object != NULL && strcmp(object->key, key) == 0)
        object = object->next;
    if (object != NULL)
    {
        snprintf(key, STORE_KEY_MAX + 1, "%s", object->key);
        *size_bytes = object->content.size;
    }
    pthread_mutex_unlock(&store->lock);
    return object != NULL;
}

static enum status
memory_list(struct store *base, const char *prefix, const char *after,
            enum status (*visit)(void *arg, const char *key, uint64_t size_bytes,
                                 struct error *err),
            void *arg, struct error *err)
{
    struct memory_store *store = (struct memory_store *) base;
    char key[STORE_KEY_MAX + 1];
    uint64_t size_bytes;

    snprintf(key, sizeof(key), "%s", after);
    while (next_after(store, key, &size_bytes))
        if (strncmp(key, prefix, strlen(prefix)) == 0)
            TRY(visit(arg, key, size_bytes, err));
    return OK;
}

static enum status
memory_remove(struct store *base, const char *key, struct error *err)
{
    struct memory_store *store = (struct memory_store *) base;
    struct object *gone = NULL;

    (void) err;
    pthread_mutex_lock(&store->lock);
    if (lookup(store, key) != NULL)
    {
        struct object **link = find(store, key);

        gone = *link;
        *link = gone->next;
    }
    pthread_mutex_unlock(&store->lock);
    object_freep(&gone);
    return OK;
}

/* What was begun is its writer's alone, and goes with it. */
static enum status
memory_remove_unfinished(struct store *base, const char *prefix, time_us before, uint64_t *count,
                         struct error *err)
{
    (void) base;
    (void) prefix;
    (void) before;
    (void) count;
    (void) err;
    return OK;
}

static enum status
memory_server_time(struct store *base, time_us *now, struct error *err)
{
    (void) base;
    (void) err;
    *now = clock_now();
    return OK;
}

static void
memory_free(struct store *base)
{
    struct memory_store *store = (struct memory_store *) base;

    while (store->objects != NULL)
    {
        struct object *gone = store->objects;

        store->objects = gone->next;
        object_freep(&gone);
    }
    pthread_mutex_destroy(&store->lock);
    free(store->base.location);
    free(store);
}

static const struct store_ops memory_ops = {
    .name = "memory",
    .put = memory_put,
    .create = memory_create,
    .read = memory_read,
    .size = memory_size,
    .list = memory_list,
    .remove = memory_remove,
    .remove_unfinished = memory_remove_unfinished,
    .server_time = memory_server_time,
    .free = memory_free,
};

enum status
store_open_memory(struct store **store, struct error *err)
{
    struct memory_store *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &memory_ops;
    made->base.location = strdup("memory");
    if (made->base.location == NULL)
    {
        free(made);
        return error_no_memory(err);
    }
    pthread_mutex_init(&made->lock, NULL);
    *store = &made->base;
    return OK;
}
