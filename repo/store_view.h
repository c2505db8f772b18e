// SPDX-License-Identifier: PostgreSQL
/*
 * store_view.h - another store, looked at through a glass: counted, slowed down,
 * or damaged on the way.
 *
 * A view only reads.  What is under it stays what it is, whatever a view makes of
 * it: so restores can be tried from a damaged repository without damaging one.
 */
#pragma once

#include "repo/store.h"

/* Borrowed, and must outlive the view. */
struct store_view_options
{
    uint64_t rate;       /* bytes a second at most, of all threads together; 0: no limit */
    const char *hidden;  /* objects of this file name it is taken not to have; NULL: none */
    const char *flipped; /* each read of this key begins with a flipped bit; NULL: none */
};

/* Over target, which stays the caller's and outlives it. */
NODISCARD enum status store_open_view(struct store **store, struct store *target,
                                      const struct store_view_options *options, struct error *err);

/* How many bytes have passed. */
uint64_t store_view_bytes(const struct store *view);
