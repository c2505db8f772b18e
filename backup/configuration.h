// SPDX-License-Identifier: PostgreSQL
/*
 * configuration.h - the server's configuration files that are not in
 * its data directory, where Debian keeps them.
 *
 * BASE_BACKUP does not send them.  On the server's own host, and where we may
 * read them, they are stored with the backup: one JSON object of paths and
 * contents at <cluster>/backups/<id>/configuration.
 */
#pragma once

#include "pg/connection.h"
#include "repo/repo.h"

/*
 * Store what can be read; an operator is told what could not.  Failing to read
 * them fails no backup, failing to store them does.
 */
NODISCARD enum status backup_configuration_store(struct repo *repo,
                                                 struct pg_connection *connection,
                                                 const char *data_directory, const char *backup_id,
                                                 struct error *err);
