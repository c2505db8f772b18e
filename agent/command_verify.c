// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "base/units.h"
#include "config/repository.h"
#include "verify/verify.h"

#include <inttypes.h>
#include <stdio.h>

#define OLDER_THAN_DEFAULT "30d"

/* Slower than that, all threads together, a store takes our pauses for a dead connection. */
#define RATE_MIN (UINT64_C(1) << 20)

static enum status
read_options(const struct invocation *invocation, struct verify_options *options, struct error *err)
{
    const struct options *given = &invocation->options;
    const char *older_than = options_text(given, "older-than");
    const char *rate = options_text(given, "rate");

    *options = (struct verify_options){
        .backup_id = options_text(given, "backup"),
        .all = options_flag(given, "all"),
        .workers = invocation->config->workers,
        .memory_bytes = invocation->config->memory_bytes,
    };
    if (options->all && older_than != NULL)
        return error_set(err, STATUS_CONFIG, "--all and --older-than contradict each other");
    if (!units_duration(older_than == NULL ? OLDER_THAN_DEFAULT : older_than,
                        &options->older_than_ms))
    {
        error_set(err, STATUS_CONFIG, "option \"--older-than\": invalid duration \"%s\"",
                  older_than);
        error_hint(err, "A duration is a number and ms, s, min, h, d or w, such as 30d.");
        return STATUS_CONFIG;
    }
    if (rate != NULL && (!units_size(rate, &options->rate) || options->rate < RATE_MIN))
    {
        error_set(err, STATUS_CONFIG, "option \"--rate\": invalid rate \"%s\"", rate);
        error_hint(err, "It counts bytes per second, at least 1MB, such as 50MB.");
        return STATUS_CONFIG;
    }
    return OK;
}

/* As JSON: findings one by one, however many there are. */

static enum status
print_finding_json(const struct verify_finding *finding, bool first, struct error *err)
{
    SCOPED(json_freep)
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "severity",
                               findings_severity_name(finding->severity), "kind", finding->kind,
                               "object", finding->object, "text", finding->text, "hint",
                               finding->hint[0] == '\0' ? NULL : finding->hint);

    if (object == NULL)
        return error_no_memory(err);
    fputs(first ? "\n    " : ",\n    ", stdout);
    if (json_dumpf(object, stdout, 0) != 0)
        return error_set(err, STATUS_IO, "could not write JSON to standard output");
    return OK;
}

static json_t *
counts_to_json(struct findings *findings)
{
    json_t *counts = json_object();

    for (unsigned severity = 0; severity < VERIFY_SEVERITIES; severity++)
        json_object_set_new(counts, findings_severity_name(severity),
                            json_u64(findings_count(findings, severity)));
    return counts;
}

static json_t *
summary_to_json(const struct invocation *invocation, const struct verify_result *result)
{
    json_t *summary = verification_to_json(&result->verification);

    if (summary == NULL)
        return NULL;
    /* Warnings too: the sum is what the log has. */
    json_object_set_new(summary, "cluster", json_string(invocation->config->cluster));
    json_object_set_new(summary, "complete", json_boolean(result->complete));
    json_object_set_new(summary, "remembered", json_u64(result->remembered));
    json_object_set_new(summary, "remembered_bytes", json_u64(result->remembered_bytes));
    json_object_set_new(summary, "counts", counts_to_json(result->findings));
    json_object_del(summary, "findings");
    return summary;
}

static enum status
report_as_json(const struct invocation *invocation, const struct verify_result *result,
               struct error *err)
{
    SCOPED(json_freep) json_t *summary = summary_to_json(invocation, result);
    struct verify_finding finding;
    bool first = true;
    bool more;
    const char *name;
    json_t *value;

    if (summary == NULL)
        return error_no_memory(err);
    fputs("{\n", stdout);
    json_object_foreach(summary, name, value)
    {
        printf("  \"%s\": ", name);
        if (json_dumpf(value, stdout, JSON_ENCODE_ANY) != 0)
            return error_set(err, STATUS_IO, "could not write JSON to standard output");
        fputs(",\n", stdout);
    }
    fputs("  \"findings\": [", stdout);
    TRY(findings_next(result->findings, &more, &finding, err));
    while (more)
    {
        TRY(print_finding_json(&finding, first, err));
        first = false;
        TRY(findings_next(result->findings, &more, &finding, err));
    }
    fputs(first ? "]\n}\n" : "\n  ]\n}\n", stdout);
    return OK;
}

/* For people */

static void
print_finding(const struct verify_finding *finding)
{
    printf("%-11s  %s\n", findings_severity_name(finding->severity), finding->object);
    printf("%-11s  %s\n", "", finding->text);
    if (finding->hint[0] != '\0')
        printf("%-11s  hint: %s\n", "", finding->hint);
}

static void
print_summary(const struct verify_result *result)
{
    const struct verification *verification = &result->verification;
    struct findings *findings = result->findings;
    char bytes[UNITS_TEXT_SIZE];
    char remembered[UNITS_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];

    units_format_size(verification->bytes, bytes);
    units_format_size(result->remembered_bytes, remembered);
    units_format_duration((verification->finished - verification->started) / 1000, duration);
    printf("%s %" PRIu64 " objects, read %s in %s",
           result->complete ? "Verified" : "INCOMPLETE:", verification->objects, bytes, duration);
    if (result->remembered > 0)
        printf("; %" PRIu64 " of %s were verified lately", result->remembered, remembered);
    printf(".\n");
    if (verification->findings == 0)
        puts(result->complete ? "Nothing is wrong." : "Nothing wrong was met.");
    else
        printf("damage: %" PRIu64 ", doubts: %" PRIu64 ", warnings: %" PRIu64 "\n",
               findings_count(findings, VERIFY_DAMAGE), findings_count(findings, VERIFY_DOUBT),
               findings_count(findings, VERIFY_WARNING));
}

static enum status
report_as_text(const struct verify_result *result, struct error *err)
{
    struct verify_finding finding;
    bool more;

    TRY(findings_next(result->findings, &more, &finding, err));
    while (more)
    {
        print_finding(&finding);
        TRY(findings_next(result->findings, &more, &finding, err));
    }
    print_summary(result);
    return OK;
}

/* The worst that was found makes the exit code. */
static enum status
conclude(const struct verify_result *result, struct error *err)
{
    uint64_t damage = findings_count(result->findings, VERIFY_DAMAGE);
    uint64_t doubts = findings_count(result->findings, VERIFY_DOUBT);

    if (damage > 0)
        return error_set(err, STATUS_CORRUPT, "the repository is damaged in %" PRIu64 " %s", damage,
                         damage == 1 ? "place" : "places");
    if (doubts > 0)
        return error_set(err, STATUS_TRANSIENT, "%" PRIu64 " %s could not be checked", doubts,
                         doubts == 1 ? "thing" : "things");
    return OK;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(verify_result_release) struct verify_result result = {0};
    struct verify_options verify_options;
    struct error reason = {0};
    enum status status;

    TRY(read_options(invocation, &verify_options, err));
    TRY(repository_open(invocation->config, &repo, err));
    status = verify_run(repo, &verify_options, &result, &reason);
    /* What was found until a signal came is told; nothing was where there is no such backup. */
    if (status == OK || status == STATUS_CANCELLED)
        TRY(invocation->json ? report_as_json(invocation, &result, err)
                             : report_as_text(&result, err));
    fflush(stdout); /* what was found comes before what it means */
    *err = reason;
    return status == OK ? conclude(&result, err) : status;
}

static const struct option_spec options[] = {
    {"all", 0, OPTION_FLAG, NULL, "read everything, whenever it was verified"},
    {"older-than", 0, OPTION_TEXT, "DURATION",
     "read again what was verified longer ago than that (default: " OLDER_THAN_DEFAULT ")"},
    {"backup", 0, OPTION_TEXT, "ID", "look only at this backup and the WAL that it needs"},
    COMMAND_OPTION_REPOSITORY,
    {"rate", 0, OPTION_TEXT, "SIZE", "read no more than that in a second, such as 50MB"},
    {0},
};

static const struct command_example examples[] = {
    {"Each night, what is new or was not verified for a month:", "redoubt verify"},
    {"Everything, beside the daily work:", "redoubt verify --all --rate 50MB"},
    {"The newest backup, before a risky change:",
     "redoubt verify --all --backup $(redoubt list --json | jq -r '.backups[-1].id')"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "everything is there and as it was stored; there may be warnings"},
    {EXIT_CODE_FAILURE, "it was interrupted, or failed on this machine"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED, "there is no such backup"},
    {EXIT_CODE_REPOSITORY,
     "no damage was found, but something could not be read: the repository or the network"},
    {EXIT_CODE_CORRUPT, "something is damaged, missing or contradicts itself"},
    {0, NULL},
};

const struct command command_verify = {
    .name = "verify",
    .summary = "read the repository through, and say what is wrong",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Opens and authenticates what is in the repository: keys, the log, every manifest, packs "
        "frame by frame, logical dumps, and archived WAL; compares them with each other; and looks "
        "for WAL that is missing between. Everything that is found is listed, the worst first.\n\n"
        "What was verified is remembered in the repository, so that each run, on whatever host, "
        "reads only packs, dumps and WAL that no run has read lately. An interrupted run loses "
        "nothing: the next one goes on.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
