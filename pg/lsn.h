// SPDX-License-Identifier: PostgreSQL
/*
 * lsn.h - places in the write-ahead log.
 *
 * An LSN counts the bytes of WAL since the cluster was made.  Without its
 * timeline it names a place in several histories; what is kept or compared
 * across timelines is a struct pg_wal_position.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef uint64_t pg_lsn;
typedef uint32_t pg_timeline;

/* No record starts at zero: the first segment is never used. */
#define PG_LSN_NONE ((pg_lsn) 0)

/* The two halves, the slash, the terminator. */
#define PG_LSN_TEXT_SIZE 18

struct pg_wal_position
{
    pg_timeline timeline;
    pg_lsn lsn;
};

/* As PostgreSQL up to 18 writes it: "0/3000028". */
void pg_lsn_format(pg_lsn lsn, char text[PG_LSN_TEXT_SIZE]);

/* Nothing but an LSN, in either case and with or without leading zeros. */
NODISCARD enum status pg_lsn_parse(const char *text, pg_lsn *lsn, struct error *err);

/* The LSN that text begins with: its length, or 0 when there is none. */
size_t pg_lsn_scan(const char *text, size_t size, pg_lsn *lsn);
