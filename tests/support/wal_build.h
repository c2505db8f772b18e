// SPDX-License-Identifier: PostgreSQL
/*
 * wal_build.h - WAL made in memory, as a server would write it, for tests.
 *
 * Begin at a segment, add records, take the bytes.  Fields may be changed
 * between records to build what a test needs.  Running out of memory fails the
 * test.
 */
#pragma once

#include "base/bytes.h"
#include "pg/segment.h"

struct wal_build
{
    struct buffer bytes;
    pg_lsn start; /* of bytes */
    pg_lsn previous;
    uint32_t segment_size;
    uint32_t block_size;
    uint16_t magic;
    pg_timeline timeline;
    uint64_t system_identifier;

    /* Of the record being written, for the headers of the pages it crosses. */
    uint32_t missing;

    /* Or-ed into the next page's flags, once. */
    uint16_t page_flags;
};

struct wal_build_record
{
    uint8_t rmid;
    uint8_t info;
    uint32_t xid;
    struct bytes payload; /* headers and data, as written; see wal_build_main */
    size_t cut;           /* bytes at its end that are never written: a crash */
};

/* PostgreSQL 15, segments of 1 MiB, pages of 8 KiB, system identifier 42. */
void wal_build_begin(struct wal_build *build, struct pg_wal_segment first);
void wal_build_release(struct wal_build *build);

/* Where the next byte goes. */
pg_lsn wal_build_next(const struct wal_build *build);

/* Its LSN. */
pg_lsn wal_build_add(struct wal_build *build, struct wal_build_record record);

/* Append main data with its header to a payload. */
void wal_build_main(struct buffer *payload, struct bytes main);

/* Zeros up to this LSN, without page headers. */
void wal_build_zeros(struct wal_build *build, pg_lsn until);

/* The page headers up to the next byte of a record, if one is due here. */
void wal_build_page(struct wal_build *build);
