// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_format.h"

#include <endian.h>
#include <string.h>

#define PACK_MAGIC   "RDBTPACK"
#define PACK_VERSION 1

enum status
pack_key(const struct repo *repo, const uint8_t id[PACK_ID_SIZE], char key[STORE_KEY_MAX + 1],
         struct error *err)
{
    char text[2 * PACK_ID_SIZE + 1];

    hex_encode((struct bytes){id, PACK_ID_SIZE}, text);
    return repo_key(repo, key, err, "packs/%.2s/%s", text, text);
}

void
pack_id_format(uint32_t tag, time_us time, uint8_t id[PACK_ID_SIZE])
{
    uint32_t big_tag = htobe32(tag);
    uint64_t big_time = htobe64((uint64_t) (time / 1000) << 16);

    memcpy(id + PACK_ID_TAG_AT, &big_tag, sizeof(big_tag));
    memcpy(id + PACK_ID_TIME_AT, &big_time, PACK_ID_SIZE - PACK_ID_TIME_AT);
}

uint32_t
pack_id_tag(const uint8_t id[PACK_ID_SIZE])
{
    uint32_t big_tag;

    memcpy(&big_tag, id + PACK_ID_TAG_AT, sizeof(big_tag));
    return be32toh(big_tag);
}

time_us
pack_id_time(const uint8_t id[PACK_ID_SIZE])
{
    uint64_t big_time = 0;

    memcpy(&big_time, id + PACK_ID_TIME_AT, PACK_ID_SIZE - PACK_ID_TIME_AT);
    return (time_us) (be64toh(big_time) >> 16) * 1000;
}

void
pack_header_format(const struct pack *pack, uint8_t out[PACK_HEADER_SIZE])
{
    static const struct seal_key_id none = {{0}};

    memset(out, 0, PACK_HEADER_SIZE);
    memcpy(out, PACK_MAGIC, 8);
    out[8] = PACK_VERSION;
    out[9] = memcmp(&pack->key_id, &none, sizeof(none)) != 0;
    memcpy(out + 16, pack->key_id.bytes, SEAL_KEY_ID_SIZE);
    memcpy(out + 32, pack->id, PACK_ID_SIZE);
}

void
frame_header_format(const struct frame_header *header, uint8_t out[FRAME_HEADER_SIZE])
{
    uint32_t fields[4] = {htole32(header->number), htole32(header->stored_size),
                          htole32(header->content_size), 0};

    memcpy(out, fields, sizeof(fields));
}

bool
frame_header_parse(const uint8_t in[FRAME_HEADER_SIZE], struct frame_header *header)
{
    uint32_t fields[4];

    memcpy(fields, in, sizeof(fields));
    *header = (struct frame_header){le32toh(fields[0]), le32toh(fields[1]), le32toh(fields[2])};
    return fields[3] == 0 && header->stored_size <= FRAME_STORED_MAX &&
           header->content_size <= FRAME_SIZE;
}

/* A pack's key serves that pack alone: its frames' numbers are nonce enough. */
struct aead_nonce
frame_nonce(uint32_t number)
{
    struct aead_nonce nonce = {{0}};
    uint32_t big_endian = htobe32(number);

    memcpy(nonce.bytes + 8, &big_endian, sizeof(big_endian));
    return nonce;
}

enum status
pack_cipher(struct repo *repo, const struct pack *pack, const struct secret *data_key,
            struct aead **aead, struct error *err)
{
    static const char purpose[] = "redoubt pack 1"; /* with its terminator */
    SCOPED(buffer_release) struct buffer info = BUFFER_INIT(2048);
    SCOPED(secret_wipe) struct secret key = {{0}};
    char name[STORE_KEY_MAX + 1];

    TRY(pack_key(repo, pack->id, name, err));
    TRY(buffer_append(&info, (struct bytes){(const uint8_t *) purpose, sizeof(purpose)}, err));
    TRY(buffer_append(&info, (struct bytes){repo->id, REPOSITORY_ID_SIZE}, err));
    TRY(buffer_append(&info, bytes_of(name), err));
    TRY(secret_derive(data_key, (struct bytes){pack->id, PACK_ID_SIZE}, buffer_bytes(&info), &key,
                      err));
    return aead_create(aead, &key, err);
}
