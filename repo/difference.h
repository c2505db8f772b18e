// SPDX-License-Identifier: PostgreSQL
/*
 * difference.h - two stores' keys side by side.
 *
 * Both listings go on at once and are merged, so that memory does not grow with
 * them.
 */
#pragma once

#include "repo/store.h"

/* A key that at least one of them has. */
struct difference
{
    const char *key;
    bool in_source;
    bool in_target;
    uint64_t source_size; /* bytes; 0 when it is not there */
    uint64_t target_size;
};

/*
 * Visit every key that begins with prefix, in byte order and in the calling
 * thread.  That a key is missing is said only once that store's own listing
 * went past it.
 */
NODISCARD enum status difference_visit(
    struct store *source, struct store *target, const char *prefix,
    enum status (*visit)(void *arg, const struct difference *difference, struct error *err),
    void *arg, struct error *err);
