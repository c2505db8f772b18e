// SPDX-License-Identifier: PostgreSQL
#include "dump/swap_commit.h"

#include "base/log.h"
#include "base/stop.h"

#include <stdio.h>
#include <string.h>

/* A server that crashed needs its time to recover. */
#define DOUBT_LIMIT_MS ((int64_t) 60000)
#define PAUSE_MS       200

#define XID_SIZE 24

enum outcome
{
    OUTCOME_UNKNOWN,
    OUTCOME_OLD, /* everything has the name that it had */
    OUTCOME_NEW,
};

/* The names alone do not tell: a commit that waits for a synchronous standby may yet show. */
static enum status
look(const char *conninfo, const struct swap_pair *pair, const char *xid, enum outcome *outcome,
     struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(buffer_release) struct buffer query = BUFFER_INIT(1024);
    const char *text;
    bool aside, restored;

    TRY(buffer_append_text(&query, err,
                           "SELECT pg_xact_status('%s'::xid8) = 'in progress',"
                           " EXISTS (SELECT FROM d, names WHERE datname = aside),"
                           " EXISTS (SELECT FROM d, names WHERE datname = restored)",
                           xid));
    TRY(buffer_text(&query, &text, err));
    TRY(swap_connect(conninfo, pair, &connection, err));
    TRY(swap_query(connection, pair, text, &result, err));
    aside = strcmp(PQgetvalue(result, 0, 1), "t") == 0;
    restored = strcmp(PQgetvalue(result, 0, 2), "t") == 0;
    if (strcmp(PQgetvalue(result, 0, 0), "t") != 0 && aside != restored)
        *outcome = aside ? OUTCOME_NEW : OUTCOME_OLD;
    return OK;
}

static enum status
report_doubt(const struct swap_pair *pair, struct error *err)
{
    error_context(err, "whether database \"%s\" was swapped is not known", pair->old);
    error_hint(err,
               "When the server answers again, \"psql -l\" tells: if there is a database \"%s\", "
               "it was swapped, and if there is \"%s\", it was not.",
               pair->aside, pair->restored);
    return STATUS_TRANSIENT;
}

/* err says on entry why there is no answer. */
static enum status
settle(const char *conninfo, const struct swap_pair *pair, const char *xid, struct error *err)
{
    int64_t until = clock_monotonic_ms() + DOUBT_LIMIT_MS;
    enum outcome outcome = OUTCOME_UNKNOWN;
    struct error failure = *err;

    log_warning("no answer to the commit (%s); looking how it ended", err->message);
    while (outcome == OUTCOME_UNKNOWN && clock_monotonic_ms() < until && !stop_requested())
    {
        if (look(conninfo, pair, xid, &outcome, err) != OK || outcome == OUTCOME_UNKNOWN)
            clock_pause_ms(PAUSE_MS);
    }
    if (outcome == OUTCOME_NEW)
        return OK;
    *err = failure;
    if (outcome == OUTCOME_UNKNOWN)
        return report_doubt(pair, err);
    error_context(err, "the transaction was rolled back");
    return STATUS_REFUSED;
}

enum status
swap_commit(struct pg_connection *connection, const char *conninfo, const struct swap_pair *pair,
            struct error *err)
{
    char xid[XID_SIZE];

    TRY(pg_query_text(connection, "SELECT pg_current_xact_id()", xid, sizeof(xid), err));
    if (swap_execute(connection, "COMMIT", err) == OK)
        return OK;
    return settle(conninfo, pair, xid, err);
}
