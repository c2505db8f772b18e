// SPDX-License-Identifier: PostgreSQL
#include "config/identity.h"

#include "backup/identity.h"
#include "base/log.h"

/* A configuration that mixes two clusters would back up one and archive the other. */
static enum status
check_directory(const struct config *config, const struct lineage *server, struct error *err)
{
    struct lineage directory;
    struct error unreadable;

    if (config->postgres.data_directory == NULL)
        return OK;
    if (identity_of_directory(config->postgres.data_directory, &directory, &unreadable) != OK)
    {
        log_debug("could not compare with the data directory: %s", unreadable.message);
        return OK;
    }
    if (directory.system_identifier == server->system_identifier)
        return OK;
    error_set(err, STATUS_REFUSED,
              "the server has system identifier %llu, and data directory \"%s\" has %llu",
              (unsigned long long) server->system_identifier, config->postgres.data_directory,
              (unsigned long long) directory.system_identifier);
    error_hint(err, "Correct postgres.connection or postgres.data_directory in \"%s\".",
               config->path);
    return STATUS_REFUSED;
}

enum status
config_identity(const struct config *config, struct lineage *lineage, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    enum status status =
        pg_connection_open(&connection, config->postgres.connection, PG_CONNECTION_SQL, err);

    if (status == STATUS_TRANSIENT && config->postgres.data_directory != NULL)
    {
        log_debug("%s; asking the data directory", err->message);
        return identity_of_directory(config->postgres.data_directory, lineage, err);
    }
    TRY(status);
    TRY(identity_of_server(connection, lineage, err));
    return check_directory(config, lineage, err);
}
