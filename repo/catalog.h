// SPDX-License-Identifier: PostgreSQL
/*
 * catalog.h - the cluster's log, and what it amounts to.
 *
 * Everything that happens to a cluster's repository is an entry in one log of
 * numbered objects (repo/log_entry.h), each created only if its number is free.
 * The catalog is the log replayed.  A writer commits by winning the next number;
 * a loser reads what it lost to and checks again whether its entry still holds.
 * So neither clocks nor leases decide, and a process that slept for a week
 * cannot undo what others did meanwhile.
 *
 * Every CATALOG_CHECKPOINT-th entry is a checkpoint that holds the catalog of
 * all before it: a reader starts at the newest one.  The log is never
 * shortened: it is also the audit trail, and what an earlier version, which knew
 * of less, left out of a checkpoint is still there.
 *
 * A catalog never forgets a condemnation that it has seen, not even when it is
 * carried out: whoever loads it before the first object of a backup is written
 * knows at its commit of everything that was condemned meanwhile.
 *
 * A catalog belongs to one thread.  What it points to changes with every load
 * and append.
 */
#pragma once

#include "repo/condemnation.h"
#include "repo/drill.h"
#include "repo/dump.h"
#include "repo/hold.h"
#include "repo/lineage.h"
#include "repo/verification.h"

#define CATALOG_CHECKPOINT 64
#define CATALOG_DRILLS     400 /* a year of daily ones: a checkpoint does not grow for ever */

struct catalog
{
    uint64_t last_number;   /* of the log's entries seen; 0: none */
    uint64_t last_change;   /* the newest of them that is no checkpoint, or before the first seen */
    time_us last_time;      /* when the newest was written, by its writer's clock */
    struct backup *backups; /* owned; in the order of their commits */
    size_t backup_count;
    struct dump *dumps; /* owned; in the order of their commits */
    size_t dump_count;
    char (*departed_dumps)[DUMP_ID_SIZE]; /* owned; expired, and not condemned yet */
    size_t departed_dump_count;
    struct lineage *lineages; /* owned; the last is the present one */
    size_t lineage_count;
    struct hold *holds; /* owned; at most one for a backup or dump, which is in the catalog */
    size_t hold_count;
    struct condemnation *condemnations; /* owned; those to carry out, and those seen */
    size_t condemnation_count;
    struct wal_set condemned_wal; /* all that ever was: these names are not used again */
    bool has_verification;
    struct verification verification; /* the last */
    struct drill *drills;             /* owned; the last CATALOG_DRILLS, as they were committed */
    size_t drill_count;
    bool has_good_drill;
    struct drill good_drill; /* the last of no copy that passed, however long ago */
};

/* What leaves the catalog, and why. */
struct expiry
{
    const char *id; /* of a backup or a dump */
    const char *reason;
};

/* One thing to commit: exactly one is set.  Borrowed for the call. */
struct catalog_entry
{
    const struct backup *backup;
    const struct dump *dump;
    const struct dump_failure *dump_failure; /* changes nothing but the audit trail */
    const struct lineage *lineage;
    const struct expiry *expiries; /* expiry_count of them, backups; */
    size_t expiry_count;
    const struct expiry *dump_expiries; /* and dumps, which may go with them */
    size_t dump_expiry_count;
    const struct condemnation *condemnation; /* the log gives it its number and time */
    uint64_t deleted;                        /* number of the condemnation carried out */
    const struct hold *hold;                 /* in the place of an earlier one */
    const char *released;                    /* whose hold ends */
    const struct verification *verification;
    const struct drill *drill; /* its receipt is stored */
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
 * Read the log: a new catalog from the newest checkpoint, one that was loaded
 * from where it is.  A log without entries is OK.  CORRUPT when a number is
 * missing or an entry is not what it should be; UNSUPPORTED when a newer version
 * wrote one.
 */
NODISCARD enum status catalog_load(struct repo *repo, struct catalog *catalog, struct error *err);

/*
 * Commit an entry; the catalog then includes it.  check.holds may be NULL.
 * REFUSED in a copy, or the two would be different histories.
 */
NODISCARD enum status catalog_append(struct repo *repo, struct catalog *catalog,
                                     const struct catalog_entry *entry, struct catalog_check check,
                                     struct error *err);

/* For SCOPED on an initialised struct. */
void catalog_release(struct catalog *catalog);

/* NULL when there is none with this id, or no lineage or drill at all. */
const struct backup *catalog_find_backup(const struct catalog *catalog, const char *id);
const struct dump *catalog_find_dump(const struct catalog *catalog, const char *id);

/* The dumps by database, those of one as they were committed; the caller frees the array. */
NODISCARD enum status catalog_sort_dumps(const struct catalog *catalog, const struct dump ***sorted,
                                         struct error *err);
const struct lineage *catalog_find_lineage(const struct catalog *catalog,
                                           uint64_t system_identifier);
const struct lineage *catalog_present_lineage(const struct catalog *catalog);
const struct hold *catalog_find_hold(const struct catalog *catalog, const char *id);
const struct drill *catalog_find_drill(const struct catalog *catalog, const char *id);
const struct drill *catalog_last_drill(const struct catalog *catalog);

/* Is it condemned, whether it was deleted since or not?  Of WAL: any segment of the run. */
bool catalog_condemned_pack(const struct catalog *catalog, const uint8_t id[PACK_ID_SIZE]);
bool catalog_condemned_backup(const struct catalog *catalog, const char *id);
bool catalog_condemned_dump(const struct catalog *catalog, const char *id);
bool catalog_condemned_wal(const struct catalog *catalog, uint64_t system_identifier,
                           struct wal_run run);

/* What a backup must check when it commits: REFUSED when something that it needs is condemned. */
NODISCARD enum status catalog_check_backup(const struct catalog *catalog,
                                           const struct backup *backup, const struct pack *packs,
                                           size_t pack_count, struct error *err);

/*
 * What a dump must check when it commits, with the catalog that it loaded before it
 * created its first object: REFUSED when its objects are condemned.  For catalog_append's
 * catalog_check, as it has to hold at the moment of the commit.
 */
NODISCARD enum status catalog_check_dump(const struct catalog *catalog, const struct dump *dump,
                                         struct error *err);
