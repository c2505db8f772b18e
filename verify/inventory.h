// SPDX-License-Identifier: PostgreSQL
/*
 * inventory.h - every object of the cluster, and when it was last verified.
 *
 * Taken once, by one listing, and then gone through in the order of names.
 * Memory does not grow with the objects.  An inventory belongs to one thread.
 */
#pragma once

#include "verify/verified_past.h"

struct inventory;

/* Borrowed until the next one. */
struct inventory_item
{
    const char *name; /* the key, relative to the cluster's */
    uint64_t size_bytes;
    bool present; /* false: it was verified once, and is not there any more */

    time_us verified;           /* TIME_NONE: never, or it had another size then */
    bool due;                   /* not since then */
    struct frame_table *frames; /* of a pack, as verified; NULL: not known */
};

/* What was not verified since then is due.  *past is read to its end. */
NODISCARD enum status inventory_take(struct inventory **inventory, struct repo *repo,
                                     struct verified_past *past, time_us since, struct error *err);
void inventory_freep(struct inventory **inventory);

/* Of all objects that are due. */
uint64_t inventory_due_bytes(const struct inventory *inventory);

/*
 * The next item whose name begins with the folder, "packs/"; *more is false at
 * the first that does not, which the next call finds.  Folders are asked for in
 * order; items between them are passed over.
 */
NODISCARD enum status inventory_next(struct inventory *inventory, const char *folder, bool *more,
                                     struct inventory_item *item, struct error *err);
