// SPDX-License-Identifier: PostgreSQL
#include "base/group.h"

#include <pthread.h>
#include <stdlib.h>

struct chan
{
    struct chan *next_in_group;
    struct group *group;
    void (*discard)(void *item);
    size_t capacity;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool closed;
    bool cut;
    size_t first;
    size_t count;
    void *items[];
};

struct worker
{
    struct worker *next;
    struct group *group;
    pthread_t thread;
    enum status (*work)(void *arg, struct error *err);
    void *arg;
};

struct group
{
    pthread_mutex_t lock; /* guards what follows */
    struct worker *workers;
    struct chan *channels;
    enum status status;
    struct error error;
};

enum status
group_create(struct group **group, struct error *err)
{
    struct group *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    *group = made;
    return OK;
}

static void
cut(struct chan *chan)
{
    pthread_mutex_lock(&chan->lock);
    chan->cut = true;
    pthread_cond_broadcast(&chan->changed);
    pthread_mutex_unlock(&chan->lock);
}

void
group_fail(struct group *group, enum status status, const struct error *err)
{
    pthread_mutex_lock(&group->lock);
    if (group->status == OK)
    {
        group->status = status;
        group->error = *err;
        for (struct chan *chan = group->channels; chan != NULL; chan = chan->next_in_group)
            cut(chan);
    }
    pthread_mutex_unlock(&group->lock);
}

bool
group_failed(struct group *group)
{
    pthread_mutex_lock(&group->lock);
    bool failed = group->status != OK;
    pthread_mutex_unlock(&group->lock);
    return failed;
}

static void *
run(void *arg)
{
    struct worker *worker = arg;
    struct error err = {0};
    enum status status = worker->work(worker->arg, &err);

    if (status != OK)
        group_fail(worker->group, status, &err);
    return NULL;
}

enum status
group_start(struct group *group, enum status (*work)(void *arg, struct error *err), void *arg,
            struct error *err)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return error_no_memory(err);
    worker->group = group;
    worker->work = work;
    worker->arg = arg;
    if (pthread_create(&worker->thread, NULL, run, worker) != 0)
    {
        free(worker);
        return error_set(err, STATUS_IO, "could not start a thread");
    }
    pthread_mutex_lock(&group->lock);
    worker->next = group->workers;
    group->workers = worker;
    pthread_mutex_unlock(&group->lock);
    return OK;
}

enum status
group_join(struct group *group, struct error *err)
{
    while (group->workers != NULL)
    {
        struct worker *worker = group->workers;

        group->workers = worker->next;
        pthread_join(worker->thread, NULL);
        free(worker);
    }
    if (group->status != OK)
        *err = group->error;
    return group->status;
}

void
group_freep(struct group **group)
{
    struct error err = {0};

    if (*group == NULL)
        return;
    group_fail(*group, STATUS_CANCELLED, &err);
    (void) !group_join(*group, &err);
    /* Channels may outlive their group: what threads of it use is freed after it. */
    for (struct chan *chan = (*group)->channels; chan != NULL; chan = chan->next_in_group)
        chan->group = NULL;
    pthread_mutex_destroy(&(*group)->lock);
    free(*group);
    *group = NULL;
}

enum status
chan_create(struct chan **chan, struct group *group, size_t capacity, void (*discard)(void *item),
            struct error *err)
{
    struct chan *made = calloc(1, sizeof(*made) + capacity * sizeof(made->items[0]));

    if (made == NULL)
        return error_no_memory(err);
    made->group = group;
    made->discard = discard;
    made->capacity = capacity;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    pthread_mutex_lock(&group->lock);
    made->next_in_group = group->channels;
    group->channels = made;
    made->cut = group->status != OK;
    pthread_mutex_unlock(&group->lock);
    *chan = made;
    return OK;
}

bool
chan_send(struct chan *chan, void *item)
{
    bool sent;

    pthread_mutex_lock(&chan->lock);
    while (!chan->cut && chan->count == chan->capacity)
        pthread_cond_wait(&chan->changed, &chan->lock);
    sent = !chan->cut;
    if (sent)
    {
        chan->items[(chan->first + chan->count) % chan->capacity] = item;
        chan->count++;
        pthread_cond_broadcast(&chan->changed);
    }
    pthread_mutex_unlock(&chan->lock);
    return sent;
}

bool
chan_receive(struct chan *chan, void **item)
{
    bool received;

    pthread_mutex_lock(&chan->lock);
    while (!chan->cut && !chan->closed && chan->count == 0)
        pthread_cond_wait(&chan->changed, &chan->lock);
    received = !chan->cut && chan->count > 0;
    if (received)
    {
        *item = chan->items[chan->first];
        chan->first = (chan->first + 1) % chan->capacity;
        chan->count--;
        pthread_cond_broadcast(&chan->changed);
    }
    pthread_mutex_unlock(&chan->lock);
    return received;
}

void
chan_close(struct chan *chan)
{
    pthread_mutex_lock(&chan->lock);
    chan->closed = true;
    pthread_cond_broadcast(&chan->changed);
    pthread_mutex_unlock(&chan->lock);
}

static void
leave_group(struct chan *chan)
{
    struct chan **link;

    if (chan->group == NULL)
        return;
    link = &chan->group->channels;
    pthread_mutex_lock(&chan->group->lock);
    while (*link != chan)
        link = &(*link)->next_in_group;
    *link = chan->next_in_group;
    pthread_mutex_unlock(&chan->group->lock);
}

void
chan_freep(struct chan **chan)
{
    struct chan *gone = *chan;

    if (gone == NULL)
        return;
    leave_group(gone);
    for (; gone->count > 0; gone->count--)
    {
        if (gone->discard != NULL)
            gone->discard(gone->items[gone->first]);
        gone->first = (gone->first + 1) % gone->capacity;
    }
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *chan = NULL;
}

enum status
group_cancelled(struct error *err)
{
    return error_set(err, STATUS_CANCELLED, "cancelled");
}
