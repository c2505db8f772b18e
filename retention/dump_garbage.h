// SPDX-License-Identifier: PostgreSQL
/*
 * dump_garbage.h - dumps whose objects nothing in the catalog needs.
 *
 * Of one that leaves the catalog, or left it when expiry was killed, at once: it
 * was committed, so nobody is writing it.  Of one that the catalog never had,
 * when its run must be dead.  A
 * run gives no sign of life between its first object and its last, and so the
 * time in its name decides, and generously: pg_dump holds one transaction open all the
 * time, and nobody lets that stand for a week.  A run that is taken for dead
 * and is not fails at its commit (catalog_check_dump).
 *
 * Only names that Redoubt gives are looked at.
 */
#pragma once

#include "retention/dump_plan.h"

/* No dump takes longer, whatever the grace time is. */
#define DUMP_RUN_MAX_US (7 * US_PER_DAY)

struct dump_question
{
    struct repo *repo;
    const struct catalog *catalog;
    const struct dump_plan *plan; /* of this catalog */
    time_us dead_before;          /* a run that began before is not at work any more */
};

/* Add the dumps to what is condemned, and what their objects have in the store to *bytes. */
NODISCARD enum status dump_garbage_find(const struct dump_question *question,
                                        struct condemnation *condemned, uint64_t *bytes,
                                        struct error *err);
