// SPDX-License-Identifier: PostgreSQL
/*
 * upload.h - telling a server of version 17 or later what the parent
 * backup has, by UPLOAD_MANIFEST
 * (https://www.postgresql.org/docs/current/protocol-replication.html).
 *
 * The server then sends incremental files, and whole what the manifest does not
 * name: so what is to be healed is left out.
 */
#pragma once

#include "backup/parent.h"
#include "pg/connection.h"

/* The connection must be the one that BASE_BACKUP follows on.  DENIED and the like: the server's.
 */
NODISCARD enum status backup_upload_manifest(struct pg_connection *connection, struct repo *repo,
                                             const struct backup_parent *parent, struct error *err);
