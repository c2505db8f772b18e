// SPDX-License-Identifier: PostgreSQL
/*
 * wal.h - the WAL that makes a base backup consistent.
 *
 * It is streamed beside the backup over a connection of its own, from the
 * segment where replay starts to where the backup stops, into temporary files.
 * Each segment is then compared, by content, with the archive; what the archive
 * lacks is stored with the backup.  So neither a slow archiver nor an idle
 * standby can hold the backup up, and WAL of another branch under the same
 * name is noticed.
 *
 * A temporary slot keeps the server from removing what was not streamed yet.
 * The calls belong to the thread that makes the backup; two threads of the
 * group do the work.
 */
#pragma once

#include "base/group.h"
#include "pg/lsn.h"
#include "repo/repo.h"

struct backup_wal;

struct backup_wal_options
{
    struct repo *repo;
    const char *conninfo; /* these two are copied */
    const char *backup_id;
    uint64_t system_identifier;
    uint32_t segment_size;

    /*
     * Stream the segment before the start too, where the server has it.  It is
     * complete, so the archive must have it, and is compared and not stored:
     * proof that this server's WAL is the archive's.
     */
    bool prove;
};

/* Connect and reserve WAL, before the backup starts. */
NODISCARD enum status backup_wal_open(struct backup_wal **wal,
                                      const struct backup_wal_options *options, struct error *err);

/* Stream from the segment that holds start, in group, which must be freed first. */
NODISCARD enum status backup_wal_start(struct backup_wal *wal, struct pg_wal_position start,
                                       struct group *group, struct error *err);

/* The backup stopped here: the threads end once they have all up to it. */
void backup_wal_stop_at(struct backup_wal *wal, pg_lsn stop);

/* After the group was joined: had the archive a segment with the server's content? */
bool backup_wal_proven(const struct backup_wal *wal);

/* After the group was joined: how many segments were stored with the backup. */
uint32_t backup_wal_kept(const struct backup_wal *wal);

void backup_wal_freep(struct backup_wal **wal);
