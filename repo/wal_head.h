// SPDX-License-Identifier: PostgreSQL
/*
 * wal_head.h - what a WAL segment says about itself, seen as it streams past.
 *
 * The archive is authenticated, but that a segment is what its name says is
 * another question, and its first page answers it.
 */
#pragma once

#include "pg/segment.h"
#include "pg/wal_page.h"

struct sink;

struct wal_head
{
    uint8_t bytes[PG_WAL_LONG_HEADER_SIZE];
    uint64_t size_bytes; /* of the whole file */
};

/* An observer: keeps the first bytes and counts all.  *seen outlives the sink. */
NODISCARD enum status sink_push_wal_head(struct sink **head, struct wal_head *seen,
                                         struct error *err);

/* What a segment must be. */
struct wal_head_wanted
{
    uint64_t system_identifier;
    uint32_t segment_size;
    struct pg_wal_segment segment;
};

/* CORRUPT: another size, cluster, place or timeline.  UNSUPPORTED: another major version. */
NODISCARD enum status wal_head_check(const struct wal_head *seen,
                                     const struct wal_head_wanted *wanted, struct error *err);
