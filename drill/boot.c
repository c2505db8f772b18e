// SPDX-License-Identifier: PostgreSQL
#include "drill/boot.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/stop.h"
#include "drill/boot_settings.h"
#include "drill/databases.h"
#include "drill/leftover.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/control.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_VERSION "select 'PostgreSQL ' || pg_catalog.current_setting('server_version')"

#define POLL_MS 50

/* A server that has only to redo what it wrote since its own shutdown. */
#define AGAIN_LIMIT_MS 300000

/* What was configured, but never more than half of this machine's memory. */
static uint64_t
memory_for_server(const struct trial *trial)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);
    uint64_t half = pages <= 0 || page_size <= 0 ? 0 : (uint64_t) pages / 2 * (uint64_t) page_size;
    uint64_t wanted = trial->options->memory_bytes;

    return half != 0 && half < wanted ? half : wanted;
}

/* 0 where pg_control cannot be read: the server will say so. */
static int32_t
max_prepared(const struct trial *trial)
{
    SCOPED(freep) char *path = path_join(trial->place->data, LAYOUT_CONTROL);
    struct pg_control control;
    struct error ignored;

    if (path == NULL || pg_control_read(path, &control, &ignored) != OK)
        return 0;
    return control.max_prepared_xacts;
}

static void
make_settings(const struct trial *trial, struct boot_settings *settings)
{
    const struct boot_settings_options options = {
        .major = (int) trial->plan.backup.major,
        .wal_segment_size = trial->plan.backup.wal_segment_size,
        .memory_bytes = memory_for_server(trial),
        .max_prepared = max_prepared(trial),
    };

    boot_settings_make(settings, &options);
}

static struct server_options
server_options(const struct trial *trial, const struct boot_settings *settings)
{
    return (struct server_options){
        .bin_directory = trial->programs,
        .major = (int) trial->plan.backup.major,
        .data = trial->place->data,
        .run = trial->place->run,
        .settings = settings->items,
        .bound = true,
    };
}

/* To the server where it listens now, as this role.  options: NULL for none. */
static enum status
name_server(const struct trial *trial, const char *role, const char *options, char **conninfo,
            struct error *err)
{
    struct server_address address;

    if (!server_address(&trial->started.server, &address))
        return error_set(err, STATUS_TRANSIENT, "the restored server does not listen yet");
    return server_conninfo(&address, role, options, conninfo, err);
}

static const char *
session_options(const struct trial *trial)
{
    return boot_session_options((int) trial->plan.backup.major);
}

/* The role that could connect may be nobody who may set all of our options. */
static enum status
name_superuser(struct trial *trial, char *role, size_t size, struct error *err)
{
    static const char query[] =
        "select rolname from pg_catalog.pg_roles where rolsuper and rolcanlogin"
        " order by oid limit 1";
    const char *const options[] = {session_options(trial), NULL};
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    enum status status = STATUS_TRANSIENT;

    for (size_t index = 0; index < 2 && connection == NULL; index++)
    {
        SCOPED(freep) char *conninfo = NULL;

        TRY(name_server(trial, trial->started.role, options[index], &conninfo, err));
        status = pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err);
    }
    TRY(status);
    return pg_query_text(connection, query, role, size, err);
}

static bool
is_same_file(const char *one, const char *other)
{
    struct stat statuses[2];

    return stat(one, &statuses[0]) == 0 && stat(other, &statuses[1]) == 0 &&
           statuses[0].st_dev == statuses[1].st_dev && statuses[0].st_ino == statuses[1].st_ino;
}

/* All that follows is done to whoever answers, so that must be our copy and nobody else. */
static enum status
require_ours(struct trial *trial, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    char directory[PATH_MAX];

    TRY(pg_connection_open(&connection, trial->conninfo, PG_CONNECTION_SQL, err));
    TRY(pg_query_text(connection, "select pg_catalog.current_setting('data_directory')", directory,
                      sizeof(directory), err));
    if (!is_same_file(directory, trial->place->data))
        return error_set(err, STATUS_REFUSED,
                         "the server that answers has the data directory \"%s\", not \"%s\"",
                         directory, trial->place->data);
    return pg_query_text(connection, SERVER_VERSION, trial->receipt->server,
                         sizeof(trial->receipt->server), err);
}

/* Only a superuser may install amcheck, and sees all rows.  pg_hba.conf lets in any role. */
static enum status
find_superuser(struct trial *trial, struct error *err)
{
    char role[64];

    TRY(name_superuser(trial, role, sizeof(role), err));
    TRY(name_server(trial, role, session_options(trial), &trial->conninfo, err));
    return require_ours(trial, err);
}

static void
note_start(struct trial *trial)
{
    const struct start_result *started = &trial->started;
    struct receipt *receipt = trial->receipt;

    receipt->reached_lsn = started->lsn;
    receipt->reached_time = started->time;
    snprintf(receipt->reached_reason, sizeof(receipt->reached_reason), "%s", started->reason);
    receipt->start_ms = started->consistent_ms;
    if (started->reached_ms == START_NEVER)
        return;
    if (receipt->start_ms == START_NEVER)
        receipt->start_ms = started->reached_ms;
    receipt->replay.duration_ms = started->reached_ms;
    if (started->lsn > trial->plan.backup.start.lsn)
        receipt->replay.bytes = started->lsn - trial->plan.backup.start.lsn;
}

static void
end_start(struct trial *trial, struct trial_layer *layer, enum status status,
          const struct error *reason)
{
    bool consistent = trial->started.consistent_ms != START_NEVER;

    if (status == OK || consistent)
        trial_end(layer, CHECK_PASSED,
                  consistent ? trial->started.consistent : "it came to its target");
    else
        trial_end_by(layer, status == STATUS_REFUSED ? CHECK_FAILED : CHECK_BROKEN, reason);
    if (trial->receipt->start_ms >= 0)
        layer->result->duration_ms = trial->receipt->start_ms;
}

/* Where the archive has no target to stop at, its last commit must have been replayed. */
static bool
came_to_the_end(const struct trial *trial, char *found, size_t size)
{
    const struct plan *plan = &trial->plan;
    char reached[PG_LSN_TEXT_SIZE];
    char wanted[PG_LSN_TEXT_SIZE];
    pg_lsn last = plan->has_latest ? plan->latest.end : plan->backup.stop.lsn;

    pg_lsn_format(trial->started.lsn, reached);
    pg_lsn_format(last, wanted);
    snprintf(found, size, "LSN %s was reached; the last commit in the archive ends at %s", reached,
             wanted);
    return trial->started.lsn != PG_LSN_NONE && trial->started.lsn >= last;
}

static void
end_replay(struct trial *trial, struct trial_layer *layer, enum status status,
           const struct error *reason, bool *sound)
{
    char found[sizeof(layer->result->found)];

    *sound = false;
    if (status != OK && trial->started.consistent_ms == START_NEVER)
        trial_skip(trial, LAYER_REPLAY, "the server did not become consistent");
    else if (status != OK)
        trial_end_by(layer, status == STATUS_REFUSED ? CHECK_FAILED : CHECK_BROKEN, reason);
    else if (trial->started.role[0] == '\0')
        trial_end(layer, CHECK_BROKEN, "no role could connect to the restored server");
    else if (trial->started.state != START_PROMOTED)
        trial_end(layer, CHECK_FAILED, "the server did not come to the end of its recovery");
    else if (trial->plan.target.kind == TARGET_LATEST &&
             !came_to_the_end(trial, found, sizeof(found)))
        trial_end(layer, CHECK_FAILED, found);
    else
    {
        if (trial->plan.target.kind != TARGET_LATEST)
            snprintf(found, sizeof(found), "%s", trial->started.reason);
        trial_end(layer, CHECK_PASSED, found);
        *sound = true;
    }
}

/* A server that could not get its WAL says nothing of what is in a repository that is gone. */
static enum status
require_repository(const struct trial *trial, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    uint64_t size_bytes;
    enum status status;

    TRY(backup_key(trial->repo, trial->plan.backup.id, "manifest", key, err));
    status = store_size(trial->repo->store, key, &size_bytes, err);
    if (status == OK || status == STATUS_NOT_FOUND)
        return OK;
    error_context(err, "the restored server could not be followed to its target");
    return status;
}

/* A full disk of ours says nothing of the backup. */
static bool
had_no_room(const struct trial *trial, struct error *err)
{
    char line[256];

    /* strerror(ENOSPC), untranslated as all that it says. */
    if (!server_log_find(&trial->started.server, "No space left on device", line, sizeof(line)))
        return false;
    error_set(err, STATUS_IO, "the disk under \"%s\" is full: No space left on device",
              trial->place->directory);
    return true;
}

enum status
boot_to_target(struct trial *trial, bool *sound, struct error *err)
{
    struct trial_layer start_layer = trial_begin(trial, LAYER_START);
    struct trial_layer replay_layer = trial_begin(trial, LAYER_REPLAY);
    struct boot_settings settings;
    struct start_options options = {.plan = &trial->plan,
                                    .roles = trial->options->roles,
                                    .session_options = session_options(trial)};
    struct error reason = {0};
    enum status status;

    make_settings(trial, &settings);
    options.server = server_options(trial, &settings);
    CRASH_POINT("drill: before the server starts");
    status = start_run(&options, &trial->started, &reason);
    if (trial_is_over(status))
    {
        *err = reason;
        return status;
    }
    if (status == STATUS_REFUSED)
        TRY(require_repository(trial, err));
    if (status == STATUS_REFUSED && had_no_room(trial, &reason))
        status = STATUS_IO;
    note_start(trial);
    end_start(trial, &start_layer, status, &reason);
    end_replay(trial, &replay_layer, status, &reason, sound);
    if (!*sound)
        return OK;
    CRASH_POINT("drill: while the server runs");
    status = find_superuser(trial, &reason);
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
    {
        trial_end_by(&replay_layer, CHECK_BROKEN, &reason);
        *sound = false;
    }
    return OK;
}

void
boot_stop(struct trial *trial)
{
    struct error ignored;

    /* One that takes for ever is ended by force. */
    if (trial->started.server.pid > 0 && !server_stop(&trial->started.server, SERVER_STOP_LIMIT_MS))
        (void) !leftover_end_servers(trial->place->own, &ignored);
    server_release(&trial->started.server);
}

static enum status
explain_end(const struct trial *trial, struct error *err)
{
    char tail[sizeof(err->detail) - 64];

    if (had_no_room(trial, err))
        return STATUS_IO;
    server_log_tail(&trial->started.server, tail, sizeof(tail));
    error_set(err, STATUS_REFUSED, "the restored server did not start again");
    error_detail(err, "The end of its log:\n%s", tail);
    return STATUS_REFUSED;
}

/* Until it answers, or is gone. */
static enum status
await_answer(struct trial *trial, struct error *err)
{
    int64_t until = clock_monotonic_ms() + AGAIN_LIMIT_MS;
    struct server_address address;

    while (!server_has_ended(&trial->started.server) && clock_monotonic_ms() < until)
    {
        SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
        struct error ignored;

        TRY(stop_check(err));
        if (server_address(&trial->started.server, &address) &&
            pg_connection_open(&connection, trial->conninfo, PG_CONNECTION_SQL, &ignored) == OK)
            return OK;
        clock_pause_ms(POLL_MS);
    }
    return explain_end(trial, err);
}

enum status
boot_again(struct trial *trial, struct error *err)
{
    struct boot_settings settings;
    struct server_options options;

    CRASH_POINT("drill: before the second start");
    make_settings(trial, &settings);
    options = server_options(trial, &settings);
    TRY(server_start(&trial->started.server, &options, err));
    return await_answer(trial, err);
}

/* Commands about event triggers fire none (event_trigger_ok in cmdtaglist.h). */
static enum status
disarm_database(void *arg, const char *database, struct error *err)
{
    static const char command[] =
        "do $$ declare name text; begin"
        " for name in select evtname from pg_catalog.pg_event_trigger loop"
        " execute pg_catalog.format('alter event trigger %I disable', name);"
        " end loop; end $$";
    const struct trial *trial = arg;
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(freep) char *conninfo = NULL;

    TRY(pg_conninfo_with_database(trial->conninfo, database, &conninfo, err));
    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    return pg_query(connection, command, &result, err);
}

enum status
boot_disarm(struct trial *trial, struct error *err)
{
    if (trial->plan.backup.major >= 17)
        return OK;
    return databases_each(trial->conninfo, disarm_database, trial, err);
}
