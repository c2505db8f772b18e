// SPDX-License-Identifier: PostgreSQL
/*
 * dump_plan.h - which dumps to keep and which to let go, with a reason for each.
 *
 * A pure function of the catalog, the policy and the time, like retention/plan.h.
 * The dumps of each database are a shelf of their own (retention/shelf.h), by the
 * policy of the base backups: daily, weekly and monthly ones, the newest good
 * one, what is held or young.  There is no recovery window: a dump is one moment.
 *
 * A suspicious dump is not a good one.  It counts for no period, is never the
 * newest good one, and stays until a newer good one shows that it is not needed:
 * so a database that lost its tables overnight does not push out the dumps that
 * still have them.
 *
 * A database keeps its dumps under its name whatever server it is on: after an
 * upgrade to a new cluster they stand in one row.
 */
#pragma once

#include "repo/catalog.h"
#include "retention/policy.h"
#include "retention/reasons.h"

struct planned_dump
{
    const struct dump *dump; /* borrowed from the catalog */
    bool keep;
    struct reasons reasons; /* at least one */
};

struct dump_plan
{
    struct planned_dump *dumps; /* owned; as in the catalog */
    size_t count;
};

/*
 * Whoever carries it out asked retention/doubt.h before.  The policy was checked.
 * *plan is empty before.
 */
NODISCARD enum status dump_plan_make(const struct catalog *catalog,
                                     const struct retention_policy *policy, time_us now,
                                     struct dump_plan *plan, struct error *err);

/* For SCOPED on a zeroed or made plan. */
void dump_plan_release(struct dump_plan *plan);
