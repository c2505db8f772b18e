// SPDX-License-Identifier: PostgreSQL
/*
 * unsound_pages.h - all that a stretch of WAL makes unsound, in bounded memory.
 *
 * Create, add, sort, ask.  Pages are kept as runs.  When there are too many,
 * the runs of a relation that lie closest are joined over the pages between
 * them, and in the end everything is unsound: the set may name more than was
 * added, never less.
 *
 * Memory: 20 bytes a run.  Threads may share a sorted set.
 */
#pragma once

#include "pg/page.h"
#include "pg/unsound_wal.h"

struct pg_unsound_pages;

/* At most run_limit runs, databases among them; 0: 262144, which are 5 MiB. */
NODISCARD enum status pg_unsound_pages_create(struct pg_unsound_pages **pages, size_t run_limit,
                                              struct error *err);

NODISCARD enum status pg_unsound_pages_add(struct pg_unsound_pages *pages,
                                           const struct pg_unsound *unsound, struct error *err);

/* After the last was added, before the first question. */
void pg_unsound_pages_sort(struct pg_unsound_pages *pages);

/* Is every page of the relation's file unsound? */
bool pg_unsound_pages_all(const struct pg_unsound_pages *pages,
                          const struct pg_relation_path *relation);

/* Is this page, counted from the relation's start, of a main fork unsound?  All may be too. */
bool pg_unsound_pages_has(const struct pg_unsound_pages *pages,
                          const struct pg_relation_path *relation, uint32_t block);

/* For SCOPED.  NULL is allowed. */
void pg_unsound_pages_freep(struct pg_unsound_pages **pages);
