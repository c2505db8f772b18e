// SPDX-License-Identifier: PostgreSQL
/*
 * choice.h - the backup to start from, and the timeline to follow.
 *
 * Pure: the catalog and the names of the archived WAL decide.
 */
#pragma once

#include "repo/catalog.h"
#include "restore/target.h"
#include "restore/wal_search.h"

struct choice_question
{
    const struct catalog *catalog;
    const struct wal_chain *chain; /* of one system identifier, which the backup must have */
    const struct target *target;
    const struct wal_found *found; /* the record of an XID or a name; else NULL */
    const char *backup_id;         /* NULL: the newest that suits */
};

/* *path is borrowed from the chain. */
NODISCARD enum status choice_make(const struct choice_question *question,
                                  const struct backup **backup, const struct pg_history **path,
                                  struct error *err);

/*
 * The cluster to restore, by its system identifier: that of the named backup;
 * for a time, of the newest backup before it; else the present one.
 */
NODISCARD enum status choice_cluster(const struct catalog *catalog, const struct target *target,
                                     const char *backup_id, uint64_t *system_identifier,
                                     uint32_t *segment_size, struct error *err);
