// SPDX-License-Identifier: PostgreSQL
/*
 * plan.h - which backup and which WAL bring a cluster to a target.
 *
 * Making a plan reads only: the cluster's log, the names of its archived WAL,
 * as much of the WAL as the target needs, and the backup's manifest.  A plan
 * that was made is a proof that the target can be reached with what the
 * repository held at that moment.
 */
#pragma once

#include "repo/catalog.h"
#include "repo/manifest.h"
#include "restore/target.h"
#include "restore/wal_search.h"

struct plan_options
{
    struct target target;
    const char *backup_id; /* NULL: choose by the target */
};

struct plan
{
    struct target asked;
    struct target target; /* as PostgreSQL is told it */
    struct backup backup;
    pg_timeline timeline; /* to recover along */

    uint64_t first_segment; /* of WAL, and how many recovery reads at most */
    uint64_t segment_count;

    bool has_found;         /* a transaction or a restore point was looked for */
    struct wal_found found; /* its record */

    /* The last end of a transaction that the WAL reaches; looked for only where it matters. */
    bool has_latest;
    struct wal_found latest;

    struct pack *packs; /* owned */
    size_t pack_count;
    struct pg_tablespace_map tablespaces; /* owned */
    struct manifest_totals totals;
    uint64_t fetch_bytes; /* of packs, at most */
};

/*
 * REFUSED: the target cannot be reached; the error names what is missing, the
 * moments that can be reached, and what to do.
 */
NODISCARD enum status plan_make(struct repo *repo, const struct plan_options *options,
                                struct plan *plan, struct error *err);

/* For SCOPED on a zeroed or made plan. */
void plan_release(struct plan *plan);
