// SPDX-License-Identifier: PostgreSQL
#include "drill/outlook.h"

#include "base/log.h"
#include "base/stop.h"
#include "drill/canary.h"
#include "drill/databases.h"
#include "pg/connection.h"
#include "pg/conninfo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PRIMARY_PATIENCE_S "4"
#define CANARY_COMMIT_US   US_PER_SECOND

/* A speed is told by so many bytes, or by such a part of those that it is asked for. */
#define TELLING_BYTES (UINT64_C(64) << 20)
#define TELLING_PART  16

/* A standby's clock and LSN say nothing of what was committed on its primary meanwhile. */
static enum status
ask_primary(struct trial *trial, struct error *err)
{
    static const char query[] =
        "select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint,"
        " case when not pg_catalog.pg_is_in_recovery()"
        " then pg_catalog.pg_current_wal_lsn() end,"
        " (select system_identifier from pg_catalog.pg_control_system()),"
        " case when not pg_catalog.pg_is_in_recovery()"
        " then pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8)"
        " end"; /* the timeline, hexadecimal */
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(pg_result_freep) PGresult *rows = NULL;
    SCOPED(freep) char *conninfo = NULL;
    struct receipt *receipt = trial->receipt;

    TRY(pg_conninfo_with(trial->options->primary, "connect_timeout", PRIMARY_PATIENCE_S, &conninfo,
                         err));
    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    TRY(pg_query(connection, query, &rows, err));
    if (PQntuples(rows) != 1 || PQgetisnull(rows, 0, 1) || PQgetisnull(rows, 0, 3))
        return error_set(err, STATUS_UNSUPPORTED, "the server is a standby");
    TRY(pg_lsn_parse(PQgetvalue(rows, 0, 1), &receipt->primary_lsn, err));
    receipt->disaster = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    receipt->disaster_by_primary = true;
    trial->primary_identifier = (uint64_t) strtoll(PQgetvalue(rows, 0, 2), NULL, 10);
    trial->primary_timeline = (pg_timeline) strtoul(PQgetvalue(rows, 0, 3), NULL, 16);
    return OK;
}

void
outlook_begin(struct trial *trial)
{
    struct error reason = {0};

    trial->receipt->disaster = clock_now();
    if (trial->options->primary == NULL || ask_primary(trial, &reason) == OK)
        return;
    log_debug("the primary was not asked for its clock: %s", reason.message);
}

/*
 * Another cluster's server may listen where the configuration leads to on this
 * host; and LSNs of two timelines cannot be compared.
 */
static void
forget_stranger(struct trial *trial)
{
    struct receipt *receipt = trial->receipt;

    if (!receipt->disaster_by_primary)
        return;
    if (trial->primary_timeline != receipt->timeline)
        receipt->primary_lsn = PG_LSN_NONE;
    if (trial->primary_identifier == trial->plan.backup.system_identifier)
        return;
    receipt->disaster_by_primary = false;
    receipt->primary_lsn = PG_LSN_NONE;
    receipt->disaster = receipt->drill.started;
}

/* The canary may be in any database; what is no canary, or not ours, does not sing. */
static enum status
look_for_canary(void *arg, const char *database, struct error *err)
{
    struct trial *trial = arg;
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(freep) char *conninfo = NULL;
    struct canary newest;
    struct error ignored;

    TRY(pg_conninfo_with_database(trial->conninfo, database, &conninfo, err));
    if (pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, &ignored) != OK ||
        canary_read(connection, &newest, &ignored) != OK)
        return stop_check(err);
    if (trial->canary == TIME_NONE || newest.at > trial->canary)
        trial->canary = newest.at;
    return OK;
}

/* The row's own commit comes a moment after the time in it. */
static void
hear_canary(struct trial *trial)
{
    struct receipt *receipt = trial->receipt;

    if (trial->canary == TIME_NONE || trial->canary + CANARY_COMMIT_US < receipt->newest)
        return;
    receipt->rpo_source = RPO_CANARY;
    receipt->newest = trial->canary;
}

static void
measure_rpo(struct trial *trial)
{
    struct receipt *receipt = trial->receipt;

    /* A backup has all that was committed until its end, when that was the last too. */
    receipt->rpo_source = RPO_COMMIT;
    receipt->newest = trial->plan.backup.stopped;
    if (receipt->reached_time > receipt->newest)
        receipt->newest = receipt->reached_time;
    hear_canary(trial);
    receipt->drill.rpo_ms = (receipt->disaster - receipt->newest) / 1000;
    if (receipt->drill.rpo_ms < 0 ||
        (receipt->primary_lsn != PG_LSN_NONE && receipt->reached_lsn >= receipt->primary_lsn))
        receipt->drill.rpo_ms = 0; /* nothing was written since */
}

/* Of a few bytes it shows how long starting and stopping take, and no speed. */
static bool
tells_speed(const struct receipt_phase *phase, uint64_t bytes)
{
    return phase->bytes >= TELLING_BYTES || phase->bytes >= bytes / TELLING_PART;
}

/* Add so many bytes at the speed of a phase that was measured.  False when none tells it. */
static bool
add_at_speed_of(const struct receipt_phase *phase, const struct receipt_phase *previous,
                uint64_t bytes, int64_t *duration_ms)
{
    if (previous != NULL && !tells_speed(phase, bytes))
        phase = previous;
    if (bytes == 0)
        return true;
    if (phase->bytes == 0 || !tells_speed(phase, bytes))
        return false;
    *duration_ms +=
        (int64_t) ((double) bytes / (double) phase->bytes * (double) phase->duration_ms);
    return true;
}

/* This very restore if it was of all there is, else as the newest backup's plan would go. */
static enum status
predict_rto(struct trial *trial, struct error *err)
{
    SCOPED(plan_release) struct plan newest = {0};
    const struct plan_options options = {.target = {.kind = TARGET_LATEST}};
    const struct receipt *previous = trial->options->previous;
    struct receipt *receipt = trial->receipt;
    int64_t predicted_ms = receipt->layers[LAYER_PLAN].duration_ms;
    struct error reason = {0};
    enum status status;

    if (trial->plan.asked.kind == TARGET_LATEST && trial->options->target.backup_id == NULL)
    {
        receipt->predicted_rto_ms = receipt->drill.rto_ms;
        return OK;
    }
    status = plan_make(trial->repo, &options, &newest, &reason);
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status == OK &&
        add_at_speed_of(&receipt->fetch, previous == NULL ? NULL : &previous->fetch,
                        newest.fetch_bytes, &predicted_ms) &&
        add_at_speed_of(&receipt->replay, previous == NULL ? NULL : &previous->replay,
                        newest.segment_count * newest.backup.wal_segment_size, &predicted_ms))
        receipt->predicted_rto_ms = predicted_ms;
    return OK;
}

enum status
outlook_conclude(struct trial *trial, struct error *err)
{
    forget_stranger(trial);
    if (trial->plan.asked.kind == TARGET_LATEST)
    {
        TRY(databases_each(trial->conninfo, look_for_canary, trial, err));
        measure_rpo(trial);
    }
    return predict_rto(trial, err);
}
