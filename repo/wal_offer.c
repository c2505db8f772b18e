// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_offer.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/group.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

/* Up to here a file is compressed in memory; every usual segment is. */
#define WHOLE_OBJECT_LIMIT ((size_t) 64 << 20)

struct wal_offer
{
    int source;
    const char *path;
    struct object_digest_key key;
    struct digest digest; /* under this key */
    bool whole;           /* compressed holds it; else it is streamed */
    struct buffer compressed;
};

/* The digest of the whole file under a key. */
static enum status
digest_source(int source, const char *path, const struct object_digest_key *key,
              struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_digest(&sink, key->keyed ? &key->secret : NULL, digest, err));
    TRY(sink_pump_fd(sink, source, path, err));
    return sink_finish(sink, err);
}

enum status
wal_offer_compare(struct repo *repo, const char *key, int source, const char *path,
                  struct digest digests[2], struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key digest_key = {0};

    TRY(object_digest(repo, key, &digests[0], &digest_key, err));
    return digest_source(source, path, &digest_key, &digests[1], err);
}

static enum status
run_digest(void *arg, struct error *err)
{
    struct wal_offer *offer = arg;

    return digest_source(offer->source, offer->path, &offer->key, &offer->digest, err);
}

static enum status
compress_source(struct wal_offer *offer, const struct repo *repo, struct error *err)
{
    const int threads = repo->threads > 1 ? repo->threads : 0;
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, &offer->compressed, err));
    TRY(sink_push_zstd(&sink, object_effort(repo, threads), err));
    TRY(sink_pump_fd(sink, offer->source, offer->path, err));
    return sink_finish(sink, err);
}

/*
 * The seal begins with the digest, which takes as long as half the
 * compression: so both are made at once, and only then the object begins.
 */
static enum status
compress_and_digest(struct wal_offer *offer, const struct repo *repo, struct error *err)
{
    SCOPED(group_freep) struct group *group = NULL;

    TRY(group_create(&group, err));
    TRY(group_start(group, run_digest, offer, err));
    TRY(compress_source(offer, repo, err));
    return group_join(group, err);
}

enum status
wal_offer_make(struct wal_offer **offer, struct repo *repo, int source, const char *path,
               struct error *err)
{
    SCOPED(wal_offer_freep) struct wal_offer *made = calloc(1, sizeof(*made));
    uint64_t size_bytes;

    if (made == NULL)
        return error_no_memory(err);
    made->source = source;
    made->path = path;
    made->compressed = BUFFER_INIT(WHOLE_OBJECT_LIMIT * 2);
    TRY(object_digest_key_active(repo, &made->key, err));
    TRY(fd_size(source, &size_bytes, path, err));
    made->whole = size_bytes <= WHOLE_OBJECT_LIMIT;
    TRY(made->whole ? compress_and_digest(made, repo, err) : run_digest(made, err));
    *offer = made;
    made = NULL;
    return OK;
}

void
wal_offer_freep(struct wal_offer **offer)
{
    if (*offer == NULL)
        return;
    object_digest_key_wipe(&(*offer)->key);
    buffer_release(&(*offer)->compressed);
    free(*offer);
    *offer = NULL;
}

/* A copy may not have the newest data key yet, and then the digest is another one. */
static enum status
find_digest(const struct wal_offer *offer, struct repo *repo, struct digest *digest,
            struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key key = {0};

    TRY(object_digest_key_active(repo, &key, err));
    *digest = offer->digest;
    if (key.keyed == offer->key.keyed &&
        memcmp(&key.key_id, &offer->key.key_id, sizeof(key.key_id)) == 0)
        return OK;
    return digest_source(offer->source, offer->path, &key, digest, err);
}

static enum status
store_whole(const struct wal_offer *offer, struct repo *repo, const char *key,
            const struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(store_create(repo->store, key, &sink, err));
    TRY(object_push_stages(repo, key, OBJECT_PLAIN, digest, &sink, err));
    TRY(sink_write(sink, buffer_bytes(&offer->compressed), err));
    CRASH_POINT("wal push: before the object exists"); /* nothing is visible */
    TRY(sink_finish(sink, err));
    CRASH_POINT("wal push: after the object exists"); /* PostgreSQL offers it again */
    return OK;
}

static enum status
store_streamed(const struct wal_offer *offer, struct repo *repo, const char *key,
               const struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(object_create(repo, key, OBJECT_COMPRESSED, digest, &sink, err));
    TRY(sink_pump_fd(sink, offer->source, offer->path, err));
    return sink_finish(sink, err);
}

/* Somebody was first: the same file, or another one? */
static enum status
settle_conflict(const struct wal_offer *offer, struct repo *repo, const char *key,
                enum wal_push_result *result, struct error *err)
{
    struct digest digests[2];
    char stored[DIGEST_TEXT_SIZE];
    char offered[DIGEST_TEXT_SIZE];

    TRY(wal_offer_compare(repo, key, offer->source, offer->path, digests, err));
    *result = WAL_ALREADY_THERE;
    if (digest_equal(&digests[0], &digests[1]))
        return OK;
    digest_format(&digests[0], stored);
    digest_format(&digests[1], offered);
    error_set(err, STATUS_CONFLICT, "\"%s\" is in the archive already, with other content",
              path_name(key));
    error_detail(err, "The archive has digest %s, \"%s\" has %s. Nothing was overwritten.", stored,
                 offer->path, offered);
    error_hint(err,
               "Two servers may be archiving the same timeline, such as an old primary after a "
               "failover. Find out which one is right before you remove anything.");
    return STATUS_CONFLICT;
}

enum status
wal_offer_push(const struct wal_offer *offer, struct repo *repo, const char *key,
               enum wal_push_result *result, struct error *err)
{
    struct digest digest;
    enum status status;

    TRY(find_digest(offer, repo, &digest, err));
    *result = WAL_STORED;
    status = offer->whole ? store_whole(offer, repo, key, &digest, err)
                          : store_streamed(offer, repo, key, &digest, err);
    return status == STATUS_CONFLICT ? settle_conflict(offer, repo, key, result, err) : status;
}
