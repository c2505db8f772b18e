// SPDX-License-Identifier: PostgreSQL
/*
 * ancestry.h - is the parent of an incremental really an ancestor of
 * what the server has now?
 *
 * It is when its WAL lies on the server's own timeline and the archive holds,
 * without a hole, all WAL from its start to the new backup's start, the last of
 * it with the very content that the server has.  A name alone can hide another
 * branch.
 *
 * Failures of all calls but the first are reasons for a full backup.
 */
#pragma once

#include "backup/parent.h"
#include "pg/connection.h"
#include "repo/wal_chain.h"

struct backup_ancestry;

struct backup_ancestry_options
{
    struct repo *repo;
    struct pg_connection *replication; /* idle; only for the first call */
    const char *conninfo;              /* for SQL */
    const struct catalog *catalog;
    struct lineage server;
    bool data_checksums;
    bool from_standby;
    time_us now;
};

/*
 * Find the parent.  REFUSED: there is none, and why.  Other failures are the
 * server's or the repository's.
 */
NODISCARD enum status backup_ancestry_find(struct backup_ancestry **ancestry,
                                           const struct backup_ancestry_options *options,
                                           struct error *err);
void backup_ancestry_freep(struct backup_ancestry **ancestry);

/* Borrowed from the ancestry. */
struct backup_parent *backup_ancestry_parent(const struct backup_ancestry *ancestry);

/* Before the parent's manifest goes to the server: what must be had whole. */
NODISCARD enum status backup_ancestry_foresee(struct backup_ancestry *ancestry, struct error *err);

/*
 * Once the backup has its start, before the first file: what may not be
 * inherited.  Where that is read from archived WAL, the archiver is waited for.
 */
NODISCARD enum status backup_ancestry_learn(struct backup_ancestry *ancestry, pg_lsn start,
                                            struct error *err);

/* Before it is committed: the archive holds all WAL up to start.  Waits a while for it. */
NODISCARD enum status backup_ancestry_prove(struct backup_ancestry *ancestry, pg_lsn start,
                                            struct error *err);
