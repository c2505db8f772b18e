// SPDX-License-Identifier: PostgreSQL
/*
 * keep.h - which of a backup's WAL segments must be stored with it.
 *
 * A thread takes finished segments, waits a little for the archiver by keeping
 * the last few, then compares each with the archive: equal ones are let go, missing
 * ones are stored at <cluster>/backups/<id>/wal/<segment>, and different ones fail
 * the backup.  Segments before the first that the backup needs are only
 * compared, and the archiver is waited for.
 */
#pragma once

#include "backup/wal.h"
#include "pg/segment.h"

struct backup_keep;

struct kept_segment
{
    struct pg_wal_segment segment;
    int fd;              /* of a temporary file; given away */
    uint64_t valid_size; /* bytes that are the backup's; zeros follow */
};

NODISCARD enum status backup_keep_create(struct backup_keep **keep,
                                         const struct backup_wal_options *options,
                                         struct error *err);
NODISCARD enum status backup_keep_start(struct backup_keep *keep, struct pg_wal_segment first,
                                        struct group *group, struct error *err);

/* A timeline's history file; at once, and in the caller's thread before any segment. */
NODISCARD enum status backup_keep_history(struct backup_keep *keep, pg_timeline timeline,
                                          struct bytes content, struct error *err);

/* Takes the descriptor in any case. */
NODISCARD enum status backup_keep_send(struct backup_keep *keep, const struct kept_segment *segment,
                                       struct error *err);

/* No more segments. */
void backup_keep_end(struct backup_keep *keep);

/* After the group was joined. */
bool backup_keep_proven(const struct backup_keep *keep);
uint32_t backup_keep_count(const struct backup_keep *keep);
void backup_keep_freep(struct backup_keep **keep);
