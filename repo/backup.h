// SPDX-License-Identifier: PostgreSQL
/*
 * backup.h - what the catalog knows of a base backup.
 *
 * A backup exists once the cluster's log has an entry for it.  Its manifest
 * says what it consists of (repo/manifest.h).
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "pg/lsn.h"
#include "repo/repo.h"

#define BACKUP_ID_SIZE 25

struct backup
{
    char id[BACKUP_ID_SIZE];     /* "2026-11-21T02-12-34-1f3a": when it started, UTC */
    char parent[BACKUP_ID_SIZE]; /* whose unchanged data it shares; "": full, all is its own */
    uint64_t system_identifier;
    uint32_t major;
    uint32_t wal_segment_size;
    struct pg_wal_position start; /* replay begins here */
    struct pg_wal_position stop;  /* and makes it consistent here */
    time_us started;
    time_us stopped;
    bool from_standby;
    bool data_checksums; /* the server's pages have them */
    bool damaged;        /* the server met checksum failures: never the last good one */
    uint64_t file_count;
    uint64_t logical_bytes; /* of all files */
    uint64_t stored_bytes;  /* of all packs it uses */
    uint64_t new_bytes;     /* of packs written for it */
    uint64_t packed_bytes;  /* of content in the packs it uses */
    uint64_t live_bytes;    /* how much of that content is this backup's */
    uint64_t extent_count;
    uint32_t pack_count;
    uint32_t healed_files;  /* that arrived whole to be compared with the parent */
    uint32_t healed_blocks; /* of those, blocks that the parent had wrong */
    uint32_t wal_kept;      /* WAL segments stored with it, because the archive had them not */
};

/* A new id: the time to the second and four random digits. */
NODISCARD enum status backup_make_id(time_us now, char id[BACKUP_ID_SIZE], struct error *err);
bool backup_id_is_valid(const char *id);

/* What the ids of a backup's packs carry; see pack_id_tag. */
uint32_t backup_tag(const char *id);

/* "<cluster>/backups/<id>/<name>" */
NODISCARD enum status backup_key(const struct repo *repo, const char *id, const char *name,
                                 char key[STORE_KEY_MAX + 1], struct error *err);

/* NULL when out of memory. */
json_t *backup_to_json(const struct backup *backup);
NODISCARD enum status backup_from_json(const json_t *object, struct backup *backup,
                                       struct error *err);
