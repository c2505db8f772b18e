// SPDX-License-Identifier: PostgreSQL
/*
 * wal_reader.h - the records in a contiguous run of WAL segments.
 *
 * Create a reader at a segment, feed it the bytes of that segment and of those
 * that follow, in any pieces; it calls back for each record that is complete
 * and whose checksum and back link are right.  A record that began before the
 * first segment is skipped.  The run may cross to a newer timeline where that
 * timeline's own segment takes over.
 *
 * WAL has no end mark: it ends at the first thing that is not WAL, such as
 * zeros, the old content of a recycled segment or a torn record.  That is a
 * normal result; from then on bytes are ignored.  Whether WAL was allowed to
 * end there is the caller's to judge.
 *
 * Memory: of each record only its headers and the start of its main data are
 * kept.  A reader belongs to one thread.
 */
#pragma once

#include "pg/segment.h"
#include "pg/wal_record.h"

struct pg_wal_reader;

struct pg_wal_reader_options
{
    struct pg_wal_segment first;
    uint32_t segment_size;
    uint64_t system_identifier; /* 0: whatever the first segment says */
    size_t main_limit;          /* of main data to keep; 0: 16 MiB */

    /* The record is borrowed for the call.  A failure ends the feed with it. */
    enum status (*record)(void *arg, const struct pg_wal_record *record, struct error *err);
    void *arg;
};

enum pg_wal_end_reason
{
    PG_WAL_END_NONE,         /* not ended: more bytes may follow */
    PG_WAL_END_ZEROS,        /* never written */
    PG_WAL_END_RECYCLED,     /* a page of another place */
    PG_WAL_END_PAGE_HEADER,  /* not a page of this WAL */
    PG_WAL_END_RECORD,       /* a record header that cannot be */
    PG_WAL_END_CONTINUATION, /* the next page does not go on with the record */
    PG_WAL_END_CHECKSUM,     /* of a record */
};

struct pg_wal_end
{
    enum pg_wal_end_reason reason;
    pg_lsn lsn; /* the end of the last complete record; 0 when there was none */
    pg_lsn at;  /* where the reader stopped or will go on */
};

NODISCARD enum status pg_wal_reader_create(struct pg_wal_reader **reader,
                                           const struct pg_wal_reader_options *options,
                                           struct error *err);

/* The next bytes.  REFUSED: the WAL of another cluster.  UNSUPPORTED: of another major version. */
NODISCARD enum status pg_wal_reader_feed(struct pg_wal_reader *reader, struct bytes bytes,
                                         struct error *err);

struct pg_wal_end pg_wal_reader_end(const struct pg_wal_reader *reader);

/* "zeros" and the like, for messages. */
const char *pg_wal_end_reason_text(enum pg_wal_end_reason reason);

/* For SCOPED.  NULL is allowed. */
void pg_wal_reader_freep(struct pg_wal_reader **reader);
