// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/drill_history.h"
#include "agent/drill_job.h"
#include "agent/drill_report.h"
#include "agent/report.h"
#include "agent/self_test_report.h"
#include "agent/target_options.h"
#include "base/log.h"
#include "base/random.h"
#include "config/repository.h"
#include "drill/candidates.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option_spec options[] = {
    TARGET_OPTIONS,
    {"backup", 0, OPTION_TEXT, "ID", "from this backup; default: the newest that suits"},
    {"random", 0, OPTION_FLAG, NULL,
     "restore to a moment by chance; backups that were not tried for long are more likely"},
    {"all-backups", 0, OPTION_FLAG, NULL, "a drill of each backup, to its end"},
    COMMAND_OPTION_REPOSITORY,
    {"into", 'i', OPTION_TEXT, "DIR", "drill in this directory, which must be a drill's alone"},
    {"keep", 0, OPTION_FLAG, NULL, "let the restored cluster stay there, stopped"},
    {"receipt", 0, OPTION_TEXT, "FILE", "write the receipt to a file too: .md, .html or .json"},
    {"self-test", 0, OPTION_FLAG, NULL,
     "prove that a drill can fail: damage private copies, and see what is found"},
    {"history", 0, OPTION_FLAG, NULL, "drill nothing: show what earlier drills found"},
    {"show", 0, OPTION_TEXT, "ID", "drill nothing: show the receipt of an earlier drill"},
    {0},
};

/* Of a drill that was made now or earlier; one of several goes into reports, which may be NULL. */
static enum status
tell(const struct invocation *invocation, const struct receipt *receipt, json_t *reports,
     struct error *err)
{
    const char *path = options_text(&invocation->options, "receipt");
    SCOPED(json_freep) json_t *object = NULL;

    if (path != NULL)
        TRY(drill_report_write(receipt, path, err));
    if (!invocation->json)
        return drill_report_print(receipt, err);
    object = receipt_to_json(receipt);
    if (object == NULL)
        return error_no_memory(err);
    if (reports == NULL)
        return report_json(object, err);
    return json_array_append(reports, object) == 0 ? OK : error_no_memory(err);
}

/* A copy has no log of its own: receipts go where backups do. */
static enum status
open_journal(struct drill_job *job, struct repo **opened, struct error *err)
{
    const struct config *config = job->invocation->config;
    struct error reason = {0};

    job->journal = job->repo;
    if (!job->repo->copy)
        return catalog_load(job->journal, job->catalog, err);
    job->journal = NULL;
    if (repository_open_at(config, &config->repository, REPOSITORY_PATIENT, opened, &reason) ==
            OK &&
        catalog_load(*opened, job->catalog, &reason) == OK)
        job->journal = *opened;
    else
    {
        error_context(&reason, "the receipt will not be kept in the main repository");
        log_error(LOG_WARNING, &reason);
    }
    return OK;
}

/* *reports: NULL for people. */
static enum status
drill_once(struct drill_job *job, const struct plan_options *target, json_t *reports,
           struct error *err)
{
    SCOPED(receipt_release) struct receipt receipt;
    struct error reason = {0};
    enum status kept;

    receipt_init(&receipt);
    kept = drill_job_run(job, target, &receipt, &reason);
    if (receipt.drill.finished != TIME_NONE)
        TRY(tell(job->invocation, &receipt, reports, err));
    fflush(stdout); /* what was found comes before what it means */
    *err = reason;
    if (kept != OK || receipt.drill.finished == TIME_NONE)
        return kept;
    return drill_job_conclude(&receipt, err);
}

static enum status
drill_as_told(struct drill_job *job, struct error *err)
{
    const struct options *given = &job->invocation->options;
    struct plan_options target = {.backup_id = options_text(given, "backup")};

    TRY(target_options_read(given, "promote", &target.target, err));
    return drill_once(job, &target, NULL, err);
}

static enum status
gather(const struct drill_job *job, struct drill_candidates *candidates, struct error *err)
{
    const char *copy = job->repo->copy ? job->invocation->config->chosen->name : "";

    return drill_candidates_gather(job->repo, copy, candidates, err);
}

static enum status
drill_by_chance(struct drill_job *job, struct error *err)
{
    SCOPED(drill_candidates_release) struct drill_candidates candidates = {0};
    struct drill_moment moment;
    struct plan_options target;
    uint64_t dice;

    TRY(gather(job, &candidates, err));
    TRY(random_bytes(&dice, sizeof(dice), err));
    TRY(drill_choose(candidates.items, candidates.count, clock_now(), dice, &moment, err));
    target = drill_candidates_plan(&moment);
    return drill_once(job, &target, NULL, err);
}

static enum status
tell_self_test(const struct invocation *invocation, const struct self_test *test, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;

    if (!invocation->json)
        return self_test_report_print(test, err);
    object = self_test_report_json(test);
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

/* What is not damaged must be restored first, or nothing is to be learnt. */
static enum status
test_itself(struct drill_job *job, struct error *err)
{
    const struct options *given = &job->invocation->options;
    SCOPED(receipt_release) struct receipt receipt;
    struct plan_options target = {.backup_id = options_text(given, "backup")};
    struct self_test test;

    receipt_init(&receipt);
    TRY(target_options_read(given, "promote", &target.target, err));
    TRY(drill_job_self_test(job, &target, &receipt, &test, err));
    TRY(drill_job_conclude(&receipt, err));
    TRY(tell_self_test(job->invocation, &test, err));
    fflush(stdout);
    return self_test_report_conclude(&test, err);
}

/* What came of one drill of several. */
enum outcome
{
    OUTCOME_PASSED,
    OUTCOME_NOTHING, /* it did not come to its end, which says nothing of the others */
    OUTCOME_END,     /* nor would the others: asked to stop, no repository, no programs */
    OUTCOME_FAILED,  /* outweighs all else, whatever comes later */
};

static enum outcome
outcome_of(enum status status)
{
    switch (status)
    {
    case OK:
        return OUTCOME_PASSED;
    case STATUS_IO:
    case STATUS_REFUSED:
        return OUTCOME_NOTHING;
    case STATUS_CORRUPT:
        return OUTCOME_FAILED;
    default:
        return OUTCOME_END;
    }
}

/* How several drills came out. */
struct series
{
    enum status status;
    struct error reason;
};

/* The worst of them is what counts, and of equals the first.  The others are logged. */
static void
add_outcome(struct series *series, enum status status, const struct error *reason)
{
    bool worse = outcome_of(status) > outcome_of(series->status);

    if (status == OK)
        return;
    if (series->status != OK)
        log_error(LOG_ERROR, worse ? &series->reason : reason);
    if (!worse)
        return;
    series->status = status;
    series->reason = *reason;
}

static enum status
drill_each(struct drill_job *job, const struct drill_candidates *candidates, json_t *reports,
           struct error *err)
{
    struct series series = {.status = OK};
    enum outcome newest = OUTCOME_PASSED;

    for (size_t index = 0; index < candidates->count && newest != OUTCOME_END; index++)
    {
        const struct drill_moment moment = {.backup = candidates->items[index].backup,
                                            .at_end_of_backup = true};
        struct plan_options target = drill_candidates_plan(&moment);
        enum status status = drill_once(job, &target, reports, err);

        newest = outcome_of(status);
        add_outcome(&series, status, err);
    }
    *err = series.reason;
    return series.status;
}

static enum status
drill_all(struct drill_job *job, struct error *err)
{
    SCOPED(drill_candidates_release) struct drill_candidates candidates = {0};
    SCOPED(json_freep) json_t *reports = job->invocation->json ? json_array() : NULL;
    struct error reason = {0};
    enum status status;

    if (job->invocation->json && reports == NULL)
        return error_no_memory(err);
    TRY(gather(job, &candidates, err));
    drill_choose_order(candidates.items, candidates.count);
    status = drill_each(job, &candidates, reports, &reason);
    if (reports != NULL)
        TRY(report_json(reports, err));
    fflush(stdout);
    *err = reason;
    return status;
}

static enum status
drill(struct drill_job *job, struct error *err)
{
    const struct options *given = &job->invocation->options;
    SCOPED(repo_freep) struct repo *opened = NULL;

    TRY(open_journal(job, &opened, err));
    if (options_flag(given, "self-test"))
        return test_itself(job, err);
    if (options_flag(given, "all-backups"))
        return drill_all(job, err);
    return options_flag(given, "random") ? drill_by_chance(job, err) : drill_as_told(job, err);
}

static enum status
show(const struct drill_job *job, const char *id, struct error *err)
{
    SCOPED(receipt_release) struct receipt receipt;

    receipt_init(&receipt);
    TRY(drill_report_load(job->repo, id, &receipt, err));
    return tell(job->invocation, &receipt, NULL, err);
}

static enum status
history(const struct drill_job *job, struct error *err)
{
    TRY(catalog_load(job->repo, job->catalog, err));
    return drill_history_print(job->catalog, 0, job->invocation->json, err);
}

static bool
has_target(const struct options *given)
{
    static const char *const names[] = {"target-time", "target-lsn",      "target-xid",
                                        "target-name", "target-timeline", "backup"};
    bool found = options_flag(given, "target-immediate") || options_flag(given, "exclusive");

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
        found = found || options_text(given, names[index]) != NULL;
    return found;
}

/* What to restore may be said in one way only. */
static enum status
check_target(const struct options *given, struct error *err)
{
    bool self_test = options_flag(given, "self-test");
    unsigned ways = (has_target(given) ? 1U : 0U) + (options_flag(given, "random") ? 1U : 0U) +
                    (options_flag(given, "all-backups") ? 1U : 0U);

    if (options_flag(given, "all-backups") && options_text(given, "receipt") != NULL)
        return error_set(err, STATUS_CONFIG,
                         "--receipt names one file, and --all-backups makes several receipts");
    if (self_test && (options_flag(given, "random") || options_flag(given, "all-backups") ||
                      options_flag(given, "keep") || options_text(given, "receipt") != NULL))
        return error_set(err, STATUS_CONFIG,
                         "--self-test goes with a target or backup only, and keeps nothing");
    if (ways <= 1)
        return OK;
    return error_set(err, STATUS_CONFIG,
                     "a target or backup, --random and --all-backups contradict each other");
}

/* Found out before anything is restored. */
static enum status
check_options(const struct invocation *invocation, struct error *err)
{
    const char *path = options_text(&invocation->options, "receipt");
    bool looks_back = options_flag(&invocation->options, "history") ||
                      options_text(&invocation->options, "show") != NULL;

    if (path != NULL)
        TRY(drill_report_check_path(path, err));
    TRY(check_target(&invocation->options, err));
    if (geteuid() != 0 || looks_back)
        return OK;
    error_set(err, STATUS_CONFIG, "PostgreSQL cannot be started as root");
    error_hint(err, "Drill as an ordinary user who can read the key and the repository.");
    return STATUS_CONFIG;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct drill_job job = {.invocation = invocation, .catalog = &catalog};

    TRY(check_options(invocation, err));
    TRY(repository_open(invocation->config, &repo, err));
    job.repo = repo;
    if (options_flag(&invocation->options, "history"))
        return history(&job, err);
    if (options_text(&invocation->options, "show") != NULL)
        return show(&job, options_text(&invocation->options, "show"), err);
    return drill(&job, err);
}

static const struct command_example examples[] = {
    {"Could all be restored now, and how long would it take?", "redoubt drill"},
    {"The same of a moment in the past, with a document for the records:",
     "redoubt drill --target-time '2026-11-21 12:00:00+00' --receipt drill.html"},
    {"A moment of the past, another one each time, as a weekly timer does it:",
     "redoubt drill --random"},
    {"Would it notice?", "redoubt drill --self-test"},
    {"What have drills found so far?", "redoubt drill --history"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "the drill passed"},
    {EXIT_CODE_FAILURE, "it could not come to its end, or was interrupted"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong, or PostgreSQL's programs "
                      "are missing"},
    {EXIT_CODE_REFUSED, "there is too little room, or another drill is under way there"},
    {EXIT_CODE_REPOSITORY, "the repository cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "the drill failed: what it restored is not what it should be, or the "
                        "target cannot be reached"},
    {0, NULL},
};

const struct command command_drill = {
    .name = "drill",
    .summary = "restore, start and check a copy, and say how it went",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Restores from the repository into a private directory, starts PostgreSQL there, and "
        "proves layer by layer that the result is what it should be: the WAL has no gap, every "
        "object is authentic, every file is there, the server is consistent and reached the "
        "target, page checksums are right, tables and indexes agree, and the checks of section "
        "\"checks\" hold. Checks that name no database are for each but template1, and "
        "for postgres if there is no other. A database without any has its collations and "
        "foreign keys checked. "
        "All findings are collected; a layer that cannot be looked at says why.\n\n"
        "It needs the repository, the key and PostgreSQL's programs, no server. The copy has a "
        "socket of its own that only its owner can reach; it does not archive, subscribes to "
        "nothing, loads no libraries at start and fires no event triggers. When it has been "
        "looked at, it is deleted. What a drill that was killed has left goes when the next one "
        "begins.\n\n"
        "The receipt is kept in the repository, with the time that a restore takes (RTO) and the "
        "data that it would lose (RPO). The latter is measured against the primary's clock and "
        "WAL if postgres.connection leads to it.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
