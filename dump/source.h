// SPDX-License-Identifier: PostgreSQL
/*
 * source.h - a dump read out of the repository: authenticated, decompressed, as
 * pg_dump wrote it.
 */
#pragma once

#include "repo/dump.h"

/* Gets all of it in order, perhaps in another thread.  Its failure ends the reading. */
struct source_target
{
    enum status (*write)(void *arg, struct bytes chunk, struct error *err);
    void *arg;
};

/*
 * CORRUPT: the object is damaged, or does not hold what was dumped: its SHA-256 is
 * compared at the end.  Until then what came is authentic only in a repository
 * that is encrypted.
 */
NODISCARD enum status source_read(struct repo *repo, const struct dump *dump,
                                  struct source_target target, struct error *err);

/* The roles and tablespaces of that time, as SQL. */
NODISCARD enum status source_read_globals(struct repo *repo, const struct dump *dump,
                                          struct source_target target, struct error *err);
