// SPDX-License-Identifier: PostgreSQL
#include "repo/difference.h"

#include "base/group.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_SIZE 1024

/* One of the target's keys, on its way to the merge. */
struct listed
{
    uint64_t size_bytes;
    char key[];
};

struct merge
{
    struct store *target;
    const char *prefix;
    struct group *group;
    struct chan *queue;  /* of struct listed */
    struct listed *next; /* the target's first that was not visited; NULL before and after all */
    bool ended;          /* the target has no more */
    enum status (*visit)(void *arg, const struct difference *difference, struct error *err);
    void *arg;
};

static void
release_merge(struct merge *merge)
{
    free(merge->next);
}

static enum status
send_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct merge *merge = arg;
    size_t length = strlen(key) + 1;
    struct listed *listed = malloc(sizeof(*listed) + length);

    if (listed == NULL)
        return error_no_memory(err);
    listed->size_bytes = size_bytes;
    memcpy(listed->key, key, length);
    if (chan_send(merge->queue, listed))
        return OK;
    free(listed);
    return group_cancelled(err);
}

static enum status
list_target(void *arg, struct error *err)
{
    struct merge *merge = arg;

    TRY(store_list(merge->target, merge->prefix, "", send_key, merge, err));
    chan_close(merge->queue);
    return OK;
}

static enum status
advance(struct merge *merge, struct error *err)
{
    void *item;

    free(merge->next);
    merge->next = NULL;
    if (merge->ended)
        return OK;
    if (chan_receive(merge->queue, &item))
        merge->next = item;
    else if (group_failed(merge->group)) /* its listing broke off, which is no end */
        return group_cancelled(err);
    else
        merge->ended = true;
    return OK;
}

static enum status
visit_target_only(struct merge *merge, struct error *err)
{
    const struct difference difference = {
        .key = merge->next->key, .in_target = true, .target_size = merge->next->size_bytes};

    TRY(merge->visit(merge->arg, &difference, err));
    return advance(merge, err);
}

static enum status
visit_source(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct merge *merge = arg;
    struct difference difference = {.key = key, .in_source = true, .source_size = size_bytes};

    while (merge->next != NULL && strcmp(merge->next->key, key) < 0)
        TRY(visit_target_only(merge, err));
    difference.in_target = merge->next != NULL && strcmp(merge->next->key, key) == 0;
    if (difference.in_target)
        difference.target_size = merge->next->size_bytes;
    TRY(merge->visit(merge->arg, &difference, err));
    return difference.in_target ? advance(merge, err) : OK;
}

static enum status
merge_all(struct merge *merge, struct store *source, struct error *err)
{
    TRY(advance(merge, err));
    TRY(store_list(source, merge->prefix, "", visit_source, merge, err));
    while (merge->next != NULL)
        TRY(visit_target_only(merge, err));
    return OK;
}

enum status
difference_visit(struct store *source, struct store *target, const char *prefix,
                 enum status (*visit)(void *arg, const struct difference *difference,
                                      struct error *err),
                 void *arg, struct error *err)
{
    SCOPED(release_merge)
    struct merge merge = {.target = target, .prefix = prefix, .visit = visit, .arg = arg};
    SCOPED(chan_freep) struct chan *queue = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    enum status status;

    TRY(group_create(&group, err));
    TRY(chan_create(&queue, group, QUEUE_SIZE, free, err));
    merge.group = group;
    merge.queue = queue;
    TRY(group_start(group, list_target, &merge, err));
    status = merge_all(&merge, source, err);
    if (status != OK)
        group_fail(group, status, err);
    return group_join(group, err);
}
