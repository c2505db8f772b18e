// SPDX-License-Identifier: PostgreSQL
/*
 * object.h - the objects of a repository, sealed and perhaps compressed.
 *
 * With encryption the stored bytes are a sealed stream (stream/seal.h).
 * Without it they are the plain ones, so that they can be read with ordinary
 * tools; an object that carries a digest then begins with a zstd skippable
 * frame of 48 bytes that holds its SHA-256.
 *
 * Small objects of JSON are stored as they are; all others as one zstd frame.
 */
#pragma once

#include "repo/repo.h"
#include "stream/zstd.h"

enum object_form
{
    OBJECT_PLAIN,
    OBJECT_COMPRESSED,
};

/*
 * Start an object; see store_create.  digest, which may be NULL, is kept where
 * object_digest finds it by a short read; it is that of object_digest_key.
 */
NODISCARD enum status object_create(struct repo *repo, const char *key, enum object_form form,
                                    const struct digest *digest, struct sink **sink,
                                    struct error *err);

/* The same from memory, in one request. */
NODISCARD enum status object_put(struct repo *repo, const char *key, enum object_form form,
                                 struct bytes content, struct error *err);

/*
 * Push the stages that seal and compress what goes to key on a destination of
 * the caller's: what object_create does over the store.
 */
NODISCARD enum status object_push_stages(struct repo *repo, const char *key, enum object_form form,
                                         const struct digest *digest, struct sink **sink,
                                         struct error *err);

/* How objects are compressed, for who compresses before the object begins. */
struct zstd_effort object_effort(const struct repo *repo, int threads);

/* Read an object into *sink, and finish it.  Stages are pushed on it meanwhile. */
NODISCARD enum status object_read(struct repo *repo, const char *key, enum object_form form,
                                  struct sink **sink, struct error *err);

/*
 * Push the stages that authenticate and decompress what is stored under key:
 * what object_read does before it reads.  key must outlive the sink.
 */
NODISCARD enum status object_push_open_stages(struct repo *repo, const char *key,
                                              enum object_form form, struct sink **sink,
                                              struct error *err);

/* A whole object into a buffer, up to its limit. */
NODISCARD enum status object_get(struct repo *repo, const char *key, enum object_form form,
                                 struct buffer *content, struct error *err);

/* What an object's digest is keyed with: stable as long as its data key is. */
struct object_digest_key
{
    bool keyed;
    struct seal_key_id key_id;
    struct secret secret; /* wiped by object_digest_key_wipe */
};

/* The key for digests of new objects. */
NODISCARD enum status object_digest_key_active(struct repo *repo, struct object_digest_key *key,
                                               struct error *err);
void object_digest_key_wipe(struct object_digest_key *key);

/*
 * An existing object's digest and the key that a comparison must use.  The
 * digest is authenticated only when the object is opened: good enough to say
 * "the same", and a difference is an error anyway.
 */
NODISCARD enum status object_digest(struct repo *repo, const char *key, struct digest *digest,
                                    struct object_digest_key *digest_key, struct error *err);

/* So many of an object's first bytes say its digest. */
size_t object_head_size(const struct repo *repo);

/* What object_digest reads, out of an object's first bytes.  CORRUPT: they carry no digest. */
NODISCARD enum status object_head_digest(struct repo *repo, struct bytes head,
                                         struct digest *digest,
                                         struct object_digest_key *digest_key, struct error *err);
