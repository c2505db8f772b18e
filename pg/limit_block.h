// SPDX-License-Identifier: PostgreSQL
/*
 * limit_block.h - from which block on a relation has nothing of an older backup.
 *
 * A server's WAL summary holds for a relation fork, beside the blocks that
 * changed, the shortest length that it had: its limit block, 0 where it was
 * created, dropped or rewritten (src/backend/postmaster/walsummarizer.c,
 * src/common/blkreftable.c).  Every block from there on either came with the
 * incremental backup or is zeros.  The truncation length of an incremental
 * file does not say that: blocks that were cut off and added again without WAL
 * are below it, and an older backup still has them as they were.
 *
 * Create, add, sort, find.  Of several limits the lowest counts.  The entry of
 * relfilenode 0 is a whole database in a tablespace, which was created or
 * dropped: each relation in it has the limit 0.
 *
 * Memory: 20 bytes an entry, PG_LIMIT_BLOCKS_MAX of them at most.  Threads may
 * share a sorted set.
 */
#pragma once

#include "pg/page.h"

#include <stddef.h>

/* Entries in memory, 80 MiB; half as many different ones can be sure to fit. */
#define PG_LIMIT_BLOCKS_MAX (UINT32_C(4) << 20)

struct pg_limit_blocks;

struct pg_limit_block
{
    uint32_t tablespace; /* its OID, also those of pg_default and pg_global */
    uint32_t database;
    uint32_t relfilenode;
    uint32_t block;
    uint16_t fork; /* an enum pg_fork */
    bool early;    /* not from the last summary of all; see pg_limit_blocks_early */
};

NODISCARD enum status pg_limit_blocks_create(struct pg_limit_blocks **limits, struct error *err);

/* REFUSED when there are too many. */
NODISCARD enum status pg_limit_blocks_add(struct pg_limit_blocks *limits,
                                          const struct pg_limit_block *limit, struct error *err);

/* After the last was added, before the first is looked for. */
void pg_limit_blocks_sort(struct pg_limit_blocks *limits);

/* How many relation forks and databases have one. */
size_t pg_limit_blocks_count(const struct pg_limit_blocks *limits);

/* The limit of a relation's fork, counted from the relation's start; false when it has none. */
bool pg_limit_blocks_find(const struct pg_limit_blocks *limits,
                          const struct pg_relation_path *relation, uint32_t *block);

/*
 * Is the limit not 0, and lower than all that the last summary has for the fork?
 * Some servers then forget blocks that changed later; see wal_summary.h.
 */
bool pg_limit_blocks_early(const struct pg_limit_blocks *limits,
                           const struct pg_relation_path *relation);

/* For SCOPED.  NULL is allowed. */
void pg_limit_blocks_freep(struct pg_limit_blocks **limits);
