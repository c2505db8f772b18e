// SPDX-License-Identifier: PostgreSQL
/*
 * seal.h - an object sealed as a stream, so that nothing about it can be
 * changed unseen.
 *
 * A header, then chunks of 64 KiB of plaintext, each AES-256-GCM with its number
 * and a final flag in the nonce (the STREAM construction: Hoang, Reyhanitabar,
 * Rogaway and Vizár, 2015) and the header bound to each.  Each object has a key of its own, derived
 * from a data key, a random salt, the repository's id and the object's key: cut, reordered, swapped
 * or renamed objects do not open.  docs/format.md has the bytes.
 *
 * Unsealing passes no plaintext on before its tag was checked, and its finish
 * fails unless the final chunk was seen.
 */
#pragma once

#include "stream/digest.h"

#define SEAL_HEADER_SIZE   96
#define SEAL_CHUNK_SIZE    65536
#define SEAL_KEY_ID_SIZE   16
#define REPOSITORY_ID_SIZE 16

struct sink;

struct seal_key_id
{
    uint8_t bytes[SEAL_KEY_ID_SIZE];
};

/* What an object is bound to.  The strings are borrowed. */
struct seal_binding
{
    const uint8_t *repository_id; /* REPOSITORY_ID_SIZE bytes */
    const char *object_key;       /* relative to the repository's root */
};

struct seal_header
{
    struct seal_key_id key_id;
    bool has_digest;
    struct digest digest; /* keyed, of the content before compression */
    uint8_t salt[32];
};

/*
 * Push a sealing stage; the header goes out at once with the first write.
 * digest may be NULL.  data_key is used during the call only.
 */
NODISCARD enum status sink_push_seal(struct sink **head, const struct secret *data_key,
                                     const struct seal_key_id *key_id,
                                     const struct seal_binding *binding,
                                     const struct digest *digest, struct error *err);

/* Read the header of a sealed object; CORRUPT when it is none. */
NODISCARD enum status seal_header_parse(struct bytes object, struct seal_header *header,
                                        struct error *err);

/*
 * Finds the data key with an id; see repo/keyring.h.  The secret is filled for
 * the caller, who wipes it.
 */
struct seal_key_source
{
    enum status (*find)(void *arg, const struct seal_key_id *id, struct secret *data_key,
                        struct error *err);
    void *arg;
};

/* The binding's strings must live until the header has been seen. */
NODISCARD enum status sink_push_unseal(struct sink **head, struct seal_key_source keys,
                                       struct seal_binding binding, struct error *err);
