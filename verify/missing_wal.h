// SPDX-License-Identifier: PostgreSQL
/*
 * missing_wal.h - gaps in the archive that matter, and their likely causes.
 *
 * A gap matters when the recovery of some backup would come to it: the path of
 * the gap's timeline passes through the backup, nothing before the gap was
 * condemned, and the backup does not carry the missing segments itself.
 */
#pragma once

#include "verify/context.h"
#include "verify/wal_gaps.h"

struct missing_piece
{
    struct wal_gap gap;
    size_t backups; /* whose recovery would come to it */
};

struct missing_wal
{
    struct verify_context *context;
    const struct wal_chain *chain;
    const struct wal_runs *vanished;
    struct missing_piece *pieces; /* owned */
    size_t count;
};

/* All that is missing and not condemned. */
NODISCARD enum status missing_wal_find(struct missing_wal *missing, struct error *err);

/*
 * Count a backup whose recovery comes to a piece.  The chain knows what is
 * kept with it, and reach is how far it goes.
 */
NODISCARD enum status missing_wal_count(struct missing_wal *missing, const struct backup *backup,
                                        const struct pg_history *path,
                                        const struct wal_reach *reach, struct error *err);

/* Make findings of what matters, and of segments that vanished. */
NODISCARD enum status missing_wal_tell(struct missing_wal *missing, struct error *err);

/* For SCOPED on an initialised struct. */
void missing_wal_release(struct missing_wal *missing);
