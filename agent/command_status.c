// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/health_text.h"
#include "agent/report.h"
#include "config/config.h"
#include "pg/command_setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Nagios and all that took after it understand. */
enum
{
    EXIT_HEALTHY = 0,
    EXIT_DEGRADED = 1,
    EXIT_CRITICAL = 2,
    EXIT_UNKNOWN = 3,
};

#define OPTIONS_LIMIT   8192
#define CONNECT_LIMIT_S "10"

/* The verdict as something that run can return; it returns these for nothing else. */
static enum status
status_of(enum health_state state)
{
    static const enum status statuses[] = {
        [HEALTH_HEALTHY] = OK,
        [HEALTH_DEGRADED] = STATUS_TRANSIENT,
        [HEALTH_CRITICAL] = STATUS_CORRUPT,
    };

    return statuses[state];
}

static int
exit_code(enum status status)
{
    switch (status)
    {
    case OK:
        return EXIT_HEALTHY;
    case STATUS_TRANSIENT:
        return EXIT_DEGRADED;
    case STATUS_CORRUPT:
        return EXIT_CRITICAL;
    default:
        return EXIT_UNKNOWN;
    }
}

/* What a command needs to mean this cluster when it is copied into a shell. */
static enum status
command_options(const struct invocation *invocation, struct buffer *options, struct error *err)
{
    if (strcmp(invocation->config_path, CONFIG_DEFAULT_PATH) == 0)
        return OK;
    TRY(buffer_append(options, BYTES(" -c "), err));
    return pg_command_setting_word(options, invocation->config_path, err);
}

static enum status
report_as_json(const struct health_facts *facts, const struct health_report *report, time_us now,
               struct error *err)
{
    SCOPED(json_freep) json_t *object = health_text_json(facts, report, now);

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
load(const char *path, struct config **config, struct error *err)
{
    enum status status = config_load(path, config, err);

    if (status == OK || status == STATUS_NO_MEMORY)
        return status;
    if (status == STATUS_NOT_FOUND)
        error_hint(err, "\"-c FILE\" names another.");
    return STATUS_CONFIG;
}

static enum status
judge(const struct invocation *invocation, const struct config *config, struct error *err)
{
    SCOPED(buffer_release) struct buffer options = BUFFER_INIT(OPTIONS_LIMIT);
    SCOPED(health_facts_release) struct health_facts facts = {0};
    SCOPED(health_report_release) struct health_report report = {0};
    bool nagios = options_flag(&invocation->options, "nagios");
    time_us now = clock_now();
    const char *text;

    /* Who asks how it is does not wait as long as who works, unless told to. */
    if (setenv("PGCONNECT_TIMEOUT", CONNECT_LIMIT_S, 0) != 0)
        return error_no_memory(err);
    TRY(command_options(invocation, &options, err));
    TRY(buffer_text(&options, &text, err));
    TRY(health_facts_gather(config, text, now, &facts, err));
    TRY(health_judge(&facts, &config->policy, now, &report, err));
    if (invocation->json)
        TRY(report_as_json(&facts, &report, now, err));
    else if (nagios)
        health_text_nagios(stdout, &facts, &report);
    else
        health_text_print(stdout, &facts, &report);
    if (fflush(stdout) != 0)
        return error_errno(err, "could not write to standard output");
    *err = (struct error){0}; /* the report has said all */
    return status_of(report.state);
}

/* The configuration is read here, because Nagios shows what a plugin writes, and not to the log. */
static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(config_freep) struct config *config = NULL;
    bool nagios = options_flag(&invocation->options, "nagios");
    enum status status;

    if (nagios && invocation->json)
        return error_set(err, STATUS_CONFIG, "--json and --nagios contradict each other");
    status = load(invocation->config_path, &config, err);
    if (status == OK)
        status = judge(invocation, config, err);
    if (nagios && exit_code(status) == EXIT_UNKNOWN)
        printf("REDOUBT UNKNOWN - %s\n", err->message);
    return status;
}

static const struct option_spec options[] = {
    {"nagios", 0, OPTION_FLAG, NULL, "report in one line, as a plugin of Nagios"},
    {0},
};

static const struct command_example examples[] = {
    {"Is everything as it should be?", "redoubt status"},
    {"Why not, for a script:",
     "redoubt status --json | jq '.items[] | select(.state != \"healthy\")'"},
    {"As a check of Nagios, Icinga and the like:",
     "redoubt status --nagios -c /etc/redoubt/shop.yaml"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_HEALTHY, "healthy"},
    {EXIT_DEGRADED, "degraded: something is late or could not be looked at"},
    {EXIT_CRITICAL, "critical: data may be lost, or nobody knows"},
    {EXIT_UNKNOWN, "not known: the command line or the configuration is wrong, or the program "
                   "was stopped"},
    {0, NULL},
};

const struct command command_status = {
    .name = "status",
    .summary = "say whether the cluster is protected, and what to do",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_NONE,
    .description =
        "Compares the last good backup, dump of each configured database, verification and drill "
        "with section \"policy\" of the configuration, and looks at what waits to be archived, up "
        "to where the archive reaches, and whether WAL is missing inside the recovery window. For "
        "what is wrong it says what that means and the command to run.\n\n"
        "It changes nothing, and reads little: names, the log, and the newest WAL. What cannot "
        "be looked at is never healthy: a server that does not answer is degraded, a repository "
        "critical.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .exit_code = exit_code,
    .run = run,
};
