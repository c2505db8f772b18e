// SPDX-License-Identifier: PostgreSQL
#include "retention/deleter.h"

#include "base/crash.h"
#include "base/group.h"
#include "base/stop.h"
#include "repo/store_delete.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_FACTOR 16

struct deleter
{
    struct store *store; /* borrowed */
    struct group *group; /* NULL: one worker, the caller */
    struct chan *keys;
    _Atomic uint64_t count;
};

static enum status
delete_one(struct deleter *deleter, const char *key, struct error *err)
{
    enum status status;

    TRY(stop_check(err));
    status = store_delete(deleter->store, key, err);
    if (status == STATUS_DENIED)
        error_hint(err, "Expiry needs credentials that may delete (s3:DeleteObject); archiving and "
                        "backups do not.");
    TRY(status);
    atomic_fetch_add(&deleter->count, 1);
    CRASH_POINT("expire: after an object is deleted"); /* the next run deletes the others */
    return OK;
}

static enum status
work(void *arg, struct error *err)
{
    struct deleter *deleter = arg;
    void *item;

    while (chan_receive(deleter->keys, &item))
    {
        SCOPED(freep) char *key = item;

        TRY(delete_one(deleter, key, err));
    }
    return OK;
}

enum status
deleter_start(struct deleter **deleter, struct store *store, unsigned workers, struct error *err)
{
    SCOPED(deleter_freep) struct deleter *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->store = store;
    if (workers > 1)
    {
        TRY(group_create(&made->group, err));
        TRY(chan_create(&made->keys, made->group, (size_t) workers * QUEUE_FACTOR, free, err));
        for (unsigned index = 0; index < workers; index++)
            TRY(group_start(made->group, work, made, err));
    }
    *deleter = made;
    made = NULL;
    return OK;
}

enum status
deleter_send(struct deleter *deleter, const char *key, struct error *err)
{
    char *copy;

    if (deleter->group == NULL)
        return delete_one(deleter, key, err);
    copy = strdup(key);
    if (copy == NULL)
        return error_no_memory(err);
    if (chan_send(deleter->keys, copy))
        return OK;
    free(copy);
    /* A worker failed: its reason is the one to tell. */
    return group_join(deleter->group, err);
}

enum status
deleter_finish(struct deleter *deleter, uint64_t *count, struct error *err)
{
    enum status status = OK;

    if (deleter->group != NULL)
    {
        chan_close(deleter->keys);
        status = group_join(deleter->group, err);
    }
    *count += atomic_exchange(&deleter->count, 0);
    return status;
}

void
deleter_freep(struct deleter **deleter)
{
    if (*deleter == NULL)
        return;
    group_freep(&(*deleter)->group);
    chan_freep(&(*deleter)->keys);
    free(*deleter);
    *deleter = NULL;
}
