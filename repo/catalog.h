// SPDX-License-Identifier: PostgreSQL
/*
 * catalog.h - the cluster's log, and what it amounts to.
 *
 * Everything that happens to a cluster's repository is an entry in one log of
 * numbered objects, "<cluster>/log/<20 digits>.json", each created only if its
 * number is free.  The catalog is the log replayed.  A writer commits by
 * winning the next number; a loser reads what it lost to and checks again
 * whether its entry still holds.  So neither clocks nor leases decide, and a
 * process that slept for a week cannot undo what others did meanwhile.
 *
 * Every CATALOG_CHECKPOINT-th entry is a checkpoint that holds the catalog of
 * all before it: a reader starts at the newest one.  The log is never
 * shortened: it is also the audit trail.
 *
 * A catalog belongs to one thread.
 */
#pragma once

#include "repo/backup.h"
#include "repo/lineage.h"

#define CATALOG_CHECKPOINT 64

struct catalog
{
    uint64_t last_number;   /* of the log's entries seen; 0: none */
    struct backup *backups; /* owned; in the order of their commits */
    size_t backup_count;
    struct lineage *lineages; /* owned; the last is the present one */
    size_t lineage_count;
};

/* One thing to commit: exactly one is set.  Borrowed for the call. */
struct catalog_entry
{
    const struct backup *backup;
    const struct lineage *lineage;
};

/*
 * Does the entry still hold, now that the catalog is this one?  Called before
 * each try; its failure ends the commit.
 */
struct catalog_check
{
    enum status (*holds)(void *arg, const struct catalog *catalog, struct error *err);
    void *arg;
};

/*
 * Read the whole log; what the catalog held is gone.  A log without entries is OK.  CORRUPT when a
 * number is missing or an entry is not what it should be; UNSUPPORTED when a newer version wrote
 * one.
 */
NODISCARD enum status catalog_load(struct repo *repo, struct catalog *catalog, struct error *err);

/* Commit an entry; the catalog then includes it.  check.holds may be NULL. */
NODISCARD enum status catalog_append(struct repo *repo, struct catalog *catalog,
                                     const struct catalog_entry *entry, struct catalog_check check,
                                     struct error *err);

/* For SCOPED on an initialised struct. */
void catalog_release(struct catalog *catalog);

/* NULL when there is none with this id, or no lineage at all. */
const struct backup *catalog_find_backup(const struct catalog *catalog, const char *id);
const struct lineage *catalog_find_lineage(const struct catalog *catalog,
                                           uint64_t system_identifier);
const struct lineage *catalog_present_lineage(const struct catalog *catalog);
