// SPDX-License-Identifier: PostgreSQL
#include "stream/seal.h"

#include "base/random.h"
#include "stream/aead.h"
#include "stream/sink.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_MAGIC       "RDBTSEAL"
#define SEAL_VERSION     1
#define FLAG_HAS_DIGEST  1
#define SEALED_CHUNK_MAX (SEAL_CHUNK_SIZE + AEAD_TAG_SIZE)

/* Both stages: a chunk is gathered in `held` and leaves through `out`. */
struct seal_sink
{
    struct sink base;
    struct aead *aead; /* unsealing: NULL until the header was seen */
    struct seal_key_source keys;
    struct seal_binding binding;
    uint8_t header[SEAL_HEADER_SIZE];
    size_t header_size; /* unsealing: how much of it has come */
    bool header_sent;
    uint32_t chunk_number;
    size_t held_size;
    uint8_t held[SEALED_CHUNK_MAX];
    uint8_t out[SEALED_CHUNK_MAX];
};

static enum status
derive_object_key(const struct secret *data_key, const uint8_t *salt,
                  const struct seal_binding *binding, struct aead **aead, struct error *err)
{
    static const char purpose[] = "redoubt object 1"; /* with its terminator */
    SCOPED(buffer_release) struct buffer info = BUFFER_INIT(2048);
    struct secret key;
    enum status status;

    TRY(buffer_append(&info, (struct bytes){(const uint8_t *) purpose, sizeof(purpose)}, err));
    TRY(buffer_append(&info, (struct bytes){binding->repository_id, REPOSITORY_ID_SIZE}, err));
    TRY(buffer_append(&info, bytes_of(binding->object_key), err));
    TRY(secret_derive(data_key, (struct bytes){salt, 32}, buffer_bytes(&info), &key, err));
    status = aead_create(aead, &key, err);
    secret_wipe(&key);
    return status;
}

/* Seven zero bytes, the chunk's number, and whether it is the last. */
static struct aead_nonce
chunk_nonce(uint32_t number, bool final)
{
    struct aead_nonce nonce = {{0}};
    uint32_t big_endian = htobe32(number);

    memcpy(nonce.bytes + 7, &big_endian, sizeof(big_endian));
    nonce.bytes[11] = final;
    return nonce;
}

static enum status
next_chunk(struct seal_sink *sink, struct error *err)
{
    if (sink->chunk_number == UINT32_MAX)
        return error_set(err, STATUS_CORRUPT, "sealed object is longer than 256 TiB");
    sink->chunk_number++;
    sink->held_size = 0;
    return OK;
}

static enum status
seal_chunk(struct seal_sink *sink, bool final, struct error *err)
{
    struct aead_nonce nonce = chunk_nonce(sink->chunk_number, final);
    size_t size = sink->held_size;

    if (!sink->header_sent)
        TRY(sink_write(sink->base.next, (struct bytes){sink->header, SEAL_HEADER_SIZE}, err));
    sink->header_sent = true;
    TRY(aead_seal(sink->aead, &nonce, (struct bytes){sink->header, SEAL_HEADER_SIZE},
                  (struct bytes){sink->held, size}, sink->out, err));
    TRY(sink_write(sink->base.next, (struct bytes){sink->out, size + AEAD_TAG_SIZE}, err));
    return next_chunk(sink, err);
}

/* Move bytes into `held`, up to a limit. */
static void
hold(struct seal_sink *sink, struct bytes *chunk, size_t limit)
{
    size_t size = limit - sink->held_size < chunk->size ? limit - sink->held_size : chunk->size;

    memcpy(sink->held + sink->held_size, chunk->data, size);
    sink->held_size += size;
    chunk->data += size;
    chunk->size -= size;
}

static enum status
seal_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct seal_sink *sink = (struct seal_sink *) self;

    while (chunk.size > 0)
    {
        /* A full chunk waits for what follows: only then it is not the last. */
        if (sink->held_size == SEAL_CHUNK_SIZE)
            TRY(seal_chunk(sink, false, err));
        hold(sink, &chunk, SEAL_CHUNK_SIZE);
    }
    return OK;
}

static enum status
seal_finish(struct sink *self, struct error *err)
{
    TRY(seal_chunk((struct seal_sink *) self, true, err));
    return sink_finish(self->next, err);
}

static void
seal_free(struct sink *self)
{
    struct seal_sink *sink = (struct seal_sink *) self;

    aead_freep(&sink->aead);
    OPENSSL_cleanse(sink, sizeof(*sink));
    free(sink);
}

static const struct sink_ops seal_ops = {
    .name = "seal",
    .write = seal_write,
    .finish = seal_finish,
    .free = seal_free,
};

static void
format_header(uint8_t *out, const struct seal_header *header)
{
    uint16_t flags = htole16(header->has_digest ? FLAG_HAS_DIGEST : 0);
    uint32_t chunk_size = htole32(SEAL_CHUNK_SIZE);

    memset(out, 0, SEAL_HEADER_SIZE);
    memcpy(out, SEAL_MAGIC, 8);
    out[8] = SEAL_VERSION;
    memcpy(out + 10, &flags, sizeof(flags));
    memcpy(out + 12, &chunk_size, sizeof(chunk_size));
    memcpy(out + 16, header->key_id.bytes, SEAL_KEY_ID_SIZE);
    memcpy(out + 32, header->salt, sizeof(header->salt));
    if (header->has_digest)
        memcpy(out + 64, header->digest.bytes, DIGEST_SIZE);
}

enum status
sink_push_seal(struct sink **head, const struct secret *data_key, const struct seal_key_id *key_id,
               const struct seal_binding *binding, const struct digest *digest, struct error *err)
{
    SCOPED(freep) struct seal_sink *stage = calloc(1, sizeof(*stage));
    struct seal_header header = {.key_id = *key_id, .has_digest = digest != NULL};

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &seal_ops;
    if (digest != NULL)
        header.digest = *digest;
    TRY(random_bytes(header.salt, sizeof(header.salt), err));
    format_header(stage->header, &header);
    TRY(derive_object_key(data_key, header.salt, binding, &stage->aead, err));
    sink_push(head, &stage->base);
    stage = NULL;
    return OK;
}

enum status
seal_header_parse(struct bytes object, struct seal_header *header, struct error *err)
{
    uint16_t flags;
    uint32_t chunk_size;

    if (object.size < SEAL_HEADER_SIZE || memcmp(object.data, SEAL_MAGIC, 8) != 0)
        return error_set(err, STATUS_CORRUPT, "not a sealed object");
    if (object.data[8] != SEAL_VERSION)
    {
        error_set(err, STATUS_UNSUPPORTED, "sealed object has format version %u, expected %u",
                  object.data[8], SEAL_VERSION);
        error_hint(err, "A newer redoubt wrote it: upgrade this one.");
        return STATUS_UNSUPPORTED;
    }
    memcpy(&flags, object.data + 10, sizeof(flags));
    memcpy(&chunk_size, object.data + 12, sizeof(chunk_size));
    if (object.data[9] != 0 || (le16toh(flags) & ~FLAG_HAS_DIGEST) != 0 ||
        le32toh(chunk_size) != SEAL_CHUNK_SIZE)
        return error_set(err, STATUS_CORRUPT, "sealed object has an invalid header");
    memcpy(header->key_id.bytes, object.data + 16, SEAL_KEY_ID_SIZE);
    memcpy(header->salt, object.data + 32, sizeof(header->salt));
    header->has_digest = (le16toh(flags) & FLAG_HAS_DIGEST) != 0;
    memcpy(header->digest.bytes, object.data + 64, DIGEST_SIZE);
    return OK;
}

static enum status
begin_unsealing(struct seal_sink *sink, struct error *err)
{
    struct seal_header header;
    struct secret data_key;
    enum status status;

    TRY(seal_header_parse((struct bytes){sink->header, SEAL_HEADER_SIZE}, &header, err));
    TRY(sink->keys.find(sink->keys.arg, &header.key_id, &data_key, err));
    status = derive_object_key(&data_key, header.salt, &sink->binding, &sink->aead, err);
    secret_wipe(&data_key);
    return status;
}

static enum status
unseal_chunk(struct seal_sink *sink, bool final, struct error *err)
{
    struct aead_nonce nonce = chunk_nonce(sink->chunk_number, final);
    size_t size = sink->held_size;

    if (size < AEAD_TAG_SIZE)
        return error_set(err, STATUS_CORRUPT, "sealed object ends too early");
    TRY(aead_open(sink->aead, &nonce, (struct bytes){sink->header, SEAL_HEADER_SIZE},
                  (struct bytes){sink->held, size}, sink->out, err));
    TRY(sink_write(sink->base.next, (struct bytes){sink->out, size - AEAD_TAG_SIZE}, err));
    return next_chunk(sink, err);
}

static enum status
unseal_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct seal_sink *sink = (struct seal_sink *) self;

    while (sink->header_size < SEAL_HEADER_SIZE && chunk.size > 0)
    {
        sink->header[sink->header_size++] = *chunk.data++;
        chunk.size--;
        if (sink->header_size == SEAL_HEADER_SIZE)
            TRY(begin_unsealing(sink, err));
    }
    while (chunk.size > 0)
    {
        if (sink->held_size == SEALED_CHUNK_MAX)
            TRY(unseal_chunk(sink, false, err));
        hold(sink, &chunk, SEALED_CHUNK_MAX);
    }
    return OK;
}

static enum status
unseal_finish(struct sink *self, struct error *err)
{
    struct seal_sink *sink = (struct seal_sink *) self;

    if (sink->aead == NULL)
        return error_set(err, STATUS_CORRUPT, "sealed object ends in its header");
    TRY(unseal_chunk(sink, true, err));
    return sink_finish(self->next, err);
}

static const struct sink_ops unseal_ops = {
    .name = "unseal",
    .write = unseal_write,
    .finish = unseal_finish,
    .free = seal_free,
};

enum status
sink_push_unseal(struct sink **head, struct seal_key_source keys, struct seal_binding binding,
                 struct error *err)
{
    struct seal_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &unseal_ops;
    stage->keys = keys;
    stage->binding = binding;
    sink_push(head, &stage->base);
    return OK;
}
