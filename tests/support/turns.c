// SPDX-License-Identifier: PostgreSQL
#include "tests/support/turns.h"

#include "repo/store_delete.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS_MAX     4096
#define COPY_LIMIT    ((size_t) 1 << 20)
#define NOBODY        TURNS_ACTORS_MAX
#define TRACE_SIZE    3000
#define TRACE_KEY_MAX 40

/* Which of so many ways was gone at one place. */
struct decision
{
    unsigned chosen;
    unsigned count;
};

struct stage;

/* The store as one actor sees it. */
struct actor_store
{
    struct store base;
    struct stage *stage;
    size_t actor;
};

struct stage
{
    struct turns_play *play; /* these do not change while an order is tried */
    struct turns_result *result;
    struct store *store; /* where the objects are */
    struct repo repo;    /* over it, for the checks */
    struct actor_store seen[TURNS_ACTORS_MAX];
    struct repo repos[TURNS_ACTORS_MAX];

    pthread_mutex_t lock; /* guards what follows; all else belongs to whose turn it is */
    pthread_cond_t changed;
    size_t turn;

    bool ended[TURNS_ACTORS_MAX];
    unsigned preemptions;
    struct decision path[TURNS_MAX];
    size_t depth;  /* decisions made in this order */
    size_t length; /* decisions that are known */
    uint64_t turns;
    char trace[TRACE_SIZE];
};

/* The next decision: what was planned, or the first way of a place that is new. */
static unsigned
decide(struct stage *stage, unsigned count)
{
    struct decision *decision = &stage->path[stage->depth];

    if (count == 1)
        return 0;
    assert(stage->depth < TURNS_MAX);
    if (stage->depth == stage->length)
    {
        *decision = (struct decision){0, count};
        stage->length++;
    }
    assert(decision->count == count); /* else the actors do not do the same again */
    stage->depth++;
    return decision->chosen;
}

/* Whose turn comes: way 0 is whoever goes on, the others follow in order. */
static size_t
choose(struct stage *stage, size_t going_on)
{
    size_t ways[TURNS_ACTORS_MAX];
    unsigned count = 0;

    if (going_on != NOBODY)
        ways[count++] = going_on;
    if (going_on == NOBODY || stage->preemptions < stage->play->preemptions)
        for (size_t actor = 0; actor < stage->play->actor_count; actor++)
            if (!stage->ended[actor] && actor != going_on)
                ways[count++] = actor;
    return count == 0 ? NOBODY : ways[decide(stage, count)];
}

static void
wait_for_turn(struct stage *stage, size_t actor)
{
    pthread_mutex_lock(&stage->lock);
    while (stage->turn != actor)
        pthread_cond_wait(&stage->changed, &stage->lock);
    pthread_mutex_unlock(&stage->lock);
}

static void
give_turn(struct stage *stage, size_t actor)
{
    pthread_mutex_lock(&stage->lock);
    stage->turn = actor;
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
}

/* "B:put 007.json " */
static void
note_turn(struct stage *stage, size_t actor, const char *what, const char *key)
{
    size_t used = strlen(stage->trace);
    const char *tail = strlen(key) > TRACE_KEY_MAX ? key + strlen(key) - TRACE_KEY_MAX : key;

    stage->turns++;
    snprintf(stage->trace + used, sizeof(stage->trace) - used, "%s:%s %s\n",
             stage->play->actors[actor].name, what, tail);
}

/* Before an operation that others can notice. */
static void
take_turn(struct actor_store *seen, const char *what, const char *key)
{
    struct stage *stage = seen->stage;
    size_t next = choose(stage, seen->actor);

    if (next != seen->actor)
    {
        stage->preemptions++;
        give_turn(stage, next);
        wait_for_turn(stage, seen->actor);
    }
    note_turn(stage, seen->actor, what, key);
}

static void
violate(struct stage *stage, const struct error *err)
{
    if (stage->result->violated)
        return;
    stage->result->violated = true;
    snprintf(stage->result->violation, sizeof(stage->result->violation), "%s, after\n%s",
             err->message, stage->trace);
}

static void
inspect(struct stage *stage, const char *key, bool removed)
{
    struct error err = {0};

    if (!stage->play->inspect(stage->play->arg, &stage->repo, key, removed, &err))
        violate(stage, &err);
}

static enum status
seen_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    take_turn(seen, "put", key);
    if (seen->stage->play->overwrite)
        TRY(store_delete(seen->stage->store, key, err));
    TRY(store_put(seen->stage->store, key, body, err));
    inspect(seen->stage, key, false);
    return OK;
}

/* Streams are manifests, which are seen when they are whole. */
static enum status
seen_create(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    take_turn(seen, "create", key);
    return store_create(seen->stage->store, key, sink, err);
}

static enum status
seen_read(struct store *base, const char *key, uint64_t offset, uint64_t length, struct sink *into,
          struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    if (strstr(key, "/log/") == NULL)
        take_turn(seen, "read", key);
    return store_read(seen->stage->store, key, offset, length, into, err);
}

static enum status
seen_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    take_turn(seen, "size", key);
    return store_size(seen->stage->store, key, size_bytes, err);
}

static enum status
seen_list(struct store *base, const char *prefix, const char *after,
          enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err),
          void *arg, struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    take_turn(seen, "list", prefix);
    return store_list(seen->stage->store, prefix, after, visit, arg, err);
}

static enum status
seen_remove(struct store *base, const char *key, struct error *err)
{
    struct actor_store *seen = (struct actor_store *) base;

    take_turn(seen, "remove", key);
    TRY(store_delete(seen->stage->store, key, err));
    inspect(seen->stage, key, true);
    return OK;
}

static enum status
seen_remove_unfinished(struct store *base, const char *prefix, time_us before, uint64_t *count,
                       struct error *err)
{
    return store_delete_unfinished(((struct actor_store *) base)->stage->store, prefix, before,
                                   count, err);
}

static enum status
seen_server_time(struct store *base, time_us *now, struct error *err)
{
    return store_server_time(((struct actor_store *) base)->stage->store, now, err);
}

static const struct store_ops seen_ops = {
    .name = "turns",
    .put = seen_put,
    .create = seen_create,
    .read = seen_read,
    .size = seen_size,
    .list = seen_list,
    .remove = seen_remove,
    .remove_unfinished = seen_remove_unfinished,
    .server_time = seen_server_time,
};

static void *
act(void *arg)
{
    struct actor_store *seen = arg;
    struct stage *stage = seen->stage;
    struct turns_actor *actor = &stage->play->actors[seen->actor];

    wait_for_turn(stage, seen->actor);
    actor->err = (struct error){0};
    actor->status = actor->act(stage->play->arg, &stage->repos[seen->actor], &actor->err);
    stage->ended[seen->actor] = true;
    give_turn(stage, choose(stage, NOBODY));
    return NULL;
}

struct copying
{
    struct store *from;
    struct store *to;
};

static enum status
copy_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct copying *copying = arg;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(COPY_LIMIT);

    (void) size_bytes;
    TRY(store_get(copying->from, key, &content, err));
    return store_put(copying->to, key, buffer_bytes(&content), err);
}

static struct repo
repo_over(struct store *store)
{
    return (struct repo){.store = store,
                         .cluster = (char *) "shop",
                         .conditional_create = true,
                         .compression_level = 1,
                         .threads = 1};
}

static enum status
set_stage(struct stage *stage, struct store *content, struct error *err)
{
    struct copying copying = {.from = content};

    TRY(store_open_memory(&stage->store, err));
    copying.to = stage->store;
    TRY(store_list(content, "", "", copy_object, &copying, err));
    stage->repo = repo_over(stage->store);
    stage->preemptions = 0;
    stage->depth = 0;
    stage->turns = 0;
    stage->trace[0] = '\0';
    stage->turn = NOBODY;
    for (size_t actor = 0; actor < stage->play->actor_count; actor++)
    {
        stage->ended[actor] = false;
        stage->seen[actor] =
            (struct actor_store){.base = {.ops = &seen_ops, .location = (char *) "memory"},
                                 .stage = stage,
                                 .actor = actor};
        stage->repos[actor] = repo_over(&stage->seen[actor].base);
    }
    return OK;
}

static void
try_order(struct stage *stage)
{
    struct turns_play *play = stage->play;
    pthread_t threads[TURNS_ACTORS_MAX];
    struct error err = {0};

    play->begin(play->arg, &stage->repo);
    for (size_t actor = 0; actor < play->actor_count; actor++)
        if (pthread_create(&threads[actor], NULL, act, &stage->seen[actor]) != 0)
            abort();
    give_turn(stage, choose(stage, NOBODY));
    for (size_t actor = 0; actor < play->actor_count; actor++)
        pthread_join(threads[actor], NULL);
    if (!play->end(play->arg, &stage->repo, play, &err))
        violate(stage, &err);
}

/* The next order, in which the last decision that can be another one is. */
static bool
next_order(struct stage *stage)
{
    while (stage->length > 0 &&
           stage->path[stage->length - 1].chosen + 1 == stage->path[stage->length - 1].count)
        stage->length--;
    if (stage->length == 0)
        return false;
    stage->path[stage->length - 1].chosen++;
    return true;
}

enum status
turns_play_all(struct turns_play *play, struct store *content, struct turns_result *result,
               struct error *err)
{
    SCOPED(freep) struct stage *stage = calloc(1, sizeof(*stage));
    enum status status = OK;

    *result = (struct turns_result){0};
    if (stage == NULL)
        return error_no_memory(err);
    stage->play = play;
    stage->result = result;
    pthread_mutex_init(&stage->lock, NULL);
    pthread_cond_init(&stage->changed, NULL);
    do
    {
        status = set_stage(stage, content, err);
        if (status == OK)
        {
            try_order(stage);
            result->orders++;
            if (stage->turns > result->longest)
                result->longest = stage->turns;
        }
        store_freep(&stage->store);
    } while (status == OK && !result->violated && next_order(stage));
    pthread_cond_destroy(&stage->changed);
    pthread_mutex_destroy(&stage->lock);
    return status;
}
