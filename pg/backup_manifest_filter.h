// SPDX-License-Identifier: PostgreSQL
/*
 * backup_manifest_filter.h - a server's manifest with some of its files left
 * out.
 *
 * A server of version 17 or later sends whole what the manifest of the prior
 * backup, given to it by UPLOAD_MANIFEST, does not name
 * (src/backend/backup/basebackup_incremental.c).  Leaving a file out of that
 * manifest is how to have it whole.
 *
 * Create, feed the stored manifest in any pieces, finish, seal.  What comes out
 * has the lines of the files that stay, byte for byte.  Its last line holds a
 * SHA-256 of all before it: the caller adds up what it is given to write and
 * hands the digest to seal.
 */
#pragma once

#include "pg/backup_manifest.h"

#include <stdbool.h>

struct pg_backup_manifest_filter;

/* A failure ends the feed with it. */
struct pg_backup_manifest_filter_handler
{
    /*
     * Shall this file be left out?  The path is the relation's own: an
     * INCREMENTAL file comes under the name of the file that it stands for.
     */
    bool (*leave_out)(void *arg, const char *path);

    /* What comes out, in pieces of about 64 KiB. */
    enum status (*write)(void *arg, struct bytes bytes, struct error *err);

    /* Of the manifest that goes in, as in backup_manifest.h; may be NULL. */
    enum status (*covered)(void *arg, struct bytes bytes, struct error *err);
    enum status (*wal_range)(void *arg, const struct pg_backup_manifest_wal_range *range,
                             struct error *err);
    void *arg;
};

NODISCARD enum status
pg_backup_manifest_filter_create(struct pg_backup_manifest_filter **filter,
                                 const struct pg_backup_manifest_filter_handler *handler,
                                 struct error *err);

NODISCARD enum status pg_backup_manifest_filter_feed(struct pg_backup_manifest_filter *filter,
                                                     struct bytes bytes, struct error *err);

/*
 * The manifest must have come whole; the summary is its own, with the digest
 * to compare and the cluster that it is of.  All but the last line is written
 * then.  REFUSED: a manifest of version 1, which no server takes.
 */
NODISCARD enum status pg_backup_manifest_filter_finish(struct pg_backup_manifest_filter *filter,
                                                       struct pg_backup_manifest_summary *summary,
                                                       struct error *err);

/* Write the last line, with the digest of all that was written so far.  Once, after finish. */
NODISCARD enum status
pg_backup_manifest_filter_seal(struct pg_backup_manifest_filter *filter,
                               const uint8_t digest[PG_BACKUP_MANIFEST_DIGEST_SIZE],
                               struct error *err);

/* For SCOPED.  NULL is allowed. */
void pg_backup_manifest_filter_freep(struct pg_backup_manifest_filter **filter);
