// SPDX-License-Identifier: PostgreSQL
/*
 * digest.h - SHA-256, its keyed form HMAC, and keys derived by HKDF.
 *
 * Digests that a stranger may see are keyed, so that nobody without the data
 * key can test a guess at the content.  A hasher belongs to one thread.
 */
#pragma once

#include "base/bytes.h"

#define DIGEST_SIZE      32
#define DIGEST_TEXT_SIZE (2 * DIGEST_SIZE + 1)
#define SECRET_SIZE      32

struct sink;

struct digest
{
    uint8_t bytes[DIGEST_SIZE];
};

/* A key: wiped by secret_wipe, never formatted. */
struct secret
{
    uint8_t bytes[SECRET_SIZE];
};

void secret_wipe(struct secret *secret);

bool digest_equal(const struct digest *left, const struct digest *right);
void digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE]);

struct hasher;

/* SHA-256 when key is NULL, else HMAC-SHA-256 under it. */
NODISCARD enum status hasher_create(struct hasher **hasher, const struct secret *key,
                                    struct error *err);
NODISCARD enum status hasher_update(struct hasher *hasher, struct bytes bytes, struct error *err);

/* The digest of all that was given; the hasher is spent. */
NODISCARD enum status hasher_finish(struct hasher *hasher, struct digest *digest,
                                    struct error *err);
void hasher_freep(struct hasher **hasher);

/* All in one call. */
NODISCARD enum status digest_of(const struct secret *key, struct bytes bytes, struct digest *digest,
                                struct error *err);

/* Observe a stream; *digest is valid once the chain has finished. */
NODISCARD enum status sink_push_digest(struct sink **head, const struct secret *key,
                                       struct digest *digest, struct error *err);

/* HKDF-SHA-256 (RFC 5869): a key for one purpose, named by info, from a secret. */
NODISCARD enum status secret_derive(const struct secret *from, struct bytes salt, struct bytes info,
                                    struct secret *out, struct error *err);
