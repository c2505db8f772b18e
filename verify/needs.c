// SPDX-License-Identifier: PostgreSQL
#include "verify/needs.h"

#include "base/sorter.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SORTER_MEMORY ((size_t) 32 * 1024 * 1024)

/* Far more than a pack has; manifests that want more of one are not of our making. */
#define FRAMES_MAX ((size_t) 4 * 1024 * 1024)

/* A sorter's key, big-endian: by pack, its users first, then by place. */
struct need_key
{
    uint8_t id[PACK_ID_SIZE];
    uint32_t offset; /* 0: a user, for no frame is there */
    uint32_t number;
    uint32_t size;
    uint32_t backup;
};

struct needs
{
    pthread_mutex_t lock; /* guards the sorter until it is sorted */
    struct sorter *sorter;
    bool more; /* these are read ahead */
    struct need_key key;
    struct pack_user user; /* of a user's key, */
    uint32_t content;      /* and of a frame's */
};

enum status
needs_create(struct needs **needs, struct error *err)
{
    SCOPED(needs_freep) struct needs *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    TRY(sorter_create(&made->sorter, SORTER_MEMORY, err));
    *needs = made;
    made = NULL;
    return OK;
}

void
needs_freep(struct needs **needs)
{
    if (*needs == NULL)
        return;
    sorter_freep(&(*needs)->sorter);
    pthread_mutex_destroy(&(*needs)->lock);
    free(*needs);
    *needs = NULL;
}

static enum status
add(struct needs *needs, const struct need_key *key, struct bytes value, struct error *err)
{
    enum status status;

    pthread_mutex_lock(&needs->lock);
    status =
        sorter_add(needs->sorter, (struct bytes){(const uint8_t *) key, sizeof(*key)}, value, err);
    pthread_mutex_unlock(&needs->lock);
    return status;
}

enum status
needs_add_user(struct needs *needs, const struct pack *pack, uint32_t backup, struct error *err)
{
    struct need_key key = {.backup = htobe32(backup)};
    struct pack_user user = {
        .backup = backup,
        .key_id = pack->key_id,
        .size_bytes = pack->size_bytes,
        .content_bytes = pack->content_bytes,
    };

    memcpy(key.id, pack->id, PACK_ID_SIZE);
    return add(needs, &key, (struct bytes){(uint8_t *) &user, sizeof(user)}, err);
}

enum status
needs_add_frame(struct needs *needs, const uint8_t id[PACK_ID_SIZE], const struct frame_need *need,
                struct error *err)
{
    struct need_key key = {
        .offset = htobe32(need->place.offset),
        .number = htobe32(need->place.number),
        .size = htobe32(need->place.size),
        .backup = htobe32(need->backup),
    };

    memcpy(key.id, id, PACK_ID_SIZE);
    return add(needs, &key, (struct bytes){(uint8_t *) &need->content, sizeof(need->content)}, err);
}

static enum status
look_ahead(struct needs *needs, struct error *err)
{
    struct bytes key;
    struct bytes value;

    TRY(sorter_next(needs->sorter, &needs->more, &key, &value, err));
    if (!needs->more)
        return OK;
    memcpy(&needs->key, key.data, sizeof(needs->key));
    if (needs->key.offset == 0)
        memcpy(&needs->user, value.data, sizeof(needs->user));
    else
        memcpy(&needs->content, value.data, sizeof(needs->content));
    return OK;
}

enum status
needs_sort(struct needs *needs, struct error *err)
{
    TRY(sorter_sort(needs->sorter, err));
    return look_ahead(needs, err);
}

/* Room for one more of an array whose length is known only when it ends. */
static enum status
grow(void **array, size_t count, size_t size, struct error *err)
{
    void *grown;

    /* At powers of two. */
    if ((count & (count - 1)) != 0)
        return OK;
    grown = realloc(*array, (count == 0 ? 1 : count * 2) * size);
    if (grown == NULL)
        return error_no_memory(err);
    *array = grown;
    return OK;
}

static enum status
take_user(struct needs *needs, struct pack_needs *pack, struct error *err)
{
    void *users = pack->users;

    /* A manifest that lists a pack twice uses it once. */
    if (pack->user_count > 0 && pack->users[pack->user_count - 1].backup == needs->user.backup)
        return OK;
    TRY(grow(&users, pack->user_count, sizeof(*pack->users), err));
    pack->users = users;
    pack->users[pack->user_count++] = needs->user;
    return OK;
}

static enum status
take_frame(struct needs *needs, struct pack_needs *pack, struct error *err)
{
    struct frame_need *last = pack->frame_count == 0 ? NULL : &pack->frames[pack->frame_count - 1];
    struct frame_need need = {
        .place = {.number = be32toh(needs->key.number),
                  .offset = be32toh(needs->key.offset),
                  .size = be32toh(needs->key.size)},
        .content = needs->content,
        .backup = be32toh(needs->key.backup),
        .backups = 1,
    };
    void *frames = pack->frames;

    if (last != NULL && memcmp(&last->place, &need.place, sizeof(need.place)) == 0)
    {
        last->backups++;
        last->content = need.content > last->content ? need.content : last->content;
        return OK;
    }
    if (pack->frame_count == FRAMES_MAX)
        return error_set(err, STATUS_NO_MEMORY, "manifests want too many frames of one pack");
    TRY(grow(&frames, pack->frame_count, sizeof(*pack->frames), err));
    pack->frames = frames;
    pack->frames[pack->frame_count++] = need;
    return OK;
}

enum status
needs_next(struct needs *needs, bool *more, struct pack_needs *pack, struct error *err)
{
    *pack = (struct pack_needs){0};
    *more = needs->more;
    if (!*more)
        return OK;
    memcpy(pack->id, needs->key.id, PACK_ID_SIZE);
    while (needs->more && memcmp(pack->id, needs->key.id, PACK_ID_SIZE) == 0)
    {
        enum status status =
            needs->key.offset == 0 ? take_user(needs, pack, err) : take_frame(needs, pack, err);

        if (status == OK)
            status = look_ahead(needs, err);
        if (status != OK)
        {
            needs_release(pack);
            return status;
        }
    }
    return OK;
}

void
needs_release(struct pack_needs *pack)
{
    free(pack->users);
    free(pack->frames);
    *pack = (struct pack_needs){0};
}
