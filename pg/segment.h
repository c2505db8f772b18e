// SPDX-License-Identifier: PostgreSQL
/*
 * segment.h - WAL segments and the names of the files in pg_wal and the archive.
 *
 * A segment number is the LSN divided by the cluster's segment size; how it is
 * spelled in a file name depends on that size too.
 */
#pragma once

#include "pg/lsn.h"

#include <stdbool.h>

#define PG_WAL_SEGMENT_SIZE_MIN (UINT32_C(1) << 20)
#define PG_WAL_SEGMENT_SIZE_MAX (UINT32_C(1) << 30)

/* 24 digits and the terminator. */
#define PG_WAL_SEGMENT_NAME_SIZE 25

/* The longest, a .backup file's, is 40. */
#define PG_WAL_FILE_NAME_SIZE 41

struct pg_wal_segment
{
    pg_timeline timeline;
    uint64_t number;
};

/* A power of two from 1 MiB to 1 GiB? */
bool pg_wal_segment_size_valid(uint64_t size_bytes);

/* The segment that holds the byte at a position. */
struct pg_wal_segment pg_wal_segment_of(struct pg_wal_position position, uint32_t segment_size);

/* The segment that holds the last byte before an end position, which is not 0. */
struct pg_wal_segment pg_wal_segment_before(struct pg_wal_position end, uint32_t segment_size);

pg_lsn pg_wal_segment_start(struct pg_wal_segment segment, uint32_t segment_size);
pg_lsn pg_wal_segment_end(struct pg_wal_segment segment, uint32_t segment_size);

void pg_wal_segment_name(struct pg_wal_segment segment, uint32_t segment_size,
                         char name[PG_WAL_SEGMENT_NAME_SIZE]);

/* "0000000A.history" */
void pg_wal_history_name(pg_timeline timeline, char name[PG_WAL_FILE_NAME_SIZE]);

enum pg_wal_file_kind
{
    PG_WAL_FILE_SEGMENT,
    PG_WAL_FILE_PARTIAL, /* the unfinished last segment of a timeline that was left */
    PG_WAL_FILE_HISTORY, /* of a timeline */
    PG_WAL_FILE_BACKUP,  /* what a finished base backup leaves */
};

struct pg_wal_file
{
    enum pg_wal_file_kind kind;
    pg_timeline timeline;
    uint32_t log;           /* the middle eight digits; 0 for a history file */
    uint32_t log_segment;   /* the last eight; 0 for a history file */
    uint32_t backup_offset; /* in the segment; only for a backup file */
    uint64_t number;        /* of the segment; 0 when the segment size is not known */
};

/*
 * Read the name of a file that PostgreSQL gives to archive_command or asks of
 * restore_command; CONFIG for any other.  A segment size of 0 means that it is
 * not known yet.
 */
NODISCARD enum status pg_wal_file_parse(const char *name, uint32_t segment_size,
                                        struct pg_wal_file *file, struct error *err);

/* A segment's own name, no suffix; CONFIG for any other. */
NODISCARD enum status pg_wal_segment_parse(const char *name, uint32_t segment_size,
                                           struct pg_wal_segment *segment, struct error *err);
