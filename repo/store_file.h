// SPDX-License-Identifier: PostgreSQL
/*
 * store_file.h - what the two sources of the file driver share.  Everybody
 * else opens it by store_open_file of store.h.
 */
#pragma once

#include "repo/store.h"

#include <sys/types.h>

struct file_store
{
    struct store base;
    int root;   /* a directory descriptor, for the store's life */
    uid_t user; /* who we are */
};

/*
 * An error of a system call.  "No such file" about what must be there, such as
 * the root, is no answer to anything: the store is damaged or gone.
 */
enum status store_file_trouble(struct file_store *store, const char *what, const char *key,
                               struct error *err);

/* REFUSED: we are root, and what we create at key could not be read by those whose place it is. */
NODISCARD enum status store_file_check_writer(struct file_store *store, const char *key,
                                              struct error *err);

/* After EACCES on key: whose it is, and how to give it back.  No hint when nobody can tell. */
void store_file_hint_denied(const struct file_store *store, const char *key, struct error *err);

/* The same where the root itself does not open, to this user. */
void store_file_hint_closed(const char *root, uid_t user, struct error *err);

/* In a root that was removed nothing is found, and that is no answer. */
NODISCARD enum status store_file_check_root(struct file_store *store, struct error *err);

/* Sync the directory that holds key; NOT_FOUND when there is none. */
NODISCARD enum status store_file_sync_parent(struct file_store *store, const char *key,
                                             struct error *err);

/* The operations of struct store_ops with these names. */
NODISCARD enum status store_file_remove(struct store *base, const char *key, struct error *err);
NODISCARD enum status store_file_remove_unfinished(struct store *base, const char *prefix,
                                                   time_us before, uint64_t *count,
                                                   struct error *err);
NODISCARD enum status store_file_size(struct store *base, const char *key, uint64_t *size_bytes,
                                      struct error *err);
NODISCARD enum status store_file_list(struct store *base, const char *prefix, const char *after,
                                      enum status (*visit)(void *arg, const char *key,
                                                           uint64_t size_bytes, struct error *err),
                                      void *arg, struct error *err);
