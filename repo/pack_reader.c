// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_format.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct pack_reader
{
    struct repo *repo;
    ZSTD_DCtx *decompress;
    struct aead *aead; /* of the present pack; NULL when nothing is encrypted */
    uint8_t opened[FRAME_STORED_MAX];
    _Alignas(FRAME_ALIGNMENT) uint8_t content[FRAME_SIZE];
};

enum status
pack_reader_create(struct pack_reader **reader, struct repo *repo, struct error *err)
{
    SCOPED(pack_reader_freep)
    struct pack_reader *made = aligned_alloc(FRAME_ALIGNMENT, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->aead = NULL;
    made->repo = repo;
    made->decompress = ZSTD_createDCtx();
    if (made->decompress == NULL)
        return error_no_memory(err);
    *reader = made;
    made = NULL;
    return OK;
}

void
pack_reader_freep(struct pack_reader **reader)
{
    if (*reader == NULL)
        return;
    ZSTD_freeDCtx((*reader)->decompress);
    aead_freep(&(*reader)->aead);
    free(*reader);
    *reader = NULL;
}

enum status
pack_reader_turn(struct pack_reader *reader, const struct pack *pack, struct error *err)
{
    SCOPED(secret_wipe) struct secret data_key = {{0}};

    aead_freep(&reader->aead);
    if (reader->repo->keyring == NULL)
        return OK;
    TRY(keyring_find(reader->repo->keyring, &pack->key_id, &data_key, err));
    return pack_cipher(reader->repo, pack, &data_key, &reader->aead, err);
}

enum status
pack_reader_check(const struct pack *pack, const uint8_t header[PACK_HEADER_SIZE],
                  struct error *err)
{
    uint8_t expected[PACK_HEADER_SIZE];

    pack_header_format(pack, expected);
    if (memcmp(header, expected, PACK_HEADER_SIZE) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "wrong header");
}

enum status
pack_reader_open(struct pack_reader *reader, struct bytes stored, const struct frame_place *place,
                 struct bytes *content, struct error *err)
{
    struct frame_header header;
    struct bytes body = {stored.data + FRAME_HEADER_SIZE, stored.size - FRAME_HEADER_SIZE};
    size_t size;

    /* Else a frame that nobody sealed would pass. */
    assert(reader->aead != NULL || reader->repo->keyring == NULL);
    if (stored.size < FRAME_HEADER_SIZE || stored.size != place->size ||
        stored.size > FRAME_STORED_MAX || !frame_header_parse(stored.data, &header) ||
        header.number != place->number || header.stored_size != body.size)
        return error_set(err, STATUS_CORRUPT, "frame %u has a wrong header", place->number);
    if (reader->aead != NULL)
    {
        struct aead_nonce nonce = frame_nonce(place->number);

        if (aead_open(reader->aead, &nonce, (struct bytes){stored.data, FRAME_HEADER_SIZE}, body,
                      reader->opened, err) != OK)
        {
            error_context(err, "frame %u", place->number);
            return STATUS_CORRUPT;
        }
        body = (struct bytes){reader->opened, body.size - AEAD_TAG_SIZE};
    }
    size =
        ZSTD_decompressDCtx(reader->decompress, reader->content, FRAME_SIZE, body.data, body.size);
    if (ZSTD_isError(size))
        return error_set(err, STATUS_CORRUPT, "could not decompress frame %u: %s", place->number,
                         ZSTD_getErrorName(size));
    if (size != header.content_size)
        return error_set(err, STATUS_CORRUPT, "frame %u holds %zu bytes, expected %u",
                         place->number, size, header.content_size);
    *content = (struct bytes){reader->content, size};
    return OK;
}
