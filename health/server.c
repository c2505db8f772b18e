// SPDX-License-Identifier: PostgreSQL
#include "health/server.h"

#include "backup/identity.h"
#include "base/file.h"
#include "config/config.h"
#include "drill/canary.h"
#include "pg/conninfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READY ".ready"

void
health_server_release(struct health_server *server)
{
    pg_connection_freep(&server->connection);
}

static void
copy_field(char *into, size_t size, const PGresult *result, int column)
{
    snprintf(into, size, "%s", PQgetvalue(result, 0, column));
}

static enum status
ask_archiver(struct health_server *server, struct health_archiving *archiving, struct error *err)
{
    static const char query[] =
        "SELECT pg_catalog.current_setting('archive_mode'), pg_catalog.pg_is_in_recovery(),"
        " coalesce(last_failed_time > last_archived_time"
        "  OR last_archived_time IS NULL AND last_failed_time IS NOT NULL, false),"
        " coalesce(last_archived_wal, ''),"
        " coalesce(CASE WHEN pg_catalog.pg_is_in_recovery()"
        "  THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, "
        "'0/0')"
        " FROM pg_catalog.pg_stat_archiver";
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *mode;
    bool standby;

    TRY(pg_query(server->connection, query, &result, err));
    mode = PQgetvalue(result, 0, 0);
    standby = strcmp(PQgetvalue(result, 0, 1), "t") == 0;
    archiving->elsewhere = standby && strcmp(mode, "always") != 0;
    archiving->off = !standby && strcmp(mode, "off") == 0;
    archiving->failing = strcmp(PQgetvalue(result, 0, 2), "t") == 0;
    copy_field(server->archived, sizeof(server->archived), result, 3);
    return pg_lsn_parse(PQgetvalue(result, 0, 4), &server->lsn, err);
}

/* By the server's clock, which dated the files.  Needs pg_monitor; without it we do not know. */
static void
ask_waiting(struct health_server *server, struct health_archiving *archiving)
{
    static const char query[] =
        "SELECT count(*), coalesce((extract(epoch FROM"
        "  pg_catalog.clock_timestamp() - min(modification)) * 1000000)::bigint, 0),"
        " coalesce(regexp_replace((array_agg(name ORDER BY modification, name))[1], '\\.ready$', "
        "''), '')"
        " FROM pg_catalog.pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct error denied;

    if (pg_query(server->connection, query, &result, &denied) != OK)
        return;
    archiving->known = true;
    archiving->waiting = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    archiving->waited_us = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    copy_field(archiving->oldest, sizeof(archiving->oldest), result, 2);
}

enum status
health_server_ask(const struct config *config, struct health_server *server,
                  struct health_archiving *archiving, struct error *err)
{
    struct lineage lineage;
    struct error unknown;

    TRY(pg_connection_open(&server->connection, config->postgres.connection, PG_CONNECTION_SQL,
                           err));
    server->identified = identity_of_server(server->connection, &lineage, &unknown) == OK;
    if (server->identified)
        server->system_identifier = lineage.system_identifier;
    TRY(ask_archiver(server, archiving, err));
    if (!archiving->elsewhere)
        ask_waiting(server, archiving);
    return OK;
}

enum status
health_server_ask_canary(const struct config *config, struct health_server *server,
                         time_us *written, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *other = NULL;
    SCOPED(freep) char *conninfo = NULL;
    struct canary newest;

    if (config->canary.database != NULL)
    {
        TRY(pg_conninfo_with_database(config->postgres.connection, config->canary.database,
                                      &conninfo, err));
        TRY(pg_connection_open(&other, conninfo, PG_CONNECTION_SQL, err));
    }
    TRY(canary_read(other != NULL ? other : server->connection, &newest, err));
    *written = newest.at;
    return OK;
}

/* The data directory */

struct look
{
    const char *directory;
    time_us now;
    struct health_archiving *archiving;
};

static time_us
modified(const struct stat *info)
{
    return (time_us) info->st_mtim.tv_sec * US_PER_SECOND + info->st_mtim.tv_nsec / 1000;
}

static enum status
look_at(void *arg, const char *name, struct error *err)
{
    const struct look *look = arg;
    struct health_archiving *archiving = look->archiving;
    SCOPED(freep) char *path = NULL;
    size_t length = strlen(name);
    size_t own = length < strlen(READY) ? 0 : length - strlen(READY);
    struct stat info;

    if (strcmp(name + own, READY) != 0 || own >= sizeof(archiving->oldest))
        return OK;
    path = path_join(look->directory, name);
    if (path == NULL)
        return error_no_memory(err);
    if (stat(path, &info) != 0)
        return OK; /* archived meanwhile */
    if (archiving->waiting++ == 0 || look->now - modified(&info) > archiving->waited_us)
    {
        archiving->waited_us = look->now - modified(&info);
        snprintf(archiving->oldest, sizeof(archiving->oldest), "%.*s", (int) own, name);
    }
    return OK;
}

enum status
health_server_look(const struct config *config, time_us now, struct health_archiving *archiving,
                   struct error *err)
{
    SCOPED(freep) char *directory = NULL;
    struct look look = {.now = now, .archiving = archiving};
    struct error unseen;
    enum status status;

    if (config->postgres.data_directory == NULL)
        return OK;
    directory = path_join(config->postgres.data_directory, "pg_wal/archive_status");
    if (directory == NULL)
        return error_no_memory(err);
    look.directory = directory;
    status = directory_each(directory, look_at, &look, &unseen);
    if (status == STATUS_NO_MEMORY)
        return error_no_memory(err);
    archiving->known = status == OK;
    return OK;
}
