// SPDX-License-Identifier: PostgreSQL
/*
 * purge.h - deleting what was condemned long enough ago.
 *
 * Nothing in the catalog needs a condemned object, and nothing ever will: so
 * the repository is valid at each instant, and the order serves those who read
 * without a catalog, by hand or after a sleep.  What refers goes before what it
 * refers to: manifests first, then the rest of their folders, packs, WAL,
 * documents of dumps, the rest of these, and what verify remembered, which
 * refers to nothing and is referred to by nothing.  Whoever still finds a
 * manifest finds all of its packs, and whoever finds a dump's document finds the
 * dump, unless the condemnation is being carried out at that moment.
 *
 * Killed anywhere, the next run deletes the rest: the log says what.
 */
#pragma once

#include "repo/catalog.h"

struct purge_options
{
    time_us condemned_before; /* what was condemned later may still be read by somebody */
    unsigned workers;
};

struct purge_counts
{
    uint64_t condemnations; /* carried out */
    uint64_t objects;
};

/* Each condemnation that was carried out is committed as such. */
NODISCARD enum status purge_condemned(struct repo *repo, struct catalog *catalog,
                                      const struct purge_options *options,
                                      struct purge_counts *counts, struct error *err);
