// SPDX-License-Identifier: PostgreSQL
#include "verify/verify.h"

#include "base/crash.h"
#include "base/log.h"
#include "verify/backup_check.h"
#include "verify/context.h"
#include "verify/drill_check.h"
#include "verify/dump_check.h"
#include "verify/log_check.h"
#include "verify/pack_check.h"
#include "verify/wal_check.h"

#include <string.h>

/* What a run owns beside its context. */
struct run
{
    struct verify_context context;
    struct catalog catalog;
    enum status catalog_status; /* of loading it, and why it failed */
    struct error catalog_reason;
    struct throttle *throttle;
    struct verified *verified;
    struct inventory *inventory;
    struct needs *needs;
    struct backup_list backups;
    struct affected *affected;
};

static void
release_run(struct run *run)
{
    affected_freep(&run->affected);
    backup_list_release(&run->backups);
    needs_freep(&run->needs);
    inventory_freep(&run->inventory);
    verified_freep(&run->verified);
    throttle_freep(&run->throttle);
    catalog_release(&run->catalog);
}

void
verify_result_release(struct verify_result *result)
{
    findings_freep(&result->findings);
}

static enum status
refuse_backup(const char *id, struct error *err)
{
    error_set(err, STATUS_REFUSED, "there is no backup \"%s\"", id);
    error_hint(err, "\"redoubt list\" shows the backups there are.");
    return STATUS_REFUSED;
}

/*
 * Without a catalog, what has a folder is taken for a backup.  What is wrong
 * with the log is told when its entries are read.
 */
static enum status
load_catalog(struct run *run, struct error *err)
{
    struct verify_context *context = &run->context;
    const char *only = context->options->backup_id;

    run->catalog_status = catalog_load(context->repo, &run->catalog, &run->catalog_reason);
    if (context_is_fatal(run->catalog_status) || (run->catalog_status != OK && only != NULL))
    {
        *err = run->catalog_reason;
        return run->catalog_status;
    }
    if (run->catalog_status != OK)
        return OK;
    context->catalog = &run->catalog;
    TRY(backup_list_fill(&run->backups, &run->catalog, only, err));
    return only != NULL && run->backups.count == 0 ? refuse_backup(only, err) : OK;
}

/* A name that was mistyped must not look like a repository without faults. */
static enum status
check_not_empty(struct run *run, struct error *err)
{
    struct verify_context *context = &run->context;
    const struct verify_finding finding = {
        VERIFY_WARNING, "empty", context->repo->cluster,
        "the repository has no log of this cluster: nothing was ever stored for it",
        "Is the configuration's \"cluster\" right?"};

    return run->catalog.last_number == 0 ? context_find(context, &finding, err) : OK;
}

static uint64_t
count_losses(const struct verify_context *context)
{
    return findings_count(context->findings, VERIFY_DAMAGE) +
           findings_count(context->findings, VERIFY_DOUBT);
}

/* The log as a whole cannot be read, which may be no single entry's fault. */
static enum status
check_log(struct run *run, struct error *err)
{
    struct verify_context *context = &run->context;
    uint64_t before = count_losses(context);
    char key[STORE_KEY_MAX + 1];
    struct verify_finding finding = {
        VERIFY_INFORMATION, "log", key, run->catalog_reason.message,
        "Until the log can be read nothing can be restored, and nobody can tell which WAL is "
        "missing."};

    TRY(log_check_run(context, run->inventory, err));
    if (run->catalog_status == OK)
        return check_not_empty(run, err);
    if (count_losses(context) == before)
        finding.severity = run->catalog_status == STATUS_CORRUPT ? VERIFY_DAMAGE : VERIFY_DOUBT;
    TRY(repo_key(context->repo, key, err, "log/"));
    return context_find(context, &finding, err);
}

/* List everything, and recall what was verified when. */
static enum status
take_inventory(struct run *run, struct error *err)
{
    struct verify_context *context = &run->context;
    const struct verify_options *options = context->options;
    SCOPED(verified_past_freep) struct verified_past *past = NULL;
    time_us since = options->all ? INT64_MAX : context->started - options->older_than_ms * 1000;

    TRY(verified_past_open(&past, context->repo, context->findings, context->started, err));
    return inventory_take(&run->inventory, context->repo, past, since, err);
}

static enum status
check_packs(struct run *run, struct error *err)
{
    struct pack_check check = {.context = &run->context,
                               .backups = &run->backups,
                               .needs = run->needs,
                               .inventory = run->inventory,
                               .all_manifests = true};

    for (size_t index = 0; index < run->backups.count; index++)
        if (run->backups.items[index]->unread)
            check.all_manifests = false;
    TRY(affected_create(&run->affected, err));
    check.affected = run->affected;
    TRY(pack_check_run(&check, err));
    TRY(affected_tell(run->affected, &run->context, &run->backups, err));
    return backup_check_remember(&run->context, &run->backups, err);
}

/* In the order of the inventory. */
static enum status
check_all(struct run *run, struct error *err)
{
    struct verify_context *context = &run->context;

    TRY(backup_check_run(context, run->inventory, &run->backups, run->needs, err));
    if (context->options->backup_id == NULL)
    {
        TRY(drill_check_run(context, run->inventory, err));
        TRY(dump_check_run(context, run->inventory, err));
        TRY(check_log(run, err));
    }
    TRY(check_packs(run, err));
    if (context->options->backup_id == NULL)
        return wal_check_run(context, run->inventory, err);
    return wal_check_backup(context, run->inventory, run->backups.items[0]->backup, err);
}

/* What there is to read, about. */
static uint64_t
estimate(const struct run *run)
{
    uint64_t due = inventory_due_bytes(run->inventory);
    uint64_t own;

    if (run->context.options->backup_id == NULL)
        return due;
    own = run->backups.items[0]->backup->stored_bytes;
    return own < due ? own : due;
}

static enum status
check(struct run *run, bool *complete, struct error *err)
{
    struct verify_context *context = &run->context;
    bool usable;

    TRY(log_check_keys(context, &usable, err));
    /* Nothing opens: that is said, and nothing more can be. */
    if (!usable)
        return OK;
    TRY(load_catalog(run, err));
    TRY(take_inventory(run, err));
    TRY(needs_create(&run->needs, err));
    progress_start(&context->progress, "verify", estimate(run));
    TRY(check_all(run, err));
    *complete = true;
    return OK;
}

static enum status
open_run(struct run *run, struct verify_result *result, struct error *err)
{
    struct verify_context *context = &run->context;

    TRY(findings_create(&result->findings, err));
    context->findings = result->findings;
    if (context->options->rate != 0)
        TRY(throttle_create(&run->throttle, context->options->rate, NULL, err));
    context->throttle = run->throttle;
    TRY(verified_create(&run->verified, context->repo, context->findings, context->started, err));
    context->verified = run->verified;
    return OK;
}

static uint64_t
count_findings(struct findings *findings)
{
    uint64_t count = 0;

    for (unsigned severity = VERIFY_WARNING; severity < VERIFY_SEVERITIES; severity++)
        count += findings_count(findings, severity);
    return count;
}

static void
sum_up(struct run *run, struct verify_result *result)
{
    const struct verify_context *context = &run->context;

    result->verification = (struct verification){
        .objects = context->objects,
        .bytes = context->bytes,
        .findings = count_findings(result->findings),
        .damage = findings_count(result->findings, VERIFY_DAMAGE),
        .started = context->started,
        .finished = clock_now(),
    };
    result->remembered = context->remembered;
    result->remembered_bytes = context->remembered_bytes;
}

/* The store failed too often to go on asking: what was found until then counts. */
static enum status
note_end(struct run *run, const struct error *reason, struct error *err)
{
    const struct verify_finding finding = {VERIFY_DOUBT, "incomplete",
                                           run->context.repo->store->location, reason->message,
                                           "The rest was not verified. Run it again later."};

    return context_find(&run->context, &finding, err);
}

/* A run that looked at everything says so in the log. */
static enum status
write_log(struct run *run, const struct verify_result *result, struct error *err)
{
    struct catalog_entry entry = {.verification = &result->verification};
    struct error reason = {0};
    const struct verify_finding finding = {
        VERIFY_WARNING, "log", "log/", reason.message,
        "That the repository was verified does not stand in its log."};
    enum status status;

    CRASH_POINT("verify: before it is in the log"); /* its memory is there */
    status = catalog_append(run->context.repo, &run->catalog, &entry, (struct catalog_check){0},
                            &reason);
    if (status == OK)
        return OK;
    if (context_is_fatal(status))
    {
        *err = reason;
        return status;
    }
    return context_find(&run->context, &finding, err);
}

static enum status
finish(struct run *run, struct verify_result *result, struct error *err)
{
    bool whole = result->complete && run->context.options->backup_id == NULL;

    TRY(verified_finish(run->verified, whole, err));
    sum_up(run, result);
    /* A copy's log is its original's, and tells of that. */
    if (whole && run->context.catalog != NULL && !run->context.repo->copy)
        TRY(write_log(run, result, err));
    return OK;
}

static bool
is_outage(enum status status)
{
    return status == STATUS_TRANSIENT || status == STATUS_DENIED || status == STATUS_IO;
}

static enum status
run_checks(struct run *run, struct verify_result *result, struct error *err)
{
    struct error reason = {0};
    enum status status = check(run, &result->complete, &reason);

    progress_end();
    if (is_outage(status))
    {
        TRY(note_end(run, &reason, err));
        status = OK;
    }
    if (status == OK)
        return finish(run, result, err);
    /* What was verified until the signal is not lost. */
    if (status == STATUS_CANCELLED)
        (void) !finish(run, result, err);
    sum_up(run, result);
    *err = reason;
    return status;
}

enum status
verify_run(struct repo *repo, const struct verify_options *options, struct verify_result *result,
           struct error *err)
{
    SCOPED(release_run)
    struct run run = {.context = {.repo = repo, .options = options, .started = clock_now()}};
    enum status status;

    *result = (struct verify_result){0};
    TRY(open_run(&run, result, err));
    status = run_checks(&run, result, err);
    if (status == STATUS_NO_MEMORY)
        return status;
    struct error ignored;

    if (findings_sort(result->findings, status == OK ? err : &ignored) != OK && status == OK)
        return STATUS_IO;
    return status;
}
