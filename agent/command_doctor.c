// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"
#include "agent/report.h"
#include "pg/connection.h"

#include <stdio.h>
#include <stdlib.h>

static void
free_examination(struct examination **exam)
{
    if (*exam == NULL)
        return;
    repo_freep(&(*exam)->repo);
    pg_connection_freep(&(*exam)->connection);
    free(*exam);
    *exam = NULL;
}

static enum status
report_as_json(const struct examination *exam, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    json_t *checks = json_array();

    for (size_t index = 0; index < exam->count; index++)
    {
        const struct finding *finding = &exam->findings[index];

        json_array_append_new(checks,
                              json_pack("{s:s, s:s, s:s, s:s?}", "name", finding->name, "state",
                                        finding_state_name(finding->state), "text", finding->text,
                                        "fix", finding->fix[0] == '\0' ? NULL : finding->fix));
    }
    object = json_pack("{s:s, s:b, s:o}", "cluster", exam->config->cluster, "ok",
                       examination_count(exam, FINDING_FAILURE) == 0, "checks", checks);
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static void
print_findings(const struct examination *exam)
{
    static const char *const marks[] = {
        [FINDING_OK] = "ok",
        [FINDING_WARNING] = "WARNING",
        [FINDING_FAILURE] = "FAILURE",
    };

    for (size_t index = 0; index < exam->count; index++)
    {
        const struct finding *finding = &exam->findings[index];

        printf("%-8s %-22s %s\n", marks[finding->state], finding->name, finding->text);
        if (finding->fix[0] != '\0')
            printf("%-8s %-22s fix: %s\n", "", "", finding->fix);
    }
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(free_examination) struct examination *exam = calloc(1, sizeof(*exam));
    size_t failures;

    if (exam == NULL)
        return error_no_memory(err);
    exam->invocation = invocation;
    exam->config = invocation->config;
    TRY(examine_server(exam, err));
    TRY(examine_dumps(exam, err));
    TRY(examine_repository(exam, err));
    TRY(examine_archive(exam, err));
    if (invocation->json)
        TRY(report_as_json(exam, err));
    else
        print_findings(exam);
    fflush(stdout); /* what failed comes before that something did */
    failures = examination_count(exam, FINDING_FAILURE);
    if (failures == 0)
        return OK;
    return error_set(err, STATUS_IO, "%zu of %zu checks failed", failures, exam->count);
}

static const struct option_spec options[] = {
    COMMAND_OPTION_REPOSITORY,
    {"timeout", 0, OPTION_U32, "SECONDS", "wait so long for the WAL round trip (default: 60)"},
    {0},
};

static const struct command_example examples[] = {
    {"Is everything as it should be?", "redoubt doctor"},
    {"What is not, for a script:",
     "redoubt doctor --json | jq '.checks[] | select(.state != \"ok\")'"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "nothing failed; there may be warnings"},
    {EXIT_CODE_FAILURE, "a check failed"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {0, NULL},
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "check settings, rights, repository and a WAL round trip",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Checks everything that backups and archiving depend on, and names the fix for what is "
        "wrong: the connection, the role's rights, the server's settings, the key, the repository "
        "and what its store honours, the clock, and whose WAL is accepted.\n\n"
        "At last it makes a restore point, ends a WAL segment, waits until that is archived, and "
        "reads it back. When archiving lags it names the file that is stuck, and why.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
