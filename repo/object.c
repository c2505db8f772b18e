// SPDX-License-Identifier: PostgreSQL
#include "repo/object.h"

#include "stream/sink.h"
#include "stream/thread.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Without encryption: a zstd skippable frame (RFC 8878, 3.1.2) with the digest. */
#define PROLOGUE_SIZE   48
#define PROLOGUE_MAGIC  UINT32_C(0x184D2A5D)
#define PROLOGUE_LABEL  "RDBTHASH"
#define PROLOGUE_LENGTH UINT32_C(40)

#define OBJECT_MEMORY_LIMIT ((size_t) 1 << 30)

static void
format_prologue(uint8_t out[PROLOGUE_SIZE], const struct digest *digest)
{
    uint32_t magic = htole32(PROLOGUE_MAGIC);
    uint32_t length = htole32(PROLOGUE_LENGTH);

    memcpy(out, &magic, 4);
    memcpy(out + 4, &length, 4);
    memcpy(out + 8, PROLOGUE_LABEL, 8);
    memcpy(out + 16, digest->bytes, DIGEST_SIZE);
}

static bool
parse_prologue(const uint8_t in[PROLOGUE_SIZE], struct digest *digest)
{
    uint8_t expected[PROLOGUE_SIZE];

    memcpy(digest->bytes, in + 16, DIGEST_SIZE);
    format_prologue(expected, digest);
    return memcmp(expected, in, PROLOGUE_SIZE) == 0;
}

/* Takes the prologue off a plain object and passes the rest on. */
struct prologue_sink
{
    struct sink base;
    size_t seen;
    uint8_t bytes[PROLOGUE_SIZE];
};

static enum status
prologue_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct prologue_sink *sink = (struct prologue_sink *) self;
    struct digest digest;

    for (; sink->seen < PROLOGUE_SIZE && chunk.size > 0; chunk.data++, chunk.size--)
        sink->bytes[sink->seen++] = *chunk.data;
    if (sink->seen < PROLOGUE_SIZE || chunk.size == 0)
        return OK;
    /* An object without a digest begins with its frame at once. */
    if (sink->seen == PROLOGUE_SIZE && !parse_prologue(sink->bytes, &digest))
        TRY(sink_write(self->next, (struct bytes){sink->bytes, PROLOGUE_SIZE}, err));
    sink->seen = PROLOGUE_SIZE + 1;
    return sink_write(self->next, chunk, err);
}

static enum status
prologue_finish(struct sink *self, struct error *err)
{
    struct prologue_sink *sink = (struct prologue_sink *) self;
    struct digest digest;

    if (sink->seen <= PROLOGUE_SIZE &&
        (sink->seen < PROLOGUE_SIZE || !parse_prologue(sink->bytes, &digest)))
        TRY(sink_write(self->next, (struct bytes){sink->bytes, sink->seen}, err));
    return sink_finish(self->next, err);
}

static void
prologue_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops prologue_ops = {
    .name = "prologue",
    .write = prologue_write,
    .finish = prologue_finish,
    .free = prologue_free,
};

static enum status
push_prologue(struct sink **sink, struct error *err)
{
    struct prologue_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &prologue_ops;
    sink_push(sink, &stage->base);
    return OK;
}

static enum status
push_seal(struct repo *repo, const char *key, const struct digest *digest, struct sink **sink,
          struct error *err)
{
    struct seal_binding binding = {repo->id, key};
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    struct seal_key_id key_id;

    TRY(keyring_active(repo->keyring, &key_id, &data_key, err));
    return sink_push_seal(sink, &data_key, &key_id, &binding, digest, err);
}

/* A seal's tags say more than zstd's checksum, which would be one more pass. */
struct zstd_effort
object_effort(const struct repo *repo, int threads)
{
    return (struct zstd_effort){
        .level = repo->compression_level,
        .threads = threads,
        .checksum = repo->keyring == NULL,
    };
}

enum status
object_push_stages(struct repo *repo, const char *key, enum object_form form,
                   const struct digest *digest, struct sink **sink, struct error *err)
{
    uint8_t prologue[PROLOGUE_SIZE];

    if (repo->keyring != NULL)
        TRY(push_seal(repo, key, digest, sink, err));
    else if (digest != NULL)
    {
        format_prologue(prologue, digest);
        TRY(sink_write(*sink, (struct bytes){prologue, sizeof(prologue)}, err));
    }
    if (form == OBJECT_PLAIN)
        return OK;
    return sink_push_zstd(sink, object_effort(repo, 0), err);
}

enum status
object_create(struct repo *repo, const char *key, enum object_form form,
              const struct digest *digest, struct sink **sink, struct error *err)
{
    SCOPED(sink_freep) struct sink *made = NULL;

    TRY(store_create(repo->store, key, &made, err));
    TRY(object_push_stages(repo, key, form, digest, &made, err));
    *sink = made;
    made = NULL;
    return OK;
}

enum status
object_put(struct repo *repo, const char *key, enum object_form form, struct bytes content,
           struct error *err)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(OBJECT_MEMORY_LIMIT);
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, &stored, err));
    TRY(object_push_stages(repo, key, form, NULL, &sink, err));
    TRY(sink_write(sink, content, err));
    TRY(sink_finish(sink, err));
    return store_put(repo->store, key, buffer_bytes(&stored), err);
}

enum status
object_push_open_stages(struct repo *repo, const char *key, enum object_form form,
                        struct sink **sink, struct error *err)
{
    struct seal_binding binding = {repo->id, key};

    if (form == OBJECT_COMPRESSED)
        TRY(sink_push_unzstd(sink, err));
    /* Authenticating goes on while what came before is decompressed. */
    if (repo->keyring != NULL && form == OBJECT_COMPRESSED)
        TRY(sink_push_thread(sink, err));
    if (repo->keyring != NULL)
        return sink_push_unseal(sink, keyring_source(repo->keyring), binding, err);
    return form == OBJECT_COMPRESSED ? push_prologue(sink, err) : OK;
}

enum status
object_read(struct repo *repo, const char *key, enum object_form form, struct sink **sink,
            struct error *err)
{
    enum status status;

    TRY(object_push_open_stages(repo, key, form, sink, err));
    status = store_read(repo->store, key, 0, STORE_TO_END, *sink, err);
    if (status == OK)
        status = sink_finish(*sink, err);
    if (status == STATUS_CORRUPT)
        error_context(err, "object \"%s\"", key);
    return status;
}

enum status
object_get(struct repo *repo, const char *key, enum object_form form, struct buffer *content,
           struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, content, err));
    return object_read(repo, key, form, &sink, err);
}

/* A key that makes digests under a data key, known to whoever has that. */
static enum status
derive_digest_key(struct repo *repo, const struct secret *data_key, struct object_digest_key *key,
                  struct error *err)
{
    static const char purpose[] = "redoubt digest 1"; /* with its terminator */
    uint8_t info[sizeof(purpose) + REPOSITORY_ID_SIZE];

    memcpy(info, purpose, sizeof(purpose));
    memcpy(info + sizeof(purpose), repo->id, REPOSITORY_ID_SIZE);
    key->keyed = true;
    return secret_derive(data_key, (struct bytes){NULL, 0}, (struct bytes){info, sizeof(info)},
                         &key->secret, err);
}

enum status
object_digest_key_active(struct repo *repo, struct object_digest_key *key, struct error *err)
{
    SCOPED(secret_wipe) struct secret data_key = {{0}};

    *key = (struct object_digest_key){0};
    if (repo->keyring == NULL)
        return OK;
    TRY(keyring_active(repo->keyring, &key->key_id, &data_key, err));
    return derive_digest_key(repo, &data_key, key, err);
}

void
object_digest_key_wipe(struct object_digest_key *key)
{
    secret_wipe(&key->secret);
}

static enum status
sealed_digest(struct repo *repo, struct bytes head, struct digest *digest,
              struct object_digest_key *digest_key, struct error *err)
{
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    struct seal_header header;

    TRY(seal_header_parse(head, &header, err));
    if (!header.has_digest)
        return error_set(err, STATUS_CORRUPT, "it carries no digest");
    *digest = header.digest;
    digest_key->key_id = header.key_id;
    TRY(keyring_find(repo->keyring, &header.key_id, &data_key, err));
    return derive_digest_key(repo, &data_key, digest_key, err);
}

size_t
object_head_size(const struct repo *repo)
{
    return repo->keyring == NULL ? PROLOGUE_SIZE : SEAL_HEADER_SIZE;
}

enum status
object_head_digest(struct repo *repo, struct bytes head, struct digest *digest,
                   struct object_digest_key *digest_key, struct error *err)
{
    *digest_key = (struct object_digest_key){0};
    if (repo->keyring != NULL)
        return sealed_digest(repo, head, digest, digest_key, err);
    if (head.size < PROLOGUE_SIZE || !parse_prologue(head.data, digest))
        return error_set(err, STATUS_CORRUPT, "it carries no digest");
    return OK;
}

enum status
object_digest(struct repo *repo, const char *key, struct digest *digest,
              struct object_digest_key *digest_key, struct error *err)
{
    SCOPED(buffer_release) struct buffer head = BUFFER_INIT(SEAL_HEADER_SIZE);
    SCOPED(sink_freep) struct sink *sink = NULL;
    enum status status;

    *digest_key = (struct object_digest_key){0};
    TRY(sink_open_buffer(&sink, &head, err));
    TRY(store_read(repo->store, key, 0, object_head_size(repo), sink, err));
    status = object_head_digest(repo, buffer_bytes(&head), digest, digest_key, err);
    if (status != OK)
        error_context(err, "object \"%s\"", key);
    return status;
}
