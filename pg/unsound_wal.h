// SPDX-License-Identifier: PostgreSQL
/*
 * unsound_wal.h - WAL after which a page's old LSN proves nothing.
 *
 * PostgreSQL 15 and 16 send whole files, and a page whose LSN is older than the
 * start of an earlier backup is taken to be the page that this backup has.  That
 * is so because whoever changes a page under WAL gives it the LSN of the record.
 * Three kinds of records tell of pages that were changed and kept an old LSN:
 *
 * - A database was copied file by file (CREATE DATABASE ... STRATEGY FILE_COPY,
 *   ALTER DATABASE ... SET TABLESPACE): its pages come with the LSNs that they
 *   had elsewhere (src/backend/commands/dbcommands.c).
 * - VACUUM marked a page all-visible.  Without data checksums and wal_log_hints
 *   the heap page keeps its LSN, while the visibility map has the bit
 *   (visibilitymap_set in src/backend/access/heap/visibilitymap.c).  With an
 *   older page beside that map, rows deleted later stay in index-only scans.
 * - wal_level was minimal: what was written then may have no record at all.
 */
#pragma once

#include "pg/wal_record.h"

enum pg_unsound_kind
{
    PG_UNSOUND_NONE,
    PG_UNSOUND_PAGE,       /* one block of a relation's main fork */
    PG_UNSOUND_DATABASE,   /* all relations of a database in a tablespace */
    PG_UNSOUND_EVERYTHING, /* all relations */
};

/* Fields that a kind does not need are 0. */
struct pg_unsound
{
    enum pg_unsound_kind kind;
    uint32_t tablespace; /* as in struct pg_relation_path: 0 for base and global */
    uint32_t database;
    uint32_t relfilenode;
    uint32_t block; /* counted from the relation's start */
};

/* What a record of PostgreSQL 15 or 16 makes unsound; CORRUPT when it is malformed. */
NODISCARD enum status pg_unsound_wal_read(const struct pg_wal_record *record,
                                          struct pg_unsound *unsound, struct error *err);
