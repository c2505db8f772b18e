// SPDX-License-Identifier: PostgreSQL
/*
 * control.h - what global/pg_control says about a cluster.
 *
 * The layout is each major version's own; those of versions 15 to 19 are known
 * (src/include/catalog/pg_control.h).  The server overwrites the file in place,
 * so that a reader beside it can see half a change: pg_control_read reads again.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "pg/lsn.h"

#define PG_CONTROL_FILE_SIZE 8192

enum pg_control_state
{
    PG_STARTUP,
    PG_SHUTDOWNED,
    PG_SHUTDOWNED_IN_RECOVERY,
    PG_SHUTDOWNING,
    PG_IN_CRASH_RECOVERY,
    PG_IN_ARCHIVE_RECOVERY,
    PG_IN_PRODUCTION,
};

struct pg_control
{
    uint64_t system_identifier;
    int major; /* 15 to 19 */
    uint32_t control_version;
    uint32_t catalog_version;
    enum pg_control_state state;
    time_us modified;

    struct pg_wal_position checkpoint; /* the record; its timeline is redo's too */
    pg_lsn redo;
    pg_timeline previous_timeline; /* differs when the checkpoint began the timeline */
    time_us checkpoint_time;
    uint64_t next_xid; /* with the epoch */

    struct pg_wal_position min_recovery; /* lsn 0: none */
    pg_lsn backup_start;                 /* 0: not recovering from a backup */
    pg_lsn backup_end;
    bool backup_end_required;

    /* What a standby must not have less of, and recovery with hot_standby neither. */
    int32_t max_connections;
    int32_t max_worker_processes;
    int32_t max_wal_senders;
    int32_t max_prepared_xacts;
    int32_t max_locks_per_xact;
    int32_t wal_level; /* 0 minimal, 1 replica, 2 logical */
    bool wal_log_hints;
    bool track_commit_timestamp;

    uint32_t block_size;
    uint32_t relation_segment_blocks;
    uint32_t wal_block_size;
    uint32_t wal_segment_size;
    uint32_t data_checksum_version; /* 0 off, 1 on */
};

/*
 * Read the file's content.  CORRUPT: too short, or the CRC does not match.
 * UNSUPPORTED: another major version, or another byte order.
 */
NODISCARD enum status pg_control_parse(struct bytes content, struct pg_control *control,
                                       struct error *err);

/* Read a file, several times while its CRC does not match. */
NODISCARD enum status pg_control_read(const char *path, struct pg_control *control,
                                      struct error *err);

/* In pg_controldata's words: "in production". */
const char *pg_control_state_name(enum pg_control_state state);
