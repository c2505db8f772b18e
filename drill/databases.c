// SPDX-License-Identifier: PostgreSQL
#include "drill/databases.h"

#include "pg/connection.h"

static enum status
read_names(const char *conninfo, PGresult **names, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    return pg_query(connection,
                    /* -2: a "drop database" that was interrupted (pg_database.h). */
                    "select datname from pg_catalog.pg_database"
                    " where datallowconn and datconnlimit <> -2 order by 1",
                    names, err);
}

enum status
databases_each(const char *conninfo,
               enum status (*visit)(void *arg, const char *database, struct error *err), void *arg,
               struct error *err)
{
    SCOPED(pg_result_freep) PGresult *names = NULL;

    TRY(read_names(conninfo, &names, err));
    for (int row = 0; row < PQntuples(names); row++)
        TRY(visit(arg, PQgetvalue(names, row, 0), err));
    return OK;
}
