// SPDX-License-Identifier: PostgreSQL
/*
 * Packs being filled, stored and used again.
 *
 * A packer compresses into memory of its own, claims a number and a place in
 * the open pack under the lock, and seals into that place without it.  A pack
 * counts those who still write into it, and itself while it is open; whoever
 * brings the count to zero sends it to the uploaders.  Its memory comes back
 * through the channel of free packs, which is also what bounds memory.
 */
#include "base/crash.h"
#include "base/random.h"
#include "repo/pack_format.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct open_pack
{
    uint32_t index;       /* in the writer's list; these three are set when it is opened */
    struct pack pack;     /* size_bytes is set when it is closed */
    struct secret secret; /* the data key that its frames are sealed under */

    uint32_t frame_count; /* guarded by the writer's lock while it is open */
    uint32_t used;

    atomic_int users;
    uint8_t data[PACK_SIZE];
};

struct pack_writer
{
    struct repo *repo; /* these do not change once it is created */
    uint32_t tag;
    struct group *group;
    struct chan *free_packs;
    struct chan *full_packs;
    struct open_pack **all; /* every pack's memory, to free it */
    size_t all_count;

    pthread_mutex_t lock; /* guards what follows */
    struct open_pack *open;
    struct pack *packs;
    size_t pack_count;
};

struct pack_packer
{
    struct pack_writer *writer;
    ZSTD_CCtx *compress;
    struct aead *aead; /* of the pack that it sealed into last */
    uint32_t aead_pack;
    uint8_t scratch[FRAME_STORED_MAX];
};

static enum status
store_pack(struct pack_writer *writer, struct open_pack *full, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(pack_key(writer->repo, full->pack.id, key, err));
    CRASH_POINT("backup: before a pack exists"); /* nothing refers to it */
    TRY(store_put(writer->repo->store, key, (struct bytes){full->data, full->used}, err));
    CRASH_POINT("backup: after a pack exists"); /* nothing refers to it yet: an orphan */
    return OK;
}

static enum status
upload(void *arg, struct error *err)
{
    struct pack_writer *writer = arg;
    void *item;

    while (chan_receive(writer->full_packs, &item))
    {
        TRY(store_pack(writer, item, err));
        if (!chan_send(writer->free_packs, item))
            return group_cancelled(err);
    }
    return OK;
}

static enum status
allocate_packs(struct pack_writer *writer, size_t count, struct error *err)
{
    writer->all = calloc(count, sizeof(*writer->all));
    if (writer->all == NULL)
        return error_no_memory(err);
    for (; writer->all_count < count; writer->all_count++)
    {
        struct open_pack *made = malloc(sizeof(*made));

        if (made == NULL)
            return error_no_memory(err);
        writer->all[writer->all_count] = made;
        if (!chan_send(writer->free_packs, made))
            return group_cancelled(err);
    }
    return OK;
}

enum status
pack_writer_create(struct pack_writer **writer, struct repo *repo, uint32_t tag, int uploaders,
                   struct group *group, struct error *err)
{
    SCOPED(pack_writer_freep) struct pack_writer *made = calloc(1, sizeof(*made));
    size_t count = (size_t) uploaders + 2;

    if (made == NULL)
        return error_no_memory(err);
    made->repo = repo;
    made->group = group;
    made->tag = tag;
    pthread_mutex_init(&made->lock, NULL);
    TRY(chan_create(&made->free_packs, group, count, NULL, err));
    TRY(chan_create(&made->full_packs, group, count, NULL, err));
    TRY(allocate_packs(made, count, err));
    *writer = made;
    for (int index = 0; index < uploaders; index++)
    {
        enum status status = group_start(group, upload, made, err);

        if (status != OK)
        {
            /* Uploaders that started use the writer: only the caller's join ends them. */
            group_fail(group, status, err);
            made = NULL;
            return status;
        }
    }
    made = NULL;
    return OK;
}

void
pack_writer_freep(struct pack_writer **writer)
{
    struct pack_writer *gone = *writer;

    if (gone == NULL)
        return;
    chan_freep(&gone->free_packs);
    chan_freep(&gone->full_packs);
    for (size_t index = 0; index < gone->all_count; index++)
    {
        secret_wipe(&gone->all[index]->secret);
        free(gone->all[index]);
    }
    free(gone->all);
    free(gone->packs);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *writer = NULL;
}

/* One user less; the last one passes the pack on. */
static enum status
leave_pack(struct pack_writer *writer, struct open_pack *pack, struct error *err)
{
    if (atomic_fetch_sub(&pack->users, 1) != 1)
        return OK;
    return chan_send(writer->full_packs, pack) ? OK : group_cancelled(err);
}

/* Call with the lock. */
static enum status
close_pack(struct pack_writer *writer, struct error *err)
{
    struct open_pack *pack = writer->open;

    if (pack == NULL)
        return OK;
    writer->open = NULL;
    writer->packs[pack->index].size_bytes = pack->used;
    return leave_pack(writer, pack, err);
}

static enum status
list_pack(struct pack_writer *writer, struct open_pack *pack, struct error *err)
{
    struct pack *grown = realloc(writer->packs, (writer->pack_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    writer->packs = grown;
    pack->index = (uint32_t) writer->pack_count;
    writer->packs[writer->pack_count++] = pack->pack;
    return OK;
}

/* Random digits first, which spread packs over folders. */
static enum status
make_id(const struct pack_writer *writer, uint8_t id[PACK_ID_SIZE], struct error *err)
{
    TRY(random_bytes(id, PACK_ID_TAG_AT, err));
    pack_id_format(writer->tag, clock_now(), id);
    return OK;
}

/* Call with the lock: those who could free a pack do not need it. */
static enum status
open_next_pack(struct pack_writer *writer, struct error *err)
{
    struct open_pack *pack;
    void *item;

    if (!chan_receive(writer->free_packs, &item))
        return group_cancelled(err);
    pack = item;
    pack->pack = (struct pack){0};
    TRY(make_id(writer, pack->pack.id, err));
    if (writer->repo->keyring != NULL)
        TRY(keyring_active(writer->repo->keyring, &pack->pack.key_id, &pack->secret, err));
    TRY(list_pack(writer, pack, err));
    pack_header_format(&pack->pack, pack->data);
    pack->used = PACK_HEADER_SIZE;
    pack->frame_count = 0;
    atomic_store(&pack->users, 1);
    writer->open = pack;
    return OK;
}

/* Claim a place for size bytes.  Call with the lock. */
static enum status
claim(struct pack_writer *writer, uint32_t size, size_t content_size, struct open_pack **pack,
      struct frame_place *place, struct error *err)
{
    if (writer->open != NULL && writer->open->used + size > PACK_SIZE)
        TRY(close_pack(writer, err));
    if (writer->open == NULL)
        TRY(open_next_pack(writer, err));
    *pack = writer->open;
    *place = (struct frame_place){
        .pack = (*pack)->index,
        .number = (*pack)->frame_count++,
        .offset = (*pack)->used,
        .size = size,
    };
    (*pack)->used += size;
    writer->packs[(*pack)->index].content_bytes += content_size;
    atomic_fetch_add(&(*pack)->users, 1);
    return OK;
}

enum status
pack_packer_create(struct pack_packer **packer, struct pack_writer *writer, struct error *err)
{
    SCOPED(pack_packer_freep) struct pack_packer *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->writer = writer;
    made->aead_pack = UINT32_MAX;
    made->compress = ZSTD_createCCtx();
    if (made->compress == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(made->compress, ZSTD_c_compressionLevel,
                                            writer->repo->compression_level)) ||
        /* A seal's tag says more than zstd's checksum, which would be one more pass. */
        ZSTD_isError(ZSTD_CCtx_setParameter(made->compress, ZSTD_c_checksumFlag,
                                            writer->repo->keyring == NULL)))
        return error_no_memory(err);
    *packer = made;
    made = NULL;
    return OK;
}

void
pack_packer_freep(struct pack_packer **packer)
{
    if (*packer == NULL)
        return;
    ZSTD_freeCCtx((*packer)->compress);
    aead_freep(&(*packer)->aead);
    free(*packer);
    *packer = NULL;
}

/* Fill the claimed place from the compressed frame in scratch. */
static enum status
fill_place(struct pack_packer *packer, struct open_pack *pack, const struct frame_place *place,
           struct bytes compressed, uint32_t content_size, struct error *err)
{
    uint8_t *out = pack->data + place->offset;
    struct frame_header header = {place->number, place->size - FRAME_HEADER_SIZE, content_size};
    struct aead_nonce nonce = frame_nonce(place->number);

    frame_header_format(&header, out);
    if (packer->writer->repo->keyring == NULL)
    {
        memcpy(out + FRAME_HEADER_SIZE, compressed.data, compressed.size);
        return OK;
    }
    if (packer->aead_pack != place->pack)
    {
        aead_freep(&packer->aead);
        TRY(pack_cipher(packer->writer->repo, &pack->pack, &pack->secret, &packer->aead, err));
        packer->aead_pack = place->pack;
    }
    return aead_seal(packer->aead, &nonce, (struct bytes){out, FRAME_HEADER_SIZE}, compressed,
                     out + FRAME_HEADER_SIZE, err);
}

enum status
pack_packer_add(struct pack_packer *packer, struct bytes content, struct frame_place *place,
                struct error *err)
{
    struct pack_writer *writer = packer->writer;
    struct open_pack *pack;
    size_t tag_size = writer->repo->keyring == NULL ? 0 : AEAD_TAG_SIZE;
    size_t size = ZSTD_compress2(packer->compress, packer->scratch, sizeof(packer->scratch),
                                 content.data, content.size);
    enum status status;

    assert(content.size <= FRAME_SIZE); /* no reader opens more */
    if (ZSTD_isError(size))
        return error_set(err, STATUS_IO, "could not compress a frame: %s", ZSTD_getErrorName(size));
    pthread_mutex_lock(&writer->lock);
    status = claim(writer, (uint32_t) (FRAME_HEADER_SIZE + size + tag_size), content.size, &pack,
                   place, err);
    pthread_mutex_unlock(&writer->lock);
    if (status != OK)
        return status;
    TRY(fill_place(packer, pack, place, (struct bytes){packer->scratch, size},
                   (uint32_t) content.size, err));
    return leave_pack(writer, pack, err);
}

enum status
pack_writer_finish(struct pack_writer *writer, struct error *err)
{
    enum status status;

    pthread_mutex_lock(&writer->lock);
    status = close_pack(writer, err);
    pthread_mutex_unlock(&writer->lock);
    if (status == OK)
        chan_close(writer->full_packs);
    return status;
}

const struct pack *
pack_writer_packs(const struct pack_writer *writer, size_t *count)
{
    *count = writer->pack_count;
    return writer->packs;
}
