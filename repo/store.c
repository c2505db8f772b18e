// SPDX-License-Identifier: PostgreSQL
#include "repo/store.h"

#include "repo/store_delete.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

static enum status
check_key(const char *key, struct error *err)
{
    if (store_key_is_valid(key))
        return OK;
    return error_set(err, STATUS_CONFIG, "invalid object key \"%s\"", key);
}

enum status
store_put(struct store *store, const char *key, struct bytes body, struct error *err)
{
    TRY(check_key(key, err));
    return store->ops->put(store, key, body, err);
}

enum status
store_create(struct store *store, const char *key, struct sink **sink, struct error *err)
{
    TRY(check_key(key, err));
    return store->ops->create(store, key, sink, err);
}

enum status
store_create_sized(struct store *store, const char *key, uint64_t expected_bytes,
                   struct sink **sink, struct error *err)
{
    TRY(check_key(key, err));
    if (store->ops->create_sized == NULL)
        return store->ops->create(store, key, sink, err);
    return store->ops->create_sized(store, key, expected_bytes, sink, err);
}

enum status
store_read(struct store *store, const char *key, uint64_t offset, uint64_t length,
           struct sink *into, struct error *err)
{
    TRY(check_key(key, err));
    return store->ops->read(store, key, offset, length, into, err);
}

enum status
store_get(struct store *store, const char *key, struct buffer *into, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, into, err));
    TRY(store_read(store, key, 0, STORE_TO_END, sink, err));
    return sink_finish(sink, err);
}

enum status
store_size(struct store *store, const char *key, uint64_t *size_bytes, struct error *err)
{
    TRY(check_key(key, err));
    return store->ops->size(store, key, size_bytes, err);
}

enum status
store_list(struct store *store, const char *prefix, const char *after,
           enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err),
           void *arg, struct error *err)
{
    return store->ops->list(store, prefix, after, visit, arg, err);
}

enum status
store_delete(struct store *store, const char *key, struct error *err)
{
    TRY(check_key(key, err));
    return store->ops->remove(store, key, err);
}

enum status
store_delete_unfinished(struct store *store, const char *prefix, time_us before, uint64_t *count,
                        struct error *err)
{
    *count = 0;
    return store->ops->remove_unfinished(store, prefix, before, count, err);
}

enum status
store_server_time(struct store *store, time_us *now, struct error *err)
{
    return store->ops->server_time(store, now, err);
}

void
store_freep(struct store **store)
{
    if (*store != NULL)
        (*store)->ops->free(*store);
    *store = NULL;
}

bool
store_key_is_valid(const char *key)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-=%";
    size_t size = strlen(key);

    if (size == 0 || size > STORE_KEY_MAX)
        return false;
    for (const char *component = key;; component++)
    {
        size_t length = strspn(component, allowed);

        if (length == 0 || (length == 1 && component[0] == '.') ||
            (length == 2 && component[0] == '.' && component[1] == '.'))
            return false;
        component += length;
        if (*component == '\0')
            return true;
        if (*component != '/')
            return false;
    }
}
