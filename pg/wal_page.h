// SPDX-License-Identifier: PostgreSQL
/*
 * wal_page.h - what the pages of a WAL segment say about themselves.
 *
 * Every page begins with a header; a segment's first page has a long one that
 * names the cluster (src/include/access/xlog_internal.h).
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

#define PG_WAL_PAGE_HEADER_SIZE 24
#define PG_WAL_LONG_HEADER_SIZE 40

struct pg_wal_page
{
    uint16_t magic;
    uint16_t info;
    pg_timeline timeline;    /* of when the page was written: in a timeline's first segment older */
    pg_lsn address;          /* of the page's first byte */
    uint32_t continued_size; /* bytes of a record from earlier pages still to come */
};

enum
{
    PG_WAL_PAGE_CONTINUED = 1, /* info: begins with the rest of a record */
    PG_WAL_PAGE_LONG = 2,      /* info: the long header */
};

/* What a segment's first page says. */
struct pg_wal_header
{
    uint16_t magic;
    pg_timeline timeline;
    pg_lsn page_address;
    uint64_t system_identifier;
    uint32_t segment_size;
    uint32_t block_size;
    int major;
};

/* The major version that writes this magic, or 0. */
int pg_wal_magic_major(uint16_t magic);

/* Does the page replace the rest of a record that was never finished? */
bool pg_wal_page_overwrites(const struct pg_wal_page *page);

/* Has it only flags that its version knows? */
bool pg_wal_page_info_valid(const struct pg_wal_page *page);

/* The fields as they are, from PG_WAL_PAGE_HEADER_SIZE bytes. */
struct pg_wal_page pg_wal_page_read(const uint8_t *header);

/*
 * Read and check a segment's first bytes, at least PG_WAL_LONG_HEADER_SIZE.
 * CORRUPT: not the start of a segment.  UNSUPPORTED: of another major version.
 */
NODISCARD enum status pg_wal_header_parse(struct bytes bytes, struct pg_wal_header *header,
                                          struct error *err);
