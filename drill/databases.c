// SPDX-License-Identifier: PostgreSQL
#include "drill/databases.h"

#include "pg/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status
ask(const char *conninfo, PGresult **rows, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    return pg_query(connection,
                    /* -2: a "drop database" that was interrupted (pg_database.h). */
                    "select datname, datallowconn, datconnlimit = -2 from pg_catalog.pg_database"
                    " where datallowconn or datname <> 'template0' order by 1",
                    rows, err);
}

static struct database
read_row(const PGresult *rows, int row)
{
    bool allows = PQgetvalue(rows, row, 1)[0] == 't';
    bool dropped = PQgetvalue(rows, row, 2)[0] == 't';
    struct database database = {.state = dropped  ? DATABASE_DROPPED
                                         : allows ? DATABASE_OPEN
                                                  : DATABASE_CLOSED};

    snprintf(database.name, sizeof(database.name), "%s", PQgetvalue(rows, row, 0));
    return database;
}

enum status
databases_read(const char *conninfo, struct databases *databases, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *rows = NULL;

    TRY(ask(conninfo, &rows, err));
    databases->items = calloc((size_t) PQntuples(rows) + 1, sizeof(*databases->items));
    if (databases->items == NULL)
        return error_no_memory(err);
    for (int row = 0; row < PQntuples(rows); row++)
        databases->items[databases->count++] = read_row(rows, row);
    return OK;
}

enum database_state
databases_find(const struct databases *databases, const char *name)
{
    for (size_t index = 0; index < databases->count; index++)
        if (strcmp(databases->items[index].name, name) == 0)
            return databases->items[index].state;
    return DATABASE_MISSING;
}

void
databases_release(struct databases *databases)
{
    free(databases->items);
    *databases = (struct databases){0};
}

enum status
databases_each(const char *conninfo,
               enum status (*visit)(void *arg, const char *database, struct error *err), void *arg,
               struct error *err)
{
    SCOPED(databases_release) struct databases databases = {0};

    TRY(databases_read(conninfo, &databases, err));
    for (size_t index = 0; index < databases.count; index++)
        if (databases.items[index].state == DATABASE_OPEN)
            TRY(visit(arg, databases.items[index].name, err));
    return OK;
}
