// SPDX-License-Identifier: PostgreSQL
#include "agent/checks_report.h"
#include "agent/command.h"
#include "agent/report.h"
#include "config/section_checks.h"
#include "pg/connection.h"
#include "repo/dump.h"

#include <stdio.h>
#include <string.h>

#define EXAMPLE                                                                                    \
    "Write, for example: checks: {foreign_keys: all, tables: [{name: public.orders, "              \
    "rows: {min: 1000}}]}."

struct run
{
    const struct invocation *invocation;
    time_us reference;
    json_t *databases;   /* NULL: for people */
    size_t count;        /* of databases */
    enum status verdict; /* of the first whose checks failed */
    struct error reason;
};

static enum status
tell(struct run *run, const char *database, const struct check_results *results, struct error *err)
{
    json_t *checks;

    if (run->databases == NULL)
    {
        printf("%sDatabase \"%s\"\n", run->count == 0 ? "" : "\n", database);
        return checks_report_print(results, err);
    }
    checks = check_results_to_json(results);
    if (checks == NULL ||
        json_array_append_new(run->databases,
                              json_pack("{s:s, s:b, s:o}", "database", database, "ok",
                                        results->failed == 0, "checks", checks)) != 0)
        return error_no_memory(err);
    return OK;
}

static enum status
check_database(struct run *run, const char *database, const struct checks_config *checks,
               struct error *err)
{
    SCOPED(check_results_release) struct check_results results = {0};
    const struct config *config = run->invocation->config;
    const struct checks_request request = {
        .conninfo = config->postgres.connection,
        .database = database,
        .config = checks,
        .reference = run->reference,
        .workers = config->workers,
        .without_command = !options_flag(&run->invocation->options, "command"),
    };

    TRY(checks_run(&request, &results, err));
    TRY(tell(run, database, &results, err));
    run->count++;
    if (run->verdict == OK)
        run->verdict = checks_report_conclude(&results, database, &run->reason);
    return OK;
}

static enum status
check_one(struct run *run, const char *database, struct error *err)
{
    const struct checks_config *checks = config_checks_for(run->invocation->config, database);

    if (checks != NULL)
        return check_database(run, database, checks, err);
    error_set(err, STATUS_CONFIG, "no checks are configured for database \"%s\"", database);
    error_hint(err, "Section \"checks\" has others only. Leave out \"database\" there, or add "
                    "an element for this one.");
    return STATUS_CONFIG;
}

/* The database that the configured connection leads to. */
static enum status
own_database(const struct config *config, char name[DUMP_DATABASE_SIZE], struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(pg_connection_open(&connection, config->postgres.connection, PG_CONNECTION_SQL, err));
    return pg_query_text(connection, "SELECT pg_catalog.current_database()", name,
                         DUMP_DATABASE_SIZE, err);
}

/* Checks for any database are tried on our own, unless it has checks by its name. */
static enum status
check_unnamed(struct run *run, const struct checks_config *checks, struct error *err)
{
    const struct config *config = run->invocation->config;
    char database[DUMP_DATABASE_SIZE];

    TRY(own_database(config, database, err));
    if (config_checks_for(config, database) != checks)
        return OK;
    return check_database(run, database, checks, err);
}

static enum status
check_all(struct run *run, struct error *err)
{
    const struct config_checks *all = &run->invocation->config->checks;

    for (size_t index = 0; index < all->count; index++)
    {
        const struct checks_config *checks = &all->items[index];

        if (checks->database == NULL)
            TRY(check_unnamed(run, checks, err));
        else
            TRY(check_database(run, checks->database, checks, err));
    }
    return OK;
}

static enum status
report_as_json(const struct run *run, struct error *err)
{
    SCOPED(json_freep)
    json_t *report = json_pack("{s:s, s:b, s:O}", "cluster", run->invocation->config->cluster, "ok",
                               run->verdict == OK, "databases", run->databases);

    return report == NULL ? error_no_memory(err) : report_json(report, err);
}

static enum status
check_and_report(struct run *run, struct error *err)
{
    const struct invocation *invocation = run->invocation;

    if (invocation->argument_count > 0)
        TRY(check_one(run, invocation->arguments[0], err));
    else
        TRY(check_all(run, err));
    if (run->databases != NULL)
        TRY(report_as_json(run, err));
    fflush(stdout); /* what was found comes before what it means */
    *err = run->reason;
    return run->verdict;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(json_freep) json_t *databases = invocation->json ? json_array() : NULL;
    struct run run = {.invocation = invocation, .reference = clock_now(), .databases = databases};

    if (invocation->config->checks.count == 0)
    {
        error_set(err, STATUS_CONFIG, "no checks are configured in \"%s\"",
                  invocation->config_path);
        error_hint(err, EXAMPLE);
        return STATUS_CONFIG;
    }
    if (invocation->json && databases == NULL)
        return error_no_memory(err);
    return check_and_report(&run, err);
}

static const struct command_argument arguments[] = {
    {"DATABASE", "run the checks for this database only", true, false},
    {0},
};

static const struct option_spec options[] = {
    {"command", 0, OPTION_FLAG, NULL, "run the configured command too, against the live server"},
    {0},
};

static const struct command_example examples[] = {
    {"Would what is in production pass?", "redoubt check"},
    {"What did not, for a script:",
     "redoubt check --json | jq '.databases[].checks[] | select(.state != \"passed\")'"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "every check passed, or had nothing to judge"},
    {EXIT_CODE_FAILURE, "the checks could not be begun, or were interrupted"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong, or has no checks"},
    {EXIT_CODE_REPOSITORY, "the server cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "a check failed, or could not be run to its end"},
    {0, NULL},
};

const struct command command_check = {
    .name = "check",
    .summary = "try the configured checks on the live server",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Runs the checks of section \"checks\" against the server that is backed up, so that they "
        "can be tried before restored databases are judged by them. Nothing is written: sessions "
        "are read-only, and queries are given up at the limit. The present is the reference for "
        "how fresh a table is, and a change is not judged, for want of a recorded count.\n\n"
        "The configured command is not run unless asked for, because what it does to a server in "
        "use is its own affair.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
