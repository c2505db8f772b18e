// SPDX-License-Identifier: PostgreSQL
/*
 * identity.h - which PostgreSQL cluster it is that we are to look after.
 *
 * A server says it over a connection, a data directory in global/pg_control.
 * identity_accept is how a system identifier gets into a repository's lineage.
 */
#pragma once

#include "pg/connection.h"
#include "repo/lineage.h"

NODISCARD enum status identity_of_server(struct pg_connection *connection, struct lineage *lineage,
                                         struct error *err);

/* The same over a connection for replication. */
NODISCARD enum status identity_of_replication(struct pg_connection *connection,
                                              struct lineage *lineage, struct error *err);

NODISCARD enum status identity_of_directory(const char *data_directory, struct lineage *lineage,
                                            struct error *err);

/* Make it the repository's present one; *added is false when it was that already. */
NODISCARD enum status identity_accept(struct repo *repo, const struct lineage *lineage, bool *added,
                                      struct error *err);
