// SPDX-License-Identifier: PostgreSQL
/*
 * wal_assembly.h - one WAL record put together from the pieces of its pages.
 *
 * For wal_reader.c alone.  The checksum runs over every byte; kept are the
 * record's header, the headers behind it, and main data up to a limit.
 */
#pragma once

#include "pg/wal_reader.h"

struct pg_wal_assembly
{
    struct buffer main; /* its limit is set at creation */

    pg_lsn start;
    pg_lsn previous; /* what the record must link back to; 0: anything before it */
    uint32_t total_length;
    uint32_t size; /* of it that has come */
    uint32_t crc;
    uint8_t header[PG_WAL_RECORD_HEADER_SIZE];
    uint8_t front[PG_WAL_RECORD_HEADERS_MAX]; /* its payload's first bytes */
    size_t front_size;
    struct pg_wal_record_layout layout;
    bool layout_valid;
    bool main_cut;
};

/* Forget the last record and begin one at start. */
void pg_wal_assembly_begin(struct pg_wal_assembly *assembly, pg_lsn start, pg_lsn previous);

/* Take what belongs to the record; *reason becomes why it cannot be one, or NONE. */
NODISCARD enum status pg_wal_assembly_feed(struct pg_wal_assembly *assembly, struct bytes bytes,
                                           size_t *taken, enum pg_wal_end_reason *reason,
                                           struct error *err);

/* Has all of it come? */
bool pg_wal_assembly_complete(const struct pg_wal_assembly *assembly);

/* The complete record; major and end are the caller's to fill in.  Borrowed until the next begin.
 */
struct pg_wal_record pg_wal_assembly_record(const struct pg_wal_assembly *assembly);
