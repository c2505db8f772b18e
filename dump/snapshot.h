// SPDX-License-Identifier: PostgreSQL
/*
 * snapshot.h - one moment of a database, which pg_dump and we both look at.
 *
 * A transaction that only reads exports its snapshot; pg_dump takes that over, and
 * what the dump's document says of the database comes from the same transaction.
 * On a standby too.
 *
 * A snapshot belongs to one thread.  It must live until pg_dump has ended.
 */
#pragma once

#include "dump/selection.h"

struct dump_snapshot;

/* A table whose rows are counted; names as the database has them. */
struct dump_counted
{
    const char *schema;
    const char *table;
};

/* DENIED: there is no such database, or we may not connect to it. */
NODISCARD enum status dump_snapshot_open(struct dump_snapshot **snapshot, const char *conninfo,
                                         const char *database, struct error *err);
void dump_snapshot_freep(struct dump_snapshot **snapshot);

/* For pg_dump --snapshot. */
const char *dump_snapshot_name(const struct dump_snapshot *snapshot);

/* The server's, as 15. */
int dump_snapshot_major(const struct dump_snapshot *snapshot);

/* May we read the roles' passwords? */
NODISCARD enum status dump_snapshot_reads_passwords(struct dump_snapshot *snapshot, bool *reads,
                                                    struct error *err);

/*
 * Fill in what the server knows: version, system identifier, LSN and size; locale;
 * roles, extensions, tables.  Those of the tables that are to be counted are
 * counted exactly, which reads them whole; for others the server's estimate does.
 */
NODISCARD enum status dump_snapshot_describe(struct dump_snapshot *snapshot,
                                             const struct dump_selection *selection,
                                             const struct dump_counted *counted,
                                             size_t counted_count, struct dump_document *document,
                                             struct error *err);
