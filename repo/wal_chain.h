// SPDX-License-Identifier: PostgreSQL
/*
 * wal_chain.h - which WAL the archive holds, and how far it reaches unbroken.
 *
 * Load a chain once for a cluster.  It knows the names of all archived
 * segments, as runs, and the history of every timeline that has a file.  What
 * is condemned counts as missing: it may be gone at any moment.  WAL
 * that a backup carries itself counts for that backup only: set it before
 * asking how far that backup can go.
 *
 * What recovery reads is decided by the path of the target timeline: a segment
 * in which the path changes timelines is read from the newer one, as PostgreSQL
 * does (XLogFileReadAnyTLI in src/backend/access/transam/xlogrecovery.c).
 *
 * A chain belongs to one thread.
 */
#pragma once

#include "pg/history.h"
#include "pg/segment.h"
#include "repo/catalog.h"

struct wal_chain
{
    struct repo *repo; /* borrowed */
    uint64_t system_identifier;
    uint32_t segment_size;

    struct wal_runs archived;     /* and not condemned */
    struct pg_history *histories; /* owned; by timeline; the first is a root */
    size_t history_count;

    struct wal_runs kept;         /* with one backup */
    pg_lsn kept_stop;             /* the last kept segment is zeros from here on; 0: none is */
    char kept_by[BACKUP_ID_SIZE]; /* "" for none */
};

/*
 * The catalog says what is condemned, and which backups may carry a timeline's
 * history that the archive has not; it is not kept.
 */
NODISCARD enum status wal_chain_load(struct wal_chain *chain, struct repo *repo,
                                     const struct catalog *catalog, uint64_t system_identifier,
                                     uint32_t segment_size, struct error *err);

/* For SCOPED on a zeroed or loaded chain. */
void wal_chain_release(struct wal_chain *chain);

/* From now on the WAL kept with this backup counts too, and no other's. */
NODISCARD enum status wal_chain_keep(struct wal_chain *chain, const struct backup *backup,
                                     struct error *err);

/* Of a timeline; NULL when it has no history file and is not the oldest.  Borrowed. */
const struct pg_history *wal_chain_history(const struct wal_chain *chain, pg_timeline timeline);

/* The newest timeline whose path passes through the position; never NULL for a known timeline. */
const struct pg_history *wal_chain_newest(const struct wal_chain *chain,
                                          struct pg_wal_position position);

/* Is there a segment of this timeline and number? */
bool wal_chain_has(const struct wal_chain *chain, struct pg_wal_segment segment);

/* The file that recovery along a path reads for a segment number; false when it is missing. */
bool wal_chain_find(const struct wal_chain *chain, const struct pg_history *path, uint64_t number,
                    struct pg_wal_segment *segment);

/* The segment that goes on where this one ends, perhaps on a newer timeline. */
bool wal_chain_next(const struct wal_chain *chain, struct pg_wal_segment segment,
                    struct pg_wal_segment *next);

struct wal_reach
{
    uint64_t first;   /* the segment with the start */
    uint64_t end;     /* the first number that is missing */
    pg_lsn lsn;       /* up to where there is WAL of this path */
    bool gap;         /* is there more behind what is missing? */
    uint64_t resumes; /* at which number; only with a gap */

    /*
     * The missing segment is the one in which the path left a timeline whose
     * own segment of this number is there: lsn is where it was left, and
     * PostgreSQL would read on, on the wrong timeline.
     */
    bool ends_at_fork;
};

/* How far WAL goes without a hole, from an LSN along a path. */
struct wal_reach wal_chain_reach(const struct wal_chain *chain, const struct pg_history *path,
                                 pg_lsn start);

/*
 * "WAL segments X to Y are missing" as an error's message, or that the archive
 * ends before X; returns REFUSED.
 */
enum status wal_chain_describe_end(const struct wal_chain *chain, const struct pg_history *path,
                                   const struct wal_reach *reach, struct error *err);

/* Read a segment that is there, archived or kept, into *sink and finish it. */
NODISCARD enum status wal_chain_read(const struct wal_chain *chain, struct pg_wal_segment segment,
                                     struct sink **sink, struct error *err);
