// SPDX-License-Identifier: PostgreSQL
/*
 * backup_list.h - the backups that are verified, and what was found of each.
 *
 * They are the catalog's.  When the catalog cannot be read, they are what has a
 * folder, so that one damaged entry of the log does not hide everything else.
 */
#pragma once

#include "repo/catalog.h"

#include <stdatomic.h>

struct listed_backup
{
    char id[BACKUP_ID_SIZE];
    const struct backup *backup; /* borrowed; NULL: the catalog cannot be read */
    uint32_t index;              /* in the list */

    /* Of its folder */
    bool has_manifest;
    bool has_server_manifest;
    uint32_t wal_count;
    uint64_t manifest_size;
    time_us manifest_verified; /* TIME_NONE: never */
    bool manifest_due;

    atomic_bool unread; /* its manifest does not open: what it uses is not known */
    atomic_bool failed; /* that, or something of its data is not as the manifest says */
};

struct backup_list
{
    struct listed_backup **items; /* owned; in the order of ids */
    size_t count;
};

/* The catalog's backups, or only one of them; the catalog outlives the list. */
NODISCARD enum status backup_list_fill(struct backup_list *list, const struct catalog *catalog,
                                       const char *only, struct error *err);

/* Behind all others. */
NODISCARD enum status backup_list_add(struct backup_list *list, const char *id,
                                      struct listed_backup **added, struct error *err);

/* NULL when it is not in the list. */
struct listed_backup *backup_list_find(const struct backup_list *list, const char *id);

/* For SCOPED on an initialised struct. */
void backup_list_release(struct backup_list *list);

#define BACKUP_LIST_NAMES_SIZE (BACKUP_ID_SIZE + 40)

/* "backup X", "backup X and 3 more" */
void backup_list_name(const struct backup_list *list, uint32_t first, size_t count,
                      char text[BACKUP_LIST_NAMES_SIZE]);
