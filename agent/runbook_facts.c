// SPDX-License-Identifier: PostgreSQL
#include "agent/runbook_facts.h"

#include "base/file.h"
#include "config/config.h"
#include "config/repository.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/programs.h"
#include "restore/recovery_window.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Nobody waits longer for a page: then it comes without what the repository knows. */
#define REPOSITORY_PATIENCE_MS 10000

#define VERSION_FILE_LIMIT 64
#define NUMBER_SIZE        16

/* What libpq and Debian take when nobody says otherwise. */
#define HOST_DEFAULT "/var/run/postgresql"
#define PORT_DEFAULT "5432"
#define USER_DEFAULT "postgres"

/* Set what is known: an empty value is not. */
static enum status
know(struct runbook_facts *facts, const char *key, const char *value, struct error *err)
{
    if (value == NULL || value[0] == '\0')
        return OK;
    return runbook_values_set(&facts->values, key, value, err);
}

/* Go on without what failed, unless we were told to stop. */
static enum status
doubt(struct runbook_facts *facts, enum status status, const struct error *why, struct error *err)
{
    if (status == OK)
        return OK;
    if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
    {
        *err = *why;
        return status;
    }
    facts->doubts[facts->doubt_count++] = *why;
    return OK;
}

static enum status
know_instance(struct runbook_facts *facts, const char *config_path, struct error *err)
{
    const char *name = path_name(config_path);
    const char *dot = strrchr(name, '.');
    char instance[NAME_MAX + 1];

    snprintf(instance, sizeof(instance), "%.*s",
             (int) (dot == NULL ? strlen(name) : (size_t) (dot - name)), name);
    return know(facts, "instance", instance, err);
}

static enum status
know_repository(struct runbook_facts *facts, const struct config_repository *where,
                struct error *err)
{
    char text[PATH_MAX];

    if (where->store == CONFIG_STORE_FILE)
        return know(facts, "repository", where->path, err);
    snprintf(text, sizeof(text), "s3://%s%s%s%s%s", where->bucket,
             where->prefix[0] == '\0' ? "" : "/", where->prefix,
             where->endpoint == NULL ? "" : " at ", where->endpoint == NULL ? "" : where->endpoint);
    return know(facts, "repository", text, err);
}

/* Where the data directory is, as packages place it, tells the name of its service. */
static enum status
know_service(struct runbook_facts *facts, const char *data_directory, struct error *err)
{
    char name[NAME_MAX + 1];
    char service[NAME_MAX + NUMBER_SIZE + 16] = "";
    unsigned major;
    int end = 0;

    if (sscanf(data_directory, "/var/lib/postgresql/%u/%255[^/]", &major, name) == 2)
        snprintf(service, sizeof(service), "postgresql@%u-%s", major, name);
    else if (sscanf(data_directory, "/var/lib/pgsql/%u/data%n", &major, &end) == 1 && end > 0)
        snprintf(service, sizeof(service), "postgresql-%u", major);
    return know(facts, "service", service, err);
}

/* The directory may be gone: then the usual user has to do. */
static enum status
know_owner(struct runbook_facts *facts, const char *data_directory, struct error *err)
{
    const struct passwd *user = NULL;
    struct stat status;

    if (stat(data_directory, &status) == 0)
        user = getpwuid(status.st_uid);
    return know(facts, "os_user", user == NULL ? USER_DEFAULT : user->pw_name, err);
}

static enum status
know_programs(struct runbook_facts *facts, const char *configured, int major, struct error *err)
{
    SCOPED(freep) char *directory = NULL;
    char number[NUMBER_SIZE];
    struct error ignored;

    snprintf(number, sizeof(number), "%d", major);
    TRY(know(facts, "major", number, err));
    if (pg_programs_find(configured, major, &directory, &ignored) != OK)
        return OK;
    return know(facts, "bin_directory", directory, err);
}

static enum status
know_version(struct runbook_facts *facts, const struct config *config, const char *data_directory,
             struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(VERSION_FILE_LIMIT);
    SCOPED(freep) char *path = path_join(data_directory, "PG_VERSION");
    const char *text;
    struct error ignored;

    if (path == NULL)
        return error_no_memory(err);
    if (file_read(path, &content, &ignored) != OK || buffer_text(&content, &text, &ignored) != OK)
        return OK;
    return know_programs(facts, config->postgres.bin_directory, (int) strtol(text, NULL, 10), err);
}

static enum status
know_data_directory(struct runbook_facts *facts, const struct config *config,
                    const char *data_directory, struct error *err)
{
    if (data_directory == NULL || data_directory[0] == '\0')
        return OK;
    TRY(know(facts, "data_directory", data_directory, err));
    TRY(know_service(facts, data_directory, err));
    TRY(know_owner(facts, data_directory, err));
    return know_version(facts, config, data_directory, err);
}

static enum status
know_address(struct runbook_facts *facts, const char *conninfo, struct error *err)
{
    char value[PATH_MAX];

    pg_conninfo_value(conninfo, "host", value, sizeof(value));
    TRY(know(facts, "host", value[0] == '\0' ? HOST_DEFAULT : value, err));
    pg_conninfo_value(conninfo, "port", value, sizeof(value));
    return know(facts, "port", value[0] == '\0' ? PORT_DEFAULT : value, err);
}

static enum status
ask_configuration(struct runbook_facts *facts, const struct config *config, struct error *err)
{
    TRY(know(facts, "cluster", config->cluster, err));
    TRY(know(facts, "key_file", config->encryption.key_file, err));
    TRY(know_repository(facts, &config->repository, err));
    TRY(know(facts, "credentials_file", config->repository.credentials_file, err));
    if (config->further.count == 1)
        TRY(know(facts, "copy", config->further.items[0].name, err));
    TRY(know_address(facts, config->postgres.connection, err));
    return know_data_directory(facts, config, config->postgres.data_directory, err);
}

/* It knows where its data is, when the configuration does not say. */
static enum status
ask_server(struct runbook_facts *facts, const struct config *config, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    char directory[PATH_MAX];

    if (config->postgres.data_directory != NULL)
        return OK;
    TRY(pg_connection_open(&connection, config->postgres.connection, PG_CONNECTION_SQL, err));
    TRY(pg_query_text(connection, "show data_directory", directory, sizeof(directory), err));
    return know_data_directory(facts, config, directory, err);
}

static enum status
know_windows(struct runbook_facts *facts, struct repo *repo, const struct catalog *catalog,
             struct error *err)
{
    SCOPED(wal_chain_release) struct wal_chain chain = {0};
    SCOPED(recovery_windows_release) struct recovery_windows windows = {0};
    const struct lineage *present = catalog_present_lineage(catalog);
    const struct recovery_window *newest;
    char time[TIME_TEXT_SIZE];

    if (present == NULL)
        return OK;
    TRY(wal_chain_load(&chain, repo, catalog, present->system_identifier, present->wal_segment_size,
                       err));
    TRY(recovery_windows_find(catalog, &chain, &windows, err));
    if (windows.count == 0)
        return OK;
    newest = &windows.items[windows.count - 1];
    time_format_postgres(newest->from->stopped, time);
    TRY(know(facts, "recoverable_from", time, err));
    if (newest->until == TIME_NONE)
        return OK;
    time_format_postgres(newest->until, time);
    return know(facts, "recoverable_to", time, err);
}

static enum status
know_backups(struct runbook_facts *facts, const struct config *config,
             const struct catalog *catalog, struct error *err)
{
    for (size_t index = catalog->backup_count; index > 0; index--)
    {
        const struct backup *backup = &catalog->backups[index - 1];

        if (backup->damaged)
            continue;
        TRY(know(facts, "latest_backup", backup->id, err));
        if (runbook_values_get(&facts->values, "major") != NULL)
            return OK;
        return know_programs(facts, config->postgres.bin_directory, (int) backup->major, err);
    }
    return OK;
}

static enum status
ask_repository(struct runbook_facts *facts, const struct config *config, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct config_repository where = config->repository;

    if (where.push_retry_limit_ms > REPOSITORY_PATIENCE_MS)
        where.push_retry_limit_ms = REPOSITORY_PATIENCE_MS;
    TRY(repository_open_at(config, &where, REPOSITORY_HURRIED, &repo, err));
    TRY(catalog_load(repo, &catalog, err));
    TRY(know_backups(facts, config, &catalog, err));
    return know_windows(facts, repo, &catalog, err);
}

enum status
runbook_facts_gather(const char *config_path, struct runbook_facts *facts, struct error *err)
{
    SCOPED(config_freep) struct config *config = NULL;
    struct error why = {0};
    enum status status;

    TRY(know(facts, "config", config_path, err));
    TRY(know_instance(facts, config_path, err));
    status = config_load(config_path, &config, &why);
    if (status != OK)
        return doubt(facts, status, &why, err);
    TRY(ask_configuration(facts, config, err));
    status = ask_server(facts, config, &why);
    TRY(doubt(facts, status, &why, err));
    status = ask_repository(facts, config, &why);
    return doubt(facts, status, &why, err);
}

void
runbook_facts_release(struct runbook_facts *facts)
{
    runbook_values_release(&facts->values);
}
