// SPDX-License-Identifier: PostgreSQL
/*
 * prune.h - deleting from a copy of a repository what was deleted from the
 * original.
 *
 * The log, which the copy has too, is the only reason to delete anything there:
 * an object goes when the original has it no more, and an entry condemned it,
 * and another one says that this was carried out.  What the original just lost
 * stays.  The grace that expiry gave has passed then; whoever restores from the
 * copy at this moment, by a backup that expired meanwhile, may fail.
 *
 * Killed anywhere, the next run deletes the rest.
 */
#pragma once

#include "repo/repo.h"

struct prune_counts
{
    uint64_t objects;
    uint64_t bytes; /* that these had in the store */
};

/*
 * target's log is up to date with what it holds: copy first.  counts says how
 * far it came when it fails, too.
 */
NODISCARD enum status prune_copy(struct repo *original, struct repo *target, unsigned workers,
                                 struct prune_counts *counts, struct error *err);
