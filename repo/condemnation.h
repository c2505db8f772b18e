// SPDX-License-Identifier: PostgreSQL
/*
 * condemnation.h - objects that will be deleted, and that nobody may use again.
 *
 * An entry in the log condemns packs, folders of backups, dumps, WAL, and
 * superseded memories of verifications.  Deletion comes later, when nobody can
 * be reading them any more; another entry says that it is done.  Whoever commits
 * a backup or a dump sees, in the catalog that it held since before its first
 * object, every condemnation that could concern it: so what was condemned once
 * is never used again, and a late deletion is harmless.
 */
#pragma once

#include "repo/backup.h"
#include "repo/dump.h"
#include "repo/pack_set.h"
#include "repo/verified_name.h"
#include "repo/wal_set.h"

/* No entry condemns more packs: about 2 MiB of JSON, for up to 2 TiB of packs. */
#define CONDEMNATION_PACKS_MAX 65536

struct condemnation
{
    uint64_t number;                 /* of its entry in the log, */
    time_us time;                    /* and when that was written */
    struct pack_set packs;           /* sorted */
    char (*backups)[BACKUP_ID_SIZE]; /* owned; whose folders go */
    size_t backup_count;
    char (*dumps)[DUMP_ID_SIZE]; /* owned; whose objects go, all of them */
    size_t dump_count;
    struct wal_set wal; /* with the .backup and .partial files of these segments */

    /* What verify remembers under names that sort before this one; "": nothing. */
    char verified_before[VERIFIED_NAME_SIZE];

    bool deleted; /* all of it is */
};

NODISCARD enum status condemnation_add_backup(struct condemnation *condemnation, const char *id,
                                              struct error *err);

NODISCARD enum status condemnation_add_dump(struct condemnation *condemnation, const char *id,
                                            struct error *err);

/* Whether anything is condemned at all. */
bool condemnation_is_empty(const struct condemnation *condemnation);
bool condemnation_has_backup(const struct condemnation *condemnation, const char *id);
bool condemnation_has_dump(const struct condemnation *condemnation, const char *id);
bool condemnation_has_verified(const struct condemnation *condemnation, const char *name);

/* {"packs", "backups", "dumps", "wal", "verified_before" if there is one}.  NULL: no memory. */
json_t *condemnation_to_json(const struct condemnation *condemnation);
NODISCARD enum status condemnation_from_json(const json_t *object,
                                             struct condemnation *condemnation, struct error *err);

/* For SCOPED on an initialised struct. */
void condemnation_release(struct condemnation *condemnation);
