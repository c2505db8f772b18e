// SPDX-License-Identifier: PostgreSQL
/*
 * expire.h - carrying out a retention policy.
 *
 * Backups that the policy lets go leave the catalog; what nothing needs any more
 * is condemned, by one entry in the log; and when a grace time has passed, so
 * that nobody can be reading it, it is deleted (retention/purge.h).  Each entry
 * is committed only if nothing else was committed since it was planned; else
 * everything is planned again.  So it does not matter how many hosts expire, or
 * how long any of them sleeps between two steps (docs/decisions/).
 */
#pragma once

#include "retention/expire_report.h"

struct expire_options
{
    const struct retention_policy *policy;
    time_us now;      /* compared with the store's clock */
    unsigned workers; /* that delete at once */
    bool dry_run;     /* only tell */

    /* Backups to let go whatever the policy says, for those that cannot be read. */
    const char *const *forget;
    size_t forget_count;

    size_t packs_per_entry; /* that one entry condemns; 0: CONDEMNATION_PACKS_MAX */
};

/*
 * REFUSED and CORRUPT: something gives reason for doubt, or one to forget is
 * held or the newest good one, and nothing was committed or deleted.  After any
 * other failure the next run goes on.
 */
NODISCARD enum status expire_run(struct repo *repo, const struct expire_options *options,
                                 struct expire_report *report, struct error *err);
