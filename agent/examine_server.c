// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"
#include "backup/identity.h"
#include "pg/version.h"

#include <string.h>
#include <unistd.h>

static void check_version(struct examination *exam);
static enum status check_role(struct examination *exam, struct error *err);
static void check_replication(struct examination *exam);
static enum status check_settings(struct examination *exam, struct error *err);
static void check_data_directory(struct examination *exam);

/* Is the error one that ends the examination? */
static bool
is_final(enum status status)
{
    return status == STATUS_CANCELLED || status == STATUS_NO_MEMORY;
}

static void
check_connection(struct examination *exam)
{
    const char *conninfo = exam->config->postgres.connection;
    struct error failed;

    if (pg_connection_open(&exam->connection, conninfo, PG_CONNECTION_SQL, &failed) == OK)
    {
        examination_ok(exam, "connection", "the server answers");
        return;
    }
    examination_error(exam, "connection", &failed);
    if (failed.hint[0] == '\0')
        examination_fix(exam, "Start the server, or correct postgres.connection in \"%s\".",
                        exam->config->path);
}

enum status
examine_server(struct examination *exam, struct error *err)
{
    check_connection(exam);
    if (exam->connection != NULL)
    {
        check_version(exam);
        TRY(check_role(exam, err));
        check_replication(exam);
        TRY(check_settings(exam, err));
    }
    check_data_directory(exam);
    return OK;
}

static void
check_version(struct examination *exam)
{
    int server = pg_connection_version(exam->connection);
    int library = PQlibVersion();

    if (server / 10000 > PG_MAJOR_NEWEST)
    {
        examination_warn(exam, "versions", "PostgreSQL %d is newer than %d, the newest known",
                         server / 10000, PG_MAJOR_NEWEST);
        examination_fix(exam, "Look for a newer redoubt.");
    }
    else
        examination_ok(exam, "versions", "PostgreSQL %d.%d, libpq %d.%d", server / 10000,
                       server % 10000, library / 10000, library % 10000);
}

static bool
is_true(const PGresult *result, int column)
{
    return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

static void
judge_role(struct examination *exam, const PGresult *result)
{
    const char *role = PQgetvalue(result, 0, 0);

    if (is_true(result, 2))
        examination_ok(exam, "replication right", "role \"%s\" may replicate", role);
    else
    {
        examination_fail(exam, "replication right", "role \"%s\" may not replicate", role);
        examination_fix(exam, "ALTER ROLE \"%s\" REPLICATION;", role);
    }
    if (is_true(result, 3))
        examination_ok(exam, "settings right", "role \"%s\" may read all settings", role);
    else
    {
        examination_warn(exam, "settings right",
                         "role \"%s\" may not read all settings, so that configuration files "
                         "cannot be found",
                         role);
        examination_fix(exam, "GRANT pg_read_all_settings TO \"%s\";", role);
    }
    exam->may_switch = is_true(result, 4) && is_true(result, 5);
    if (exam->may_switch)
        return;
    examination_warn(exam, "switch right", "role \"%s\" may not switch WAL segments", role);
    examination_fix(exam,
                    "GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_create_restore_point(text) TO "
                    "\"%s\"; in the database of the connection.",
                    role);
}

static enum status
check_role(struct examination *exam, struct error *err)
{
    static const char query[] =
        "SELECT rolname, pg_catalog.pg_is_in_recovery(), rolsuper OR rolreplication,"
        " pg_catalog.pg_has_role(rolname, 'pg_read_all_settings', 'USAGE'),"
        " pg_catalog.has_function_privilege('pg_catalog.pg_switch_wal()', 'EXECUTE'),"
        " pg_catalog.has_function_privilege('pg_catalog.pg_create_restore_point(text)', 'EXECUTE')"
        " FROM pg_catalog.pg_roles WHERE rolname = current_user";
    SCOPED(pg_result_freep) PGresult *result = NULL;
    enum status status = pg_query(exam->connection, query, &result, err);

    if (status != OK)
    {
        examination_error(exam, "role", err);
        return is_final(status) ? status : OK;
    }
    if (PQntuples(result) != 1)
        return OK;
    exam->standby = is_true(result, 1);
    judge_role(exam, result);
    return OK;
}

static void
check_replication(struct examination *exam)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct error failed;
    enum status status = pg_connection_open(&connection, exam->config->postgres.connection,
                                            PG_CONNECTION_REPLICATION, &failed);

    if (status == OK)
        status = pg_query(connection, "IDENTIFY_SYSTEM", &result, &failed);
    if (status == OK)
        examination_ok(exam, "replication connection", "base backups can connect");
    else
        examination_error(exam, "replication connection", &failed);
}

static void
report_changes(struct examination *exam, const struct setting_change *changes, size_t count)
{
    for (size_t index = 0; index < count; index++)
    {
        const struct setting_change *change = &changes[index];

        if (change->advice)
            examination_warn(exam, change->name, "%s", change->why);
        else
            examination_fail(exam, change->name, "%s", change->why);
        if (change->pending)
            examination_fix(exam, "It is set already: restart PostgreSQL.");
        else if (change->by_hand)
            examination_fix(exam,
                            "It is '%s' now, which \"redoubt init --apply\" leaves alone: ALTER "
                            "SYSTEM SET %s = '%s'; SELECT pg_reload_conf();",
                            change->current, change->name, change->wanted);
        else
            examination_fix(
                exam, "\"redoubt init --apply\", or: ALTER SYSTEM SET %s = '%s'; and %s",
                change->name, change->wanted,
                change->needs_restart ? "restart PostgreSQL." : "SELECT pg_reload_conf();");
    }
}

/* A standby archives what its primary does, and only with archive_mode = always. */
static size_t
without_archiving(struct setting_change *changes, size_t count)
{
    size_t kept = 0;

    for (size_t index = 0; index < count; index++)
        if (strncmp(changes[index].name, "archive_", 8) != 0)
            changes[kept++] = changes[index];
    return kept;
}

static bool
names_setting(const struct setting_change *changes, size_t count, const char *name)
{
    for (size_t index = 0; index < count; index++)
        if (strcmp(changes[index].name, name) == 0 && !changes[index].advice)
            return true;
    return false;
}

static void
check_wal_senders(struct examination *exam)
{
    const struct settings *settings = &exam->settings;
    long long left = (long long) (settings->max_wal_senders - settings->wal_senders_used);

    if (left >= 2)
        examination_ok(exam, "wal senders", "%lld of %lld are free", left,
                       (long long) settings->max_wal_senders);
    else
    {
        examination_fail(exam, "wal senders", "%lld of %lld are free, and a base backup needs two",
                         left, (long long) settings->max_wal_senders);
        examination_fix(exam, "Raise max_wal_senders and restart PostgreSQL.");
    }
}

static void
check_checksums(struct examination *exam)
{
    if (exam->settings.data_checksums)
    {
        examination_ok(exam, "data_checksums", "the server checks its pages, so backups do too");
        return;
    }
    examination_warn(exam, "data_checksums",
                     "pages have no checksums: damage by the disk is "
                     "backed up unnoticed");
    examination_fix(exam, "Stop the server and run \"pg_checksums --enable\" when there is time.");
}

static enum status
check_settings(struct examination *exam, struct error *err)
{
    const struct settings_wanted wanted = {exam->invocation->program,
                                           exam->invocation->config_path};
    struct setting_change changes[SETTINGS_CHANGE_MAX];
    size_t count;
    enum status status = settings_read(exam->connection, &exam->settings, err);

    if (status != OK)
    {
        examination_error(exam, "settings", err);
        return is_final(status) ? status : OK;
    }
    exam->has_settings = true;
    TRY(settings_review(&exam->settings, &wanted, changes, &count, err));
    exam->archives_to_us = !names_setting(changes, count, "archive_mode") &&
                           !names_setting(changes, count, "archive_library") &&
                           !names_setting(changes, count, "archive_command");
    if (exam->standby)
        count = without_archiving(changes, count);
    report_changes(exam, changes, count);
    if (exam->archives_to_us)
        examination_ok(exam, "archive_command", "%s", exam->settings.archive_command);
    check_wal_senders(exam);
    check_checksums(exam);
    return OK;
}

static void
compare_directory(struct examination *exam, const char *directory, const struct lineage *found)
{
    if (!exam->identified)
    {
        exam->lineage = *found;
        exam->identified = true;
    }
    if (found->system_identifier == exam->lineage.system_identifier)
    {
        examination_ok(exam, "data directory", "\"%s\" is readable and is the server's", directory);
        return;
    }
    examination_fail(exam, "data directory",
                     "\"%s\" has system identifier %llu, and the server has %llu", directory,
                     (unsigned long long) found->system_identifier,
                     (unsigned long long) exam->lineage.system_identifier);
    examination_fix(exam, "Correct postgres.data_directory or postgres.connection in \"%s\".",
                    exam->config->path);
}

static void
check_data_directory(struct examination *exam)
{
    const char *directory = exam->config->postgres.data_directory;
    struct lineage found;
    struct error failed;

    if (exam->connection != NULL)
    {
        exam->identified = identity_of_server(exam->connection, &exam->lineage, &failed) == OK;
        if (!exam->identified)
            examination_error(exam, "system identifier", &failed);
    }
    if (directory == NULL)
    {
        examination_warn(exam, "data directory", "postgres.data_directory is not set");
        examination_fix(exam, "Set it in \"%s\", if this is the server's machine.",
                        exam->config->path);
    }
    else if (identity_of_directory(directory, &found, &failed) == OK)
        compare_directory(exam, directory, &found);
    else
    {
        examination_error(exam, "data directory", &failed);
        if (failed.hint[0] == '\0')
            examination_fix(exam, "Run as the user that owns it, or correct "
                                  "postgres.data_directory.");
    }
}
