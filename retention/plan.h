// SPDX-License-Identifier: PostgreSQL
/*
 * plan.h - what to keep and what to let go, with a reason for each.
 *
 * A pure function of the catalog, the names of the archived WAL, the policy
 * and the time: no clock, no store.  Whoever carries a plan out compares the
 * clock with the store's before (retention/doubt.h knows the catalog only).
 *
 * Backups stay for the shelf (retention/shelf.h: daily, weekly, monthly, held,
 * young, newest good) or for the recovery window (retention/window.h).  The
 * last good one of each system identifier that may have moments in the window
 * stays besides.  Backups are complete by themselves, so that a parent may go
 * before its children.
 *
 * WAL stays when the recovery window needs it, or a backup that stays needs it
 * to become consistent, or when it may be younger than the minimum age.
 * Segments have no dates, but lie before or behind a backup that has one.
 *
 * A cluster that pg_upgrade or initdb replaced has moments in the window until
 * a good backup of a newer system identifier is older than the window, and
 * while it has good backups inside the window itself.  After that only its
 * backups' own WAL stays.  A cluster without a good backup loses no WAL as long
 * as it may get one.
 *
 * Timeline history files never expire, and a plan does not mention them.
 *
 * As long as backups are dated in the order of their commits, planning again
 * after a plan was carried out lets nothing more go; and what a plan lets go, no
 * later one would have needed.
 */
#pragma once

#include "repo/wal_chain.h"
#include "retention/policy.h"
#include "retention/wal_rules.h"

struct retention_request
{
    const struct catalog *catalog;

    /* Of each system identifier that the catalog accepts, as wal_chain_load loads it. */
    const struct wal_chain *chains;
    size_t chain_count;

    const struct retention_policy *policy;
    time_us now;
};

struct retention_backup
{
    const struct backup *backup; /* borrowed from the catalog */
    bool keep;
    struct reasons reasons; /* at least one */
};

struct retention_plan
{
    struct retention_backup *backups; /* owned; as in the catalog */
    size_t backup_count;
    struct wal_spans wal; /* all archived segments of all chains */
    struct wal_rules rules;
    uint64_t *clusters; /* owned; the system identifiers that it is about */
    size_t cluster_count;
    time_us window_start;
};

/*
 * CONFIG for a policy that makes no sense; REFUSED when the clock, the catalog
 * or the archive gives reason for doubt.  *plan is empty before.
 */
NODISCARD enum status retention_plan_make(const struct retention_request *request,
                                          struct retention_plan *plan, struct error *err);

/*
 * Does a WAL file of this segment stay?  For .partial and .backup files, whose
 * segments may not be there.  A cluster that the plan is not about keeps all.
 */
bool retention_plan_keeps_wal(const struct retention_plan *plan, uint64_t system_identifier,
                              struct pg_wal_segment segment);

/* For SCOPED on a zeroed or made plan. */
void retention_plan_release(struct retention_plan *plan);
