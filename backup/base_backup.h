// SPDX-License-Identifier: PostgreSQL
/*
 * base_backup.h - BASE_BACKUP of the replication protocol, as PostgreSQL 15
 * and later stream it
 * (https://www.postgresql.org/docs/current/protocol-replication.html).
 *
 * Start it, learn where it started; receive it, with each file handed on as it
 * comes; learn where it stopped.  Paths are relative to the data directory,
 * those of a tablespace below pg_tblspc/<oid>/.
 */
#pragma once

#include "pg/connection.h"
#include "pg/label.h"
#include "repo/manifest.h"

struct base_backup;

struct base_backup_options
{
    struct pg_connection *connection; /* for replication; borrowed */
    const char *label;
    bool fast_checkpoint; /* do not spread it */
    bool incremental;     /* since the backup whose manifest the connection has uploaded */
};

/* Called in the receiver's thread; a failure ends the backup with it. */
struct base_backup_handler
{
    enum status (*begin)(void *arg, const struct manifest_file *file, struct error *err);
    enum status (*data)(void *arg, struct bytes bytes, struct error *err);
    enum status (*end)(void *arg, struct error *err);
    enum status (*manifest)(void *arg, struct bytes bytes, struct error *err);
    void (*progress)(void *arg, uint64_t done_bytes);
    void *arg;
};

/* Sends the command and waits for the server's checkpoint. */
NODISCARD enum status base_backup_start(struct base_backup **backup,
                                        const struct base_backup_options *options,
                                        struct error *err);

struct pg_wal_position base_backup_start_position(const struct base_backup *backup);

/* What the server estimates to send, in bytes. */
uint64_t base_backup_estimate(const struct base_backup *backup);

/* Where the tablespaces are; valid while the backup is. */
const struct pg_tablespace *base_backup_tablespaces(const struct base_backup *backup,
                                                    size_t *count);

/*
 * Receive all of it.  *damaged: everything arrived, and the server met pages
 * with wrong checksums (SQLSTATE XX001); err then holds what it said of them.
 */
NODISCARD enum status base_backup_receive(struct base_backup *backup,
                                          const struct base_backup_handler *handler,
                                          struct pg_wal_position *stop, bool *damaged,
                                          struct error *err);

void base_backup_freep(struct base_backup **backup);
