// SPDX-License-Identifier: PostgreSQL
/*
 * aead.h - AES-256-GCM, one message at a time (NIST SP 800-38D).
 *
 * Sealing gives the ciphertext followed by a 16-byte tag.  Opening checks the
 * tag before it says OK; until then the output is not to be used.  A key and a
 * nonce go together once: callers count.  One thread at a time.
 */
#pragma once

#include "stream/digest.h"

#define AEAD_NONCE_SIZE 12
#define AEAD_TAG_SIZE   16

struct aead;

struct aead_nonce
{
    uint8_t bytes[AEAD_NONCE_SIZE];
};

NODISCARD enum status aead_create(struct aead **aead, const struct secret *key, struct error *err);
void aead_freep(struct aead **aead);

/* out takes plain.size + AEAD_TAG_SIZE bytes and may be plain's own memory. */
NODISCARD enum status aead_seal(struct aead *aead, const struct aead_nonce *nonce,
                                struct bytes bound, struct bytes plain, uint8_t *out,
                                struct error *err);

/* sealed is ciphertext and tag; out takes sealed.size - AEAD_TAG_SIZE bytes.  CORRUPT on doubt. */
NODISCARD enum status aead_open(struct aead *aead, const struct aead_nonce *nonce,
                                struct bytes bound, struct bytes sealed, uint8_t *out,
                                struct error *err);
