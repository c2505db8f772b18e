// SPDX-License-Identifier: PostgreSQL
/*
 * server.h - what the server knows of its archiving.
 */
#pragma once

#include "health/facts.h"

struct health_server
{
    struct pg_connection *connection; /* owned; NULL: it does not let us in */
    bool identified;
    uint64_t system_identifier; /* with identified */
    pg_lsn lsn;                 /* up to where there is WAL; PG_LSN_NONE: not known */

    /* What archive_command reported last to be archived; "" for nothing. */
    char archived[PG_WAL_FILE_NAME_SIZE];
};

/*
 * Ask it.  Any failure is that of the connection; what the role may not see
 * stays unknown.
 */
NODISCARD enum status health_server_ask(const struct config *config, struct health_server *server,
                                        struct health_archiving *archiving, struct error *err);

/* The canary's newest row; NOT_FOUND: there is none.  Of a server that answered. */
NODISCARD enum status health_server_ask_canary(const struct config *config,
                                               struct health_server *server, time_us *written,
                                               struct error *err);

/* What waits, by the files of the data directory: works while the server is down. */
NODISCARD enum status health_server_look(const struct config *config, time_us now,
                                         struct health_archiving *archiving, struct error *err);

/* For SCOPED on an initialised struct. */
void health_server_release(struct health_server *server);
