// SPDX-License-Identifier: PostgreSQL
/*
 * parent.h - the backup that an incremental builds on, and what of it
 * may be trusted.
 *
 * Opening reads the parent's manifest once, for the sizes of its files and its
 * packs.  What may not be inherited is learnt from the server's WAL summaries
 * (PostgreSQL 17 and later) or from the archived WAL between the two backups.
 */
#pragma once

#include "backup/path_index.h"
#include "pg/history.h"
#include "pg/limit_block.h"
#include "pg/unsound_pages.h"
#include "repo/catalog.h"
#include "repo/pack.h"

struct backup_parent
{
    struct backup backup;     /* as the catalog has it */
    struct path_index *files; /* owned; those of its manifest */
    struct pack *packs;       /* owned; by their indexes there */
    size_t pack_count;

    struct pg_limit_blocks *limits; /* owned; from the server's summaries; else NULL */
    bool limits_unordered; /* the server may forget blocks behind them; see wal_summary.h */
    struct pg_unsound_pages *unsound; /* owned; from archived WAL; else NULL */

    bool by_page_lsn; /* whole files come, and old pages are the parent's: PostgreSQL 15 and 16 */
    bool same_server; /* both are the primary's of one timeline: a failover begins another */
    int64_t first_night; /* days since 1970 whose share of files is healed */
    int64_t last_night;
};

/*
 * Which backup may be the parent of one that starts now, on this server?  NULL,
 * with the reason in words, when none may.
 */
struct backup_parent_question
{
    const struct catalog *catalog;
    uint64_t system_identifier;
    uint32_t major;
    bool data_checksums;
    const struct pg_history *history; /* of the server's timeline */
};
const struct backup *backup_parent_choose(const struct backup_parent_question *question,
                                          const char **reason);

NODISCARD enum status backup_parent_open(struct backup_parent **parent, struct repo *repo,
                                         const struct backup *backup, time_us now,
                                         struct error *err);
void backup_parent_freep(struct backup_parent **parent);

/* The size of a file in the parent; false when it has none of this path. */
bool backup_parent_has(const struct backup_parent *parent, const char *path, uint64_t *size_bytes);

/* Is it this file's turn to arrive whole and be compared?  Only of a main fork. */
bool backup_parent_heals(const struct backup_parent *parent, const char *path);

/* May a page of a whole file, by its header and place, be the parent's, unchanged? */
bool backup_parent_has_page(const struct backup_parent *parent,
                            const struct pg_relation_path *relation, uint64_t offset,
                            const uint8_t *page);

/*
 * Of a server that forgets blocks behind early limits: does the relation's limit
 * lie inside this file?  Then only the whole file can be trusted.
 */
bool backup_parent_needs_whole(const struct backup_parent *parent,
                               const struct pg_relation_path *relation);

/*
 * How many bytes from the file's beginning may be inherited; the parent may
 * have less.
 */
uint64_t backup_parent_trusted(const struct backup_parent *parent,
                               const struct pg_relation_path *relation);
