// SPDX-License-Identifier: PostgreSQL
/*
 * keyring.h - the data keys of a repository.
 *
 * Objects are sealed under a data key.  Data keys are random, live in the
 * repository at keys/<repository id>/<id>.json, and are wrapped there: sealed under a key made
 * from the key file, or from a passphrase by scrypt (RFC 7914).  Whoever has
 * only the repository cannot open them; whoever rewraps them rewrites no data.
 *
 * A keyring loads a key when an object names it and keeps it.  Threads may
 * share one.
 */
#pragma once

#include "repo/store.h"
#include "stream/seal.h"

struct keyring;

/* Where the wrapping key comes from: exactly one is set.  Borrowed for the call. */
struct keyring_unlock
{
    const char *key_file;
    const char *passphrase_file;
};

/* "redoubt-key-1:" and 64 hexadecimal digits, mode 0600.  CONFLICT when path exists. */
NODISCARD enum status keyring_create_key_file(const char *path, struct error *err);

NODISCARD enum status keyring_open(struct keyring **keyring, struct store *store,
                                   const uint8_t repository_id[REPOSITORY_ID_SIZE],
                                   const struct keyring_unlock *unlock, struct error *err);
void keyring_freep(struct keyring **keyring);

/* Make a new data key and store it wrapped.  It is the active one from now on. */
NODISCARD enum status keyring_add_key(struct keyring *keyring, struct error *err);

/* The key for new objects: the newest.  The caller wipes the secret. */
NODISCARD enum status keyring_active(struct keyring *keyring, struct seal_key_id *id,
                                     struct secret *data_key, struct error *err);

/* The key with an id.  CORRUPT: the unlocking key does not fit.  The caller wipes the secret. */
NODISCARD enum status keyring_find(struct keyring *keyring, const struct seal_key_id *id,
                                   struct secret *data_key, struct error *err);

/* Visit the keys as they are stored, oldest first. */
NODISCARD enum status keyring_visit(struct keyring *keyring,
                                    enum status (*visit)(void *arg, const char *key,
                                                         const struct seal_key_id *id,
                                                         struct error *err),
                                    void *arg, struct error *err);

/*
 * Store the keys, which are in the keyring's own store, in another one too, as
 * they are wrapped, each only once it opens.  CORRUPT: another one is there
 * under a key's name.
 */
NODISCARD enum status keyring_copy(struct keyring *keyring, struct store *from, struct store *to,
                                   struct error *err);

struct seal_key_source keyring_source(struct keyring *keyring);
