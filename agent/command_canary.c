// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "base/log.h"
#include "drill/canary.h"
#include "pg/conninfo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum status
connect(const struct config *config, struct pg_connection **connection, struct error *err)
{
    SCOPED(freep) char *conninfo = NULL;

    if (config->canary.database == NULL)
        return pg_connection_open(connection, config->postgres.connection, PG_CONNECTION_SQL, err);
    TRY(pg_conninfo_with_database(config->postgres.connection, config->canary.database, &conninfo,
                                  err));
    return pg_connection_open(connection, conninfo, PG_CONNECTION_SQL, err);
}

static enum status
ask_standby(struct pg_connection *connection, bool *standby, struct error *err)
{
    char answer[8];

    TRY(pg_query_text(connection, "SELECT pg_catalog.pg_is_in_recovery()", answer, sizeof(answer),
                      err));
    *standby = strcmp(answer, "t") == 0;
    return OK;
}

static json_t *
written_to_json(const struct canary *written)
{
    char at[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    time_format(written->at, at);
    pg_lsn_format(written->lsn, lsn);
    return json_pack("{s:s, s:s, s:o}", "at", at, "lsn", lsn, "host", json_text(written->host));
}

/* written is NULL when there was nothing to write. */
static enum status
report_done(const struct invocation *invocation, bool standby, const struct canary *written,
            struct error *err)
{
    SCOPED(json_freep) json_t *report = NULL;

    if (!invocation->json)
        return OK;
    report =
        json_pack("{s:s, s:b, s:o}", "cluster", invocation->config->cluster, "standby", standby,
                  "written", written == NULL ? json_null() : written_to_json(written));
    return report == NULL ? error_no_memory(err) : report_json(report, err);
}

static enum status
write_row(const struct invocation *invocation, struct pg_connection *connection, struct error *err)
{
    char at[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];
    char host[CANARY_HOST_SIZE] = "";
    struct canary written;

    if (gethostname(host, sizeof(host) - 1) != 0)
        return error_errno(err, "could not find this host's name");
    TRY(canary_write(connection, invocation->config->canary.keep, host, &written, err));
    time_format(written.at, at);
    pg_lsn_format(written.lsn, lsn);
    log_debug("canary written at %s, LSN %s", at, lsn);
    return report_done(invocation, false, &written, err);
}

static enum status
install(const struct invocation *invocation, struct pg_connection *connection, struct error *err)
{
    TRY(canary_install(connection, invocation->config->canary.keep,
                       options_text(&invocation->options, "grant"), err));
    log_info("the table \"redoubt\".\"canary\" is there");
    return report_done(invocation, false, NULL, err);
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    bool installs = options_flag(&invocation->options, "install");
    bool standby;

    if (!installs && options_text(&invocation->options, "grant") != NULL)
        return error_set(err, STATUS_CONFIG, "option \"--grant\" goes with \"--install\" only");
    TRY(connect(invocation->config, &connection, err));
    TRY(ask_standby(connection, &standby, err));
    if (standby && installs)
        return error_set(err, STATUS_REFUSED, "the server is a standby: install on its primary");
    if (standby)
    {
        log_info("the server is a standby: its primary's canary is enough");
        return report_done(invocation, true, NULL, err);
    }
    return installs ? install(invocation, connection, err) : write_row(invocation, connection, err);
}

static const struct option_spec options[] = {
    {"install", 0, OPTION_FLAG, NULL, "make the table, where it is not there yet"},
    {"grant", 0, OPTION_TEXT, "ROLE", "with --install: let this role write too"},
    {0},
};

static const struct command_example examples[] = {
    {"Once:", "redoubt canary --install"},
    {"Every minute, from a timer:", "redoubt canary"},
    {"When was the last one written?",
     "psql -c 'SELECT at, lsn FROM redoubt.canary ORDER BY at DESC LIMIT 1'"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "written, or the server is a standby, which has nothing to write"},
    {EXIT_CODE_FAILURE, "it was not installed, or the server did not take the row"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED, "the table is locked, or not the one that was installed"},
    {EXIT_CODE_REPOSITORY, "the server cannot be reached, or denies access"},
    {0, NULL},
};

const struct command command_canary = {
    .name = "canary",
    .summary = "write a row that a drill measures the loss of data by",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Writes the server's time and LSN into the table redoubt.canary. A drill looks for the "
        "newest row in what it restored: that is how much would have been lost, by the primary's "
        "own clock, even when nobody else wrote anything. Run it from a timer on the database "
        "host; on a standby it does nothing and succeeds, so that the timer may be everywhere.\n\n"
        "The table keeps the newest canary.keep rows in a few pages, vacuumed or not. A write "
        "waits for locks for 5 seconds at most, and for no synchronous standby. The role needs "
        "USAGE on the schema, and SELECT, INSERT and UPDATE on the table.\n\n"
        "A server that is idle but for the canary fills a WAL segment at each archive_timeout, "
        "which else it would not.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
