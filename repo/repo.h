// SPDX-License-Identifier: PostgreSQL
/*
 * repo.h - a repository: a store, its keys, and one cluster's place in it.
 *
 * redoubt.json, written once by repo_create as its last act, makes a store a
 * repository.  Everything else is an object that object_put and its kin seal
 * under the repository's data key.  docs/format.md has the bytes.
 *
 * An open repository may be used by many threads.
 */
#pragma once

#include "repo/keyring.h"
#include "repo/store.h"

struct repo
{
    struct store *store;     /* owned; all of this does not change once it is open */
    struct keyring *keyring; /* owned; NULL when nothing is encrypted */
    uint8_t id[REPOSITORY_ID_SIZE];
    char *cluster; /* owned; the first component of the cluster's keys */
    bool conditional_create;
    bool copy; /* of another repository, whose log is copied to it: nothing commits here */
    int compression_level;
    int threads; /* that one small piece of work, such as a WAL segment, may use */
};

struct repo_options
{
    const char *cluster;
    struct keyring_unlock unlock;
    bool encryption_off; /* what the configuration demands; the repository must agree */
    bool single_writer;  /* see store.h */
    bool copy;           /* see struct repo */
    int compression_level;
    int threads;
};

/*
 * Make the store a repository.  CONFLICT when it is one already: nothing is
 * touched.  The store is probed first; REFUSED when it cannot create
 * conditionally and single_writer is not promised.
 */
NODISCARD enum status repo_create(struct store *store, const struct repo_options *options,
                                  struct store_dialect *dialect, struct error *err);

/*
 * Make the store a copy of a repository, with the same id and data keys and
 * nothing else yet; otherwise as repo_create.  The original is open.
 */
NODISCARD enum status repo_create_copy(struct store *store, struct repo *original,
                                       const struct repo_options *options,
                                       struct store_dialect *dialect, struct error *err);

/* Takes the store when it succeeds.  NOT_FOUND: the store answered, and holds no repository. */
NODISCARD enum status repo_open(struct repo **repo, struct store *store,
                                const struct repo_options *options, struct error *err);
void repo_freep(struct repo **repo);

/* "<cluster>/<rest>" */
NODISCARD enum status repo_key(const struct repo *repo, char key[STORE_KEY_MAX + 1],
                               struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
