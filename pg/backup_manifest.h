// SPDX-License-Identifier: PostgreSQL
/*
 * backup_manifest.h - the server's own list of what is in a base backup.
 *
 * A push parser for backup_manifest as the server and pg_combinebackup write
 * it: JSON with one file to a line, of which only one line is in memory.
 * Create, feed in any pieces, finish.  Only finish says that the document is
 * whole; what was reported before is worth nothing without it.
 *
 * The manifest ends with a SHA-256 of all before its last line.  The parser
 * passes the covered bytes on as it goes and reports the digest expected; the
 * caller computes and compares.
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

struct pg_backup_manifest;

#define PG_BACKUP_MANIFEST_DIGEST_SIZE 32

enum pg_backup_manifest_checksum
{
    PG_MANIFEST_CHECKSUM_NONE,
    PG_MANIFEST_CHECKSUM_CRC32C,
    PG_MANIFEST_CHECKSUM_SHA224,
    PG_MANIFEST_CHECKSUM_SHA256,
    PG_MANIFEST_CHECKSUM_SHA384,
    PG_MANIFEST_CHECKSUM_SHA512,
};

/* Borrowed for the call. */
struct pg_backup_manifest_file
{
    const char *path; /* relative, contained; never longer than a line */
    uint64_t size_bytes;
    enum pg_backup_manifest_checksum algorithm;
    uint32_t crc32c;       /* the number, as crc32c_finish gives it; only with CRC32C */
    struct bytes checksum; /* as written; empty with NONE */
};

struct pg_backup_manifest_wal_range
{
    pg_timeline timeline;
    pg_lsn start;
    pg_lsn end;
};

/* A failure ends the feed with it.  Any may be NULL. */
struct pg_backup_manifest_handler
{
    enum status (*file)(void *arg, const struct pg_backup_manifest_file *file, struct error *err);
    enum status (*wal_range)(void *arg, const struct pg_backup_manifest_wal_range *range,
                             struct error *err);
    enum status (*covered)(void *arg, struct bytes bytes, struct error *err);
    void *arg;
};

struct pg_backup_manifest_summary
{
    int version;                /* 1, or 2 from PostgreSQL 17 on */
    uint64_t system_identifier; /* 0 in version 1 */
    uint64_t file_count;
    uint64_t covered_bytes;
    uint8_t digest[PG_BACKUP_MANIFEST_DIGEST_SIZE]; /* the SHA-256 that covered bytes must have */
};

NODISCARD enum status pg_backup_manifest_create(struct pg_backup_manifest **manifest,
                                                const struct pg_backup_manifest_handler *handler,
                                                struct error *err);

NODISCARD enum status pg_backup_manifest_feed(struct pg_backup_manifest *manifest,
                                              struct bytes bytes, struct error *err);

/* The document must be complete; CORRUPT when it is not. */
NODISCARD enum status pg_backup_manifest_finish(struct pg_backup_manifest *manifest,
                                                struct pg_backup_manifest_summary *summary,
                                                struct error *err);

/* For SCOPED.  NULL is allowed. */
void pg_backup_manifest_freep(struct pg_backup_manifest **manifest);
