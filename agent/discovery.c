// SPDX-License-Identifier: PostgreSQL
#include "agent/discovery.h"

#include "base/file.h"
#include "base/log.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/line.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNINFO_LIMIT   4096
#define POSTMASTER_LIMIT 4096
#define NAME_MAX_SIZE    64
#define SYSTEM_ID_SIZE   32
#define NAME_WITHOUT_ONE "main"

static const char *const data_places[] = {
    "/var/lib/postgresql/*/*",  /* Debian */
    "/var/lib/pgsql/*/data",    /* the packages of postgresql.org for Red Hat */
    "/var/lib/pgsql/data",      /* Red Hat's own */
    "/var/lib/postgresql/data", /* the container image */
    "/usr/local/pgsql/data",    /* built from source */
};

/* A search under way. */
struct search
{
    struct discovery *found;
    size_t count; /* of different clusters */
    char system_id[SYSTEM_ID_SIZE];
    char others[512]; /* what is found, for the refusal */
    enum status refusal;
    struct error refused; /* the last server that answered and did not let us in */
};

static enum status search_environment(struct search *search, struct error *err);
static enum status search_sockets(struct search *search, const char *pattern, struct error *err);
static enum status search_data_directories(struct search *search,
                                           enum status (*look)(struct search *search,
                                                               const char *directory,
                                                               struct error *err),
                                           struct error *err);
static enum status look_for_server(struct search *search, const char *directory, struct error *err);
static enum status look_for_cluster(struct search *search, const char *directory,
                                    struct error *err);
static enum status conclude(const struct search *search, struct error *err);

static bool
environment_names_a_server(void)
{
    return getenv("PGHOST") != NULL || getenv("PGHOSTADDR") != NULL || getenv("PGPORT") != NULL ||
           getenv("PGSERVICE") != NULL;
}

enum status
discovery_find(struct discovery *found, struct error *err)
{
    struct search search = {.found = found};

    if (environment_names_a_server())
        TRY(search_environment(&search, err));
    else
    {
        TRY(search_sockets(&search, "/var/run/postgresql/.s.PGSQL.*", err));
        TRY(search_sockets(&search, "/tmp/.s.PGSQL.*", err));
        TRY(search_data_directories(&search, look_for_server, err));
    }
    if (search.count == 0 && search.refusal == OK)
        TRY(search_data_directories(&search, look_for_cluster, err));
    return conclude(&search, err);
}

void
discovery_release(struct discovery *found)
{
    free(found->connection);
    free(found->data_directory);
    free(found->name);
    *found = (struct discovery){0};
}

/* CONFIG is a role or a database that is not there: libpq takes both from the user's name. */
static void
hint_refused(enum status refusal, struct error *err)
{
    if (refusal == STATUS_CONFIG && strstr(err->message, "database \"") != NULL)
        error_hint(err, "Set PGDATABASE=postgres, or another that there is.");
    else if (refusal == STATUS_CONFIG || err->hint[0] == '\0')
        error_hint(err, "Run as the operating system's user that owns the cluster, such as "
                        "\"sudo -u postgres redoubt init\", or set PGUSER.");
}

static enum status
conclude(const struct search *search, struct error *err)
{
    if (search->count == 1)
        return OK;
    if (search->count > 1)
    {
        error_set(err, STATUS_REFUSED, "there are several PostgreSQL clusters on this machine");
        error_detail(err, "Found %s.", search->others);
        error_hint(err, "Set PGHOST and PGPORT, or PGDATA for a server that is down, to say which "
                        "one is meant.");
        return STATUS_REFUSED;
    }
    if (search->refusal != OK)
    {
        *err = search->refused;
        hint_refused(search->refusal, err);
        return search->refusal;
    }
    error_set(err, STATUS_NOT_FOUND, "there is no PostgreSQL cluster to be found on this machine");
    error_hint(err, "Start it, or say where it is by PGHOST and PGPORT.");
    return STATUS_NOT_FOUND;
}

char *
discovery_name(const char *text)
{
    char name[NAME_MAX_SIZE + 1] = "";
    size_t size = 0;

    text = path_name(text);
    for (; *text != '\0' && size < NAME_MAX_SIZE; text++)
    {
        char letter = (char) tolower((unsigned char) *text);
        bool fits = isalnum((unsigned char) letter) != 0 || letter == '_';

        if (fits)
            name[size++] = letter;
        else if (size > 0 && name[size - 1] != '-')
            name[size++] = '-';
    }
    while (size > 0 && name[size - 1] == '-')
        size--;
    name[size] = '\0';
    /* Every installation from source is called "data", and says nothing by it. */
    return strdup(name[0] == '\0' || strcmp(name, "data") == 0 ? NAME_WITHOUT_ONE : name);
}

static enum status
copy_text(char **into, const char *text, struct error *err)
{
    free(*into);
    *into = strdup(text);
    return *into == NULL ? error_no_memory(err) : OK;
}

static void
note_other(struct search *search, const char *text)
{
    size_t used = strlen(search->others);

    snprintf(search->others + used, sizeof(search->others) - used, "%s\"%s\"",
             used == 0 ? "" : ", ", text);
}

/* What else would come from the environment, which is another one later. */
static enum status
append_who(const PGresult *result, const char *conninfo, struct buffer *whole, struct error *err)
{
    const char *user = PQgetvalue(result, 0, 1);
    const char *database = PQgetvalue(result, 0, 3);

    if (strstr(conninfo, "user=") == NULL)
        TRY(pg_conninfo_append(whole, "user", user, err));
    if (strcmp(user, database) == 0)
        return OK; /* libpq's own default */
    return pg_conninfo_append(whole, "dbname", database, err);
}

/* Take what a server tells of itself; a second socket of the same server is no news. */
static enum status
take_server(struct search *search, struct pg_connection *connection, const char *conninfo,
            struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(pg_result_freep) PGresult *place = NULL;
    SCOPED(buffer_release) struct buffer whole = BUFFER_INIT(CONNINFO_LIMIT);
    struct error hidden;
    const char *text;

    TRY(pg_query(connection,
                 "SELECT system_identifier::text || ' ' || "
                 "extract(epoch from pg_catalog.pg_postmaster_start_time())::bigint::text,"
                 " current_user, pg_catalog.current_setting('cluster_name'), current_database()"
                 " FROM pg_catalog.pg_control_system()",
                 &result, err));
    if (search->count > 0 && strcmp(search->system_id, PQgetvalue(result, 0, 0)) == 0)
        return OK;
    note_other(search, conninfo);
    if (search->count++ > 0)
        return OK;
    snprintf(search->system_id, sizeof(search->system_id), "%s", PQgetvalue(result, 0, 0));
    TRY(buffer_append_text(&whole, err, "%s", conninfo));
    TRY(append_who(result, conninfo, &whole, err));
    TRY(buffer_text(&whole, &text, err));
    TRY(copy_text(&search->found->connection, text, err));
    search->found->running = true;
    if (pg_query(connection, "SHOW data_directory", &place, &hidden) == OK)
        TRY(copy_text(&search->found->data_directory, PQgetvalue(place, 0, 0), err));
    text = PQgetvalue(result, 0, 2);
    if (text[0] == '\0' && search->found->data_directory != NULL)
        text = search->found->data_directory;
    search->found->name = discovery_name(text);
    return search->found->name == NULL ? error_no_memory(err) : OK;
}

static enum status
try_server(struct search *search, const char *conninfo, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    struct error failed;
    enum status status = pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, &failed);

    if (status == OK)
        return take_server(search, connection, conninfo, err);
    log_debug("%s", failed.message);
    /* A socket that nobody listens on is left from a crash. */
    if (status != STATUS_TRANSIENT)
    {
        search->refusal = status;
        search->refused = failed;
    }
    return OK;
}

/* What libpq would do by itself, written out: the server's environment is another one. */
static enum status
search_environment(struct search *search, struct error *err)
{
    static const char *const wanted[] = {"host", "hostaddr", "port", "user"};
    SCOPED(buffer_release) struct buffer conninfo = BUFFER_INIT(CONNINFO_LIMIT);
    PQconninfoOption *options = PQconndefaults();
    const char *text;
    enum status status = OK;

    if (options == NULL)
        return error_no_memory(err);
    for (PQconninfoOption *option = options; option->keyword != NULL && status == OK; option++)
        for (size_t index = 0; index < sizeof(wanted) / sizeof(wanted[0]); index++)
            if (strcmp(option->keyword, wanted[index]) == 0 && option->val != NULL && status == OK)
                status = pg_conninfo_append(&conninfo, option->keyword, option->val, err);
    PQconninfoFree(options);
    TRY(status);
    TRY(buffer_text(&conninfo, &text, err));
    return try_server(search, text, err);
}

static enum status
try_socket(struct search *search, const char *directory, const char *port, struct error *err)
{
    SCOPED(buffer_release) struct buffer conninfo = BUFFER_INIT(CONNINFO_LIMIT);
    const char *text;

    TRY(pg_conninfo_append(&conninfo, "host", directory, err));
    TRY(pg_conninfo_append(&conninfo, "port", port, err));
    TRY(buffer_text(&conninfo, &text, err));
    return try_server(search, text, err);
}

/* For SCOPED. */
static void
free_paths(glob_t *paths)
{
    globfree(paths);
}

static enum status
search_sockets(struct search *search, const char *pattern, struct error *err)
{
    SCOPED(free_paths) glob_t paths = {0};

    if (glob(pattern, 0, NULL, &paths) != 0)
        return OK;
    for (size_t index = 0; index < paths.gl_pathc; index++)
    {
        SCOPED(freep) char *directory = path_directory(paths.gl_pathv[index]);
        const char *port = strrchr(paths.gl_pathv[index], '.') + 1;

        if (directory == NULL)
            return error_no_memory(err);
        if (*port != '\0' && port[strspn(port, "0123456789")] == '\0')
            TRY(try_socket(search, directory, port, err));
    }
    return OK;
}

static enum status
look_at_place(struct search *search, const char *pattern,
              enum status (*look)(struct search *search, const char *directory, struct error *err),
              struct error *err)
{
    SCOPED(free_paths) glob_t paths = {0};

    if (glob(pattern, 0, NULL, &paths) != 0)
        return OK;
    for (size_t index = 0; index < paths.gl_pathc; index++)
        TRY(look(search, paths.gl_pathv[index], err));
    return OK;
}

static enum status
search_data_directories(struct search *search,
                        enum status (*look)(struct search *search, const char *directory,
                                            struct error *err),
                        struct error *err)
{
    const char *chosen = getenv("PGDATA");

    if (chosen != NULL)
        return look(search, chosen, err);
    for (size_t index = 0; index < sizeof(data_places) / sizeof(data_places[0]); index++)
        TRY(look_at_place(search, data_places[index], look, err));
    return OK;
}

/*
 * postmaster.pid: process, data directory, start time, port, socket directory
 * (src/include/utils/pidfile.h).
 */
static enum status
look_for_server(struct search *search, const char *directory, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(POSTMASTER_LIMIT);
    SCOPED(freep) char *path = path_join(directory, "postmaster.pid");
    char lines[5][1024] = {""};
    struct error none;
    struct bytes rest;
    struct bytes line;

    if (path == NULL)
        return error_no_memory(err);
    if (file_read(path, &content, &none) != OK)
        return OK;
    rest = buffer_bytes(&content);
    for (size_t index = 0; index < 5 && line_next(&rest, &line); index++)
        if (!line_take_rest(&line, lines[index], sizeof(lines[index])))
            return OK;
    if (lines[3][0] == '\0' || lines[4][0] != '/')
        return OK;
    return try_socket(search, lines[4], lines[3], err);
}

/* A data directory whose server is down. */
static enum status
look_for_cluster(struct search *search, const char *directory, struct error *err)
{
    SCOPED(freep) char *control = path_join(directory, "global/pg_control");

    if (control == NULL)
        return error_no_memory(err);
    if (access(control, R_OK) != 0)
        return OK;
    note_other(search, directory);
    if (search->count++ > 0)
        return OK;
    TRY(copy_text(&search->found->data_directory, directory, err));
    /* Where libpq looks by itself. */
    TRY(copy_text(&search->found->connection, "", err));
    search->found->name = discovery_name(directory);
    return search->found->name == NULL ? error_no_memory(err) : OK;
}
