// SPDX-License-Identifier: PostgreSQL
/*
 * garbage.h - what nothing in the catalog needs, and nobody may be writing.
 *
 * Mark and sweep: what the backups that stay use is marked (retention/mark.h),
 * everything that is there is listed, and what is listed and not marked may go,
 * once the backups that do not stay have left the catalog.  What these and
 * killed runs leave is found in the same way.  What is condemned already is
 * passed over.
 *
 * Only names that Redoubt gives are looked at: anything else in the repository
 * is not ours to judge.
 */
#pragma once

#include "retention/dump_garbage.h"
#include "retention/plan.h"

struct garbage_question
{
    struct repo *repo;
    const struct catalog *catalog;
    const struct retention_plan *plan; /* of this catalog */
    const struct wal_set *wal;         /* what was archived before the plan was made */
    const struct dump_plan *dumps;     /* of this catalog, too */
    time_us dead_before;               /* a run not seen since is not at work any more, */
    time_us dead_dumps_before;         /* nor is one of a dump that began before this */
};

struct garbage
{
    struct condemnation condemned; /* of any number of packs */
    uint64_t pack_bytes;
    uint64_t dump_bytes;
    uint64_t verified;     /* superseded memories of verifications, which are condemned too */
    uint64_t spared_packs; /* unused, of runs that may still be at work */
};

/*
 * CORRUPT when a backup that stays cannot be read or lacks a pack: no doubt may
 * make something look unused.  *garbage is empty before.
 */
NODISCARD enum status garbage_find(const struct garbage_question *question, struct garbage *garbage,
                                   struct error *err);

/* For SCOPED on an initialised struct. */
void garbage_release(struct garbage *garbage);
