// SPDX-License-Identifier: PostgreSQL
/*
 * store.h - where a repository keeps its objects.
 *
 * A store maps keys to immutable byte strings.  It never replaces an object:
 * creating a key that exists is STATUS_CONFLICT.  That, and not a lock, is what
 * keeps two agents from damaging one repository.
 *
 * An operation that returns OK is durable.  STATUS_NOT_FOUND means that the
 * store was asked and answered; a store that cannot be reached, refuses us or
 * has lost its bucket or root directory gives TRANSIENT, DENIED, CONFIG or IO.
 * Drivers retry by themselves what may pass (see their headers) before they
 * say TRANSIENT.
 *
 * Keys are relative paths of the characters A-Z a-z 0-9 . _ - = % and '/',
 * at most 900 bytes, every component non-empty and neither "." nor "..".  No
 * key may be a folder of another one: "a" and "a/b" do not go together.
 *
 * A store may be used by many threads at once; a sink it opened, by one.
 * Deletion is in store_delete.h, for the few who may.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_KEY_MAX 900

struct sink;
struct store;

/* What a store was found to honour; written down by the probe of init. */
struct store_dialect
{
    bool conditional_create; /* creating an existing key conflicts, even in a race */
    const char *description; /* one line for people, static text */
};

struct store_ops
{
    const char *name;
    enum status (*put)(struct store *store, const char *key, struct bytes body, struct error *err);
    enum status (*create)(struct store *store, const char *key, struct sink **sink,
                          struct error *err);
    /* NULL: as create, whatever the size. */
    enum status (*create_sized)(struct store *store, const char *key, uint64_t expected_bytes,
                                struct sink **sink, struct error *err);
    enum status (*read)(struct store *store, const char *key, uint64_t offset, uint64_t length,
                        struct sink *into, struct error *err);
    enum status (*size)(struct store *store, const char *key, uint64_t *size_bytes,
                        struct error *err);
    enum status (*list)(struct store *store, const char *prefix, const char *after,
                        enum status (*visit)(void *arg, const char *key, uint64_t size_bytes,
                                             struct error *err),
                        void *arg, struct error *err);
    enum status (*remove)(struct store *store, const char *key, struct error *err);
    enum status (*remove_unfinished)(struct store *store, const char *prefix, time_us before,
                                     uint64_t *count, struct error *err);
    enum status (*server_time)(struct store *store, time_us *now, struct error *err);
    void (*free)(struct store *store);
};

/* Drivers embed this first. */
struct store
{
    const struct store_ops *ops; /* these do not change once the store is open */
    char *location;              /* for people: "/srv/backups" or "s3://bucket/prefix" */
    bool single_writer;          /* the operator promises one writer where the
                                    store has no conditional creation */
};

/* Create an object from memory.  The usual way: one request, no partial state. */
NODISCARD enum status store_put(struct store *store, const char *key, struct bytes body,
                                struct error *err);

/*
 * Create an object from a stream of any length.  It becomes visible, whole,
 * when the sink finishes; CONFLICT may come at create or at finish.
 */
NODISCARD enum status store_create(struct store *store, const char *key, struct sink **sink,
                                   struct error *err);

/*
 * The same for an object that may be too large for the driver's usual way: so
 * many bytes are to fit.  More may not, which is CONFIG; memory may grow with it
 * (see the driver).
 */
NODISCARD enum status store_create_sized(struct store *store, const char *key,
                                         uint64_t expected_bytes, struct sink **sink,
                                         struct error *err);

#define STORE_TO_END UINT64_MAX

/*
 * Write length bytes from offset into a sink, which is not finished.  An object
 * that ends before offset + length is STATUS_CORRUPT, except with STORE_TO_END.
 */
NODISCARD enum status store_read(struct store *store, const char *key, uint64_t offset,
                                 uint64_t length, struct sink *into, struct error *err);

/* A whole object into a buffer, up to its limit. */
NODISCARD enum status store_get(struct store *store, const char *key, struct buffer *into,
                                struct error *err);

/* Does it exist, and how large is it? */
NODISCARD enum status store_size(struct store *store, const char *key, uint64_t *size_bytes,
                                 struct error *err);

/*
 * Visit every key that begins with prefix and sorts after `after` ("" for all),
 * in byte order.  A prefix with no keys is OK and visits nothing.  Stops at the
 * visitor's first failure and returns it.  The visitor may delete what it visits.
 */
NODISCARD enum status store_list(struct store *store, const char *prefix, const char *after,
                                 enum status (*visit)(void *arg, const char *key,
                                                      uint64_t size_bytes, struct error *err),
                                 void *arg, struct error *err);

/* What the store's own clock says, to compare with ours. */
NODISCARD enum status store_server_time(struct store *store, time_us *now, struct error *err);

/* Find out what the store honours, with objects below probe/ that it removes again. */
NODISCARD enum status store_probe(struct store *store, struct store_dialect *dialect,
                                  struct error *err);

/* For SCOPED.  NULL is allowed. */
void store_freep(struct store **store);

/* Is this a key that any store must accept? */
bool store_key_is_valid(const char *key);

/* The drivers of this folder; s3/s3_store.h has the other one. */

/* A store in memory, for tests and fuzzing: the same contract, not durable. */
NODISCARD enum status store_open_memory(struct store **store, struct error *err);

/*
 * Objects are files below root, which must exist.  Created under a temporary
 * name in "<root>/tmp", synced, linked to their name, directory synced.
 */
NODISCARD enum status store_open_file(struct store **store, const char *root, struct error *err);
