// SPDX-License-Identifier: PostgreSQL
/*
 * object_name.h - what an object is, by its name.
 *
 * Of the cluster's packs, WAL, backups, dumps and drills; docs/format.md has all names.
 * What has another name is none of these, even if it lies among them.
 */
#pragma once

#include "pg/segment.h"
#include "repo/backup.h"
#include "repo/drill.h"
#include "repo/dump.h"
#include "repo/pack.h"

enum object_kind
{
    OBJECT_KIND_NONE,
    OBJECT_KIND_PACK,
    OBJECT_KIND_WAL,           /* of the archive */
    OBJECT_KIND_LINEAGE,       /* beside it */
    OBJECT_KIND_MANIFEST,      /* of a backup; */
    OBJECT_KIND_BACKUP,        /* what else is in its folder, */
    OBJECT_KIND_BACKUP_WAL,    /* and the WAL it carries */
    OBJECT_KIND_DUMP,          /* pg_dump's output; */
    OBJECT_KIND_DUMP_GLOBALS,  /* the roles and tablespaces of that time, */
    OBJECT_KIND_DUMP_DOCUMENT, /* and what is known of it */
    OBJECT_KIND_DRILL,         /* the receipt of one */
};

struct object_name
{
    enum object_kind kind;
    uint8_t pack[PACK_ID_SIZE];  /* of a pack */
    uint64_t system_identifier;  /* of WAL and a lineage */
    struct pg_wal_file wal;      /* of WAL, carried or not; its number is not known */
    char backup[BACKUP_ID_SIZE]; /* of what is in a backup's folder */
    char dump[DUMP_ID_SIZE];     /* of the three objects of a dump, */
    bool gzip;                   /* and whether gzip compressed this one */
    char drill[DRILL_ID_SIZE];   /* of a receipt */
};

/* Fails only for want of memory and the like; a name that is none of ours is OBJECT_KIND_NONE. */
NODISCARD enum status object_name_read(const struct repo *repo, const char *key,
                                       struct object_name *name, struct error *err);
