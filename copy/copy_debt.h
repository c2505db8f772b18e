// SPDX-License-Identifier: PostgreSQL
/*
 * copy_debt.h - what a copy of a repository lacks.
 *
 * Nobody writes down what a copy is owed: it is what the original has and the
 * copy has not, and is found by listing both.
 */
#pragma once

#include "repo/catalog.h"

struct copy_debt
{
    uint64_t log_entries;
    uint64_t objects;   /* packs, WAL, files of backups and dumps, */
    uint64_t bytes;     /* that they have in the store, */
    uint64_t wal_files; /* and how many of them are archived WAL */
};

/* catalog is the source's.  REFUSED when the target is no copy of it any more; see copy_log.h. */
NODISCARD enum status copy_debt_measure(struct repo *source, struct repo *target,
                                        const struct catalog *catalog, struct copy_debt *debt,
                                        struct error *err);
