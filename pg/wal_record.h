// SPDX-License-Identifier: PostgreSQL
/*
 * wal_record.h - one WAL record, and the few kinds that a restore asks about.
 *
 * Recovery can stop only at the end of a transaction, at a restore point or at
 * an LSN; pg_wal_record_event reads the first two.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "pg/lsn.h"

#include <stdbool.h>

#define PG_WAL_RECORD_HEADER_SIZE 24

/* 33 block references at their largest and the other headers need 904 bytes. */
#define PG_WAL_RECORD_HEADERS_MAX 1024

/* src/include/access/rmgrlist.h; 128 and above belong to extensions. */
enum pg_wal_rmid
{
    PG_WAL_RM_XLOG = 0,
    PG_WAL_RM_XACT = 1,
    PG_WAL_RM_DBASE = 4,
    PG_WAL_RM_HEAP2 = 9,
};

/* The operation in a record's info; the low four bits are the same for all managers. */
#define PG_WAL_INFO_MASK 0xF0

struct pg_wal_record
{
    int major;    /* of the server that wrote it */
    pg_lsn start; /* its first byte */
    pg_lsn end;   /* after its last byte and padding: what the server calls its end */
    pg_lsn previous;
    uint32_t total_length;
    uint32_t xid;
    uint8_t rmid;
    uint8_t info;
    struct bytes headers; /* of blocks, origin and main data, as written */
    struct bytes main;
    bool main_cut; /* main is only the beginning of it */
};

/* How a record divides, as its headers announce. */
struct pg_wal_record_layout
{
    size_t headers_size;
    uint32_t main_length; /* the record's last bytes */
};

/*
 * Read the headers in the bytes that follow a record's own header, of which
 * `bytes` holds all or the first PG_WAL_RECORD_HEADERS_MAX; payload_length
 * counts all.  False when they contradict each other.
 */
bool pg_wal_record_headers_read(struct bytes bytes, uint32_t payload_length,
                                struct pg_wal_record_layout *layout);

/* A block that a record refers to. */
struct pg_wal_block
{
    uint32_t tablespace; /* its OID, also those of pg_default and pg_global */
    uint32_t database;
    uint32_t relfilenode;
    uint8_t fork; /* an enum pg_fork */
    uint32_t block;
};

/* The record's block with this id; false when there is none or its headers are broken. */
bool pg_wal_record_block(const struct pg_wal_record *record, uint8_t id,
                         struct pg_wal_block *block);

enum pg_wal_event_kind
{
    PG_WAL_EVENT_NONE,
    PG_WAL_EVENT_COMMIT,
    PG_WAL_EVENT_ABORT,
    PG_WAL_EVENT_RESTORE_POINT,
};

/* Points into the record. */
struct pg_wal_event
{
    enum pg_wal_event_kind kind;
    time_us time;
    uint32_t xid;         /* of the prepared transaction where there is one */
    bool prepared;        /* COMMIT PREPARED or ROLLBACK PREPARED */
    struct bytes subxids; /* four bytes each; see pg_wal_event_subxid */
    char name[65];        /* of the restore point */
};

/* CORRUPT when the content is not what the record's kind must hold. */
NODISCARD enum status pg_wal_record_event(const struct pg_wal_record *record,
                                          struct pg_wal_event *event, struct error *err);

size_t pg_wal_event_subxid_count(const struct pg_wal_event *event);
uint32_t pg_wal_event_subxid(const struct pg_wal_event *event, size_t index);
