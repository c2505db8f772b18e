// SPDX-License-Identifier: PostgreSQL
#include "restore/start.h"

#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define POLL_MS 100

/* What a running server says of its recovery. */
struct answer
{
    bool in_recovery;
    bool paused;
    pg_lsn lsn;
    time_us time;
};

/* One start being watched. */
struct watch
{
    const struct start_options *options;
    struct start_result *result;
    struct pg_connection *connection;
    int64_t started_ms;
    bool denied; /* no role may connect: only the log and pg_control are left */
};

void
start_result_release(struct start_result *result)
{
    server_release(&result->server);
}

const char *
start_state_name(enum start_state state)
{
    static const char *const names[] = {
        [START_PAUSED] = "paused",
        [START_PROMOTED] = "promoted",
        [START_SHUT_DOWN] = "shut down",
    };

    return names[state];
}

static void
close_watch(struct watch *watch)
{
    pg_connection_freep(&watch->connection);
}

static enum status
open_with(struct watch *watch, const char *role, const char *options, struct error *err)
{
    SCOPED(freep) char *conninfo = NULL;
    SCOPED(freep) char *hasty = NULL;

    TRY(server_conninfo(&watch->result->address, role, options, &conninfo, err));
    TRY(pg_conninfo_with(conninfo, "connect_timeout", "5", &hasty, err));
    return pg_connection_open(&watch->connection, hasty, PG_CONNECTION_SQL, err);
}

/* What is set for a role can keep it out, and some of the options are a superuser's only. */
static enum status
open_as(struct watch *watch, const char *role, struct error *err)
{
    const char *options = watch->options->session_options;
    enum status status = open_with(watch, role, options, err);

    if (status == OK || status == STATUS_TRANSIENT || options == NULL)
        return status;
    return open_with(watch, role, NULL, err);
}

/* Connect as the first role that may; not being able to yet is no error. */
static void
connect_if_possible(struct watch *watch)
{
    struct error err = {0};

    if (watch->connection != NULL || watch->denied ||
        !server_address(&watch->result->server, &watch->result->address))
        return;
    for (const char *const *role = watch->options->roles; *role != NULL && !watch->denied; role++)
    {
        enum status status = open_as(watch, *role, &err);

        if (status == OK)
        {
            snprintf(watch->result->role, sizeof(watch->result->role), "%s", *role);
            return;
        }
        /* Starting, or not consistent yet. */
        if (status == STATUS_TRANSIENT)
            return;
    }
    watch->denied = true;
    log_debug("could not ask the server how far it is: %s", err.message);
}

static enum status
read_answer(struct pg_connection *connection, struct answer *answer, struct error *err)
{
    static const char query[] =
        "select pg_catalog.pg_is_in_recovery(),"
        " case when pg_catalog.pg_is_in_recovery()"
        " then pg_catalog.pg_get_wal_replay_pause_state() else '' end,"
        " pg_catalog.pg_last_wal_replay_lsn(),"
        " (extract(epoch from pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::bigint";
    SCOPED(pg_result_freep) PGresult *rows = NULL;

    *answer = (struct answer){.time = TIME_NONE};
    TRY(pg_query(connection, query, &rows, err));
    if (PQntuples(rows) != 1 || PQnfields(rows) != 4)
        return error_set(err, STATUS_CORRUPT, "the server gave an unexpected answer");
    answer->in_recovery = strcmp(PQgetvalue(rows, 0, 0), "t") == 0;
    answer->paused = strcmp(PQgetvalue(rows, 0, 1), "paused") == 0;
    if (!PQgetisnull(rows, 0, 2))
        TRY(pg_lsn_parse(PQgetvalue(rows, 0, 2), &answer->lsn, err));
    if (!PQgetisnull(rows, 0, 3))
        answer->time = strtoll(PQgetvalue(rows, 0, 3), NULL, 10);
    return OK;
}

static void
show_progress(const struct watch *watch, const struct answer *answer)
{
    const struct plan *plan = watch->options->plan;
    int64_t elapsed_s = (clock_monotonic_ms() - watch->started_ms) / 1000;
    pg_lsn begin = plan->backup.start.lsn;
    pg_lsn end = (plan->first_segment + plan->segment_count) * plan->backup.wal_segment_size;
    char lsn[PG_LSN_TEXT_SIZE];

    if (answer == NULL || answer->lsn < begin || end <= begin)
    {
        log_progress("recovering, %lld s", (long long) elapsed_s);
        return;
    }
    pg_lsn_format(answer->lsn, lsn);
    log_progress("recovering: at LSN %s, %.0f %% of the WAL, %lld s", lsn,
                 100.0 * (double) (answer->lsn - begin) / (double) (end - begin),
                 (long long) elapsed_s);
}

static void
note_answer(struct start_result *result, const struct answer *answer)
{
    if (answer->lsn != PG_LSN_NONE)
        result->lsn = answer->lsn;
    if (answer->time != TIME_NONE)
        result->time = answer->time;
}

/* Ask by SQL; *reached is set when recovery is over or paused. */
static void
ask_server(struct watch *watch, bool *reached)
{
    struct start_result *result = watch->result;
    struct answer answer;
    struct error err = {0};

    connect_if_possible(watch);
    if (watch->connection == NULL)
    {
        show_progress(watch, NULL);
        return;
    }
    if (read_answer(watch->connection, &answer, &err) != OK)
    {
        /* It may be shutting down; if not, a new connection will tell. */
        pg_connection_freep(&watch->connection);
        return;
    }
    note_answer(result, &answer);
    show_progress(watch, &answer);
    if (answer.in_recovery && !answer.paused)
        return;
    result->state = answer.in_recovery ? START_PAUSED : START_PROMOTED;
    *reached = true;
}

/* Without a connection the log has to do. */
static void
ask_log(struct watch *watch, bool *reached)
{
    struct start_result *result = watch->result;
    char line[256];

    if (!watch->denied)
        return;
    if (server_log_find(&result->server, "database system is ready to accept connections", line,
                        sizeof(line)))
        result->state = START_PROMOTED;
    else if (server_log_find(&result->server, "pausing at the end of recovery", line, sizeof(line)))
        result->state = START_PAUSED;
    else
        return;
    *reached = true;
}

static void
read_control(struct watch *watch, struct pg_control *control)
{
    SCOPED(freep) char *path = path_join(watch->result->server.data, "global/pg_control");
    struct error ignored = {0};

    if (path == NULL || pg_control_read(path, control, &ignored) != OK)
        *control = (struct pg_control){.state = PG_STARTUP};
}

static bool
has_target(const struct plan *plan)
{
    return plan->target.kind != TARGET_LATEST;
}

/* The server is gone: at its target, as asked, or in distress? */
static enum status
judge_end(struct watch *watch, struct error *err)
{
    struct start_result *result = watch->result;
    const struct target *target = &watch->options->plan->target;
    char text[TARGET_TEXT_SIZE];
    char tail[sizeof(err->detail) - 64];
    char lsn[PG_LSN_TEXT_SIZE];
    struct pg_control control;

    read_control(watch, &control);
    if (control.state == PG_SHUTDOWNED_IN_RECOVERY && has_target(watch->options->plan) &&
        target->action != TARGET_PROMOTE &&
        (result->reason[0] != '\0' || watch->options->server.public))
    {
        result->state = START_SHUT_DOWN;
        if (control.min_recovery.lsn > result->lsn)
            result->lsn = control.min_recovery.lsn;
        return OK;
    }
    target_describe(&watch->options->plan->asked, text);
    if (result->lsn == PG_LSN_NONE)
        result->lsn = control.min_recovery.lsn;
    pg_lsn_format(result->lsn, lsn);
    server_log_tail(&result->server, tail, sizeof(tail));
    error_set(err, STATUS_REFUSED, "the server ended before it reached %s: it came to LSN %s", text,
              lsn);
    error_detail(err, "The end of its log:\n%s", tail);
    error_hint(err, "The whole log is \"%s\".", result->server.log);
    return STATUS_REFUSED;
}

/*
 * Nobody asked for a pause: a server with hot standby pauses where its own limits are lower
 * than those of the WAL's writer (RecoveryRequiresIntParameter in xlogrecovery.c).
 */
static enum status
refuse_pause(const struct watch *watch, struct error *err)
{
    const struct server *server = &watch->result->server;
    char lsn[PG_LSN_TEXT_SIZE];
    char why[256] = "";
    char which[256] = "";

    pg_lsn_format(watch->result->lsn, lsn);
    error_set(err, STATUS_REFUSED,
              "the server paused its recovery at LSN %s, before the end of the WAL", lsn);
    if (server_log_find(server, "hot standby is not possible", why, sizeof(why)))
    {
        (void) server_log_find(server, "max_", which, sizeof(which));
        error_detail(err, "Its log says: %s; %s", why, which);
    }
    error_hint(
        err,
        "Shut it down, set what its log (\"%s\") names in \"%s/postgresql.auto.conf\" to the "
        "original's value, and start it again: it goes on from there.",
        server->log, server->data);
    return STATUS_REFUSED;
}

/* A target must have been met, not merely have been set. */
static enum status
judge_reached(struct watch *watch, struct error *err)
{
    struct start_result *result = watch->result;
    char text[TARGET_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    if (!has_target(watch->options->plan))
        return result->state == START_PROMOTED ? OK : refuse_pause(watch, err);
    if (watch->options->server.public || result->reason[0] != '\0')
        return OK;
    target_describe(&watch->options->plan->asked, text);
    pg_lsn_format(result->lsn, lsn);
    error_set(err, STATUS_REFUSED, "the server is up but its log does not say that it reached %s",
              text);
    error_detail(err, "It replayed WAL to LSN %s.", lsn);
    error_hint(err, "See its log, \"%s\".", result->server.log);
    return STATUS_REFUSED;
}

/* What the log says of the way: when it was consistent, and why it stopped where it did. */
static void
read_log(struct watch *watch)
{
    struct start_result *result = watch->result;

    if (result->consistent_ms == START_NEVER &&
        server_log_find(&result->server, "consistent recovery state reached", result->consistent,
                        sizeof(result->consistent)))
        result->consistent_ms = clock_monotonic_ms() - watch->started_ms;
    (void) server_log_find(&result->server, "recovery stopping", result->reason,
                           sizeof(result->reason));
}

static enum status
give_up(struct watch *watch, struct error *err)
{
    struct server *server = &watch->result->server;

    close_watch(watch);
    (void) server_stop(server, SERVER_STOP_LIMIT_MS); /* said below */
    error_set(err, STATUS_CANCELLED, "stopped by a signal");
    error_detail(err, "The restored server %s; \"%s\" is complete and can be started again.",
                 server->ended ? "was shut down" : "was told to shut down, and has not ended yet",
                 server->data);
    return STATUS_CANCELLED;
}

static enum status
watch_server(struct watch *watch, struct error *err)
{
    struct start_result *result = watch->result;
    bool reached = false;

    while (!reached)
    {
        if (stop_requested())
            return give_up(watch, err);
        bool ended = server_has_ended(&result->server);

        read_log(watch);
        if (ended)
            return judge_end(watch, err);
        ask_server(watch, &reached);
        if (!reached)
            ask_log(watch, &reached);
        if (!reached)
            clock_pause_ms(POLL_MS);
    }
    read_log(watch);
    result->reached_ms = clock_monotonic_ms() - watch->started_ms;
    return judge_reached(watch, err);
}

enum status
start_run(const struct start_options *options, struct start_result *result, struct error *err)
{
    SCOPED(close_watch)
    struct watch watch = {
        .options = options,
        .result = result,
        .started_ms = clock_monotonic_ms(),
    };
    enum status status;

    *result = (struct start_result){
        .time = TIME_NONE, .consistent_ms = START_NEVER, .reached_ms = START_NEVER};
    TRY(server_start(&result->server, &options->server, err));
    status = watch_server(&watch, err);
    progress_end();
    return status;
}
