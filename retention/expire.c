// SPDX-License-Identifier: PostgreSQL
#include "retention/expire.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/stop.h"
#include "repo/store_delete.h"
#include "retention/doubt.h"
#include "retention/garbage.h"
#include "retention/purge.h"
#include "retention/wal_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often we may lose to others before it is their turn to explain. */
#define PLAN_TRIES 20

struct expire
{
    struct repo *repo; /* these do not change */
    const struct expire_options *options;
    struct expire_report *report;

    struct catalog catalog;
    uint64_t planned_change; /* the catalog's last change when the plan was made */
    struct wal_set wal;      /* as listed before it was made */
    struct wal_chain *chains;
    size_t chain_count;
    struct retention_plan plan;
    struct dump_plan dumps;
    struct garbage garbage;
};

static void
release_plan(struct expire *run)
{
    wal_set_release(&run->wal);
    for (size_t index = 0; index < run->chain_count; index++)
        wal_chain_release(&run->chains[index]);
    free(run->chains);
    run->chains = NULL;
    run->chain_count = 0;
    retention_plan_release(&run->plan);
    dump_plan_release(&run->dumps);
    garbage_release(&run->garbage);
}

static void
release_run(struct expire *run)
{
    release_plan(run);
    catalog_release(&run->catalog);
}

/* Two clocks that agree are seldom both wrong. */
static enum status
check_clock(struct repo *repo, time_us now, struct error *err)
{
    char ours[TIME_TEXT_SIZE];
    char theirs[TIME_TEXT_SIZE];
    time_us store_now;

    TRY(store_server_time(repo->store, &store_now, err));
    if (now - store_now <= DOUBT_CLOCK_TOLERANCE_US && store_now - now <= DOUBT_CLOCK_TOLERANCE_US)
        return OK;
    time_format(now, ours);
    time_format(store_now, theirs);
    error_set(err, STATUS_REFUSED, "this host's clock says %s, and that of %s says %s", ours,
              repo->store->location, theirs);
    error_hint(err, "Nothing expires while clocks contradict each other. Set the one that is "
                    "wrong, for example with NTP.");
    return STATUS_REFUSED;
}

static enum status
load_chains(struct expire *run, struct error *err)
{
    const struct catalog *catalog = &run->catalog;

    run->chains = calloc(catalog->lineage_count + 1, sizeof(*run->chains));
    if (run->chains == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < catalog->lineage_count; index++)
    {
        const struct lineage *lineage = &catalog->lineages[index];

        /* One that was accepted again is one cluster. */
        if (catalog_find_lineage(catalog, lineage->system_identifier) != lineage)
            continue;
        TRY(wal_chain_load(&run->chains[run->chain_count++], run->repo, catalog,
                           lineage->system_identifier, lineage->wal_segment_size, err));
    }
    return OK;
}

/* By the order of commits, of its cluster. */
static bool
is_newest_good(const struct catalog *catalog, const struct backup *backup)
{
    const struct backup *newest = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
        if (!catalog->backups[index].damaged &&
            catalog->backups[index].system_identifier == backup->system_identifier)
            newest = &catalog->backups[index];
    return newest == backup;
}

static enum status
check_forgettable(const struct expire *run, const struct backup *backup, struct error *err)
{
    const struct hold *hold = catalog_find_hold(&run->catalog, backup->id);

    if (hold != NULL && hold->until > run->options->now)
    {
        error_set(err, STATUS_REFUSED, "backup %s is held", backup->id);
        error_hint(err, "\"redoubt hold --release %s\" lets go of it.", backup->id);
        return STATUS_REFUSED;
    }
    if (!is_newest_good(&run->catalog, backup))
        return OK;
    error_set(err, STATUS_REFUSED, "backup %s is the newest good one of its cluster", backup->id);
    error_hint(err, "Take another one first.");
    return STATUS_REFUSED;
}

/* What the operator asked to let go; one that has gone meanwhile is no trouble. */
static enum status
forget(struct expire *run, struct error *err)
{
    for (size_t index = 0; index < run->plan.backup_count; index++)
    {
        struct retention_backup *planned = &run->plan.backups[index];

        for (size_t asked = 0; asked < run->options->forget_count; asked++)
        {
            if (strcmp(planned->backup->id, run->options->forget[asked]) != 0)
                continue;
            TRY(check_forgettable(run, planned->backup, err));
            planned->keep = false;
            planned->reasons.count = 0;
            reasons_add(&planned->reasons, "to be forgotten, as asked for");
        }
    }
    return OK;
}

/* So long a run of a dump may be at work. */
static int64_t
dump_run_limit(const struct retention_policy *policy)
{
    return policy->grace_us > DUMP_RUN_MAX_US ? policy->grace_us : DUMP_RUN_MAX_US;
}

/*
 * What stays, what goes, and what nothing will need then.  The WAL is listed
 * before the histories that decide about it: a timeline that begins meanwhile
 * is not judged without its history.
 */
static enum status
make_plan(struct expire *run, struct error *err)
{
    const struct retention_policy *policy = run->options->policy;
    const time_us now = run->options->now;
    struct retention_request request = {.catalog = &run->catalog, .policy = policy, .now = now};
    const struct garbage_question question = {
        .repo = run->repo,
        .catalog = &run->catalog,
        .plan = &run->plan,
        .wal = &run->wal,
        .dumps = &run->dumps,
        .dead_before = now - policy->grace_us,
        .dead_dumps_before = now - dump_run_limit(policy),
    };

    release_plan(run);
    run->planned_change = run->catalog.last_change;
    TRY(wal_files_list(run->repo, &run->catalog, &run->wal, err));
    TRY(load_chains(run, err));
    request.chains = run->chains;
    request.chain_count = run->chain_count;
    TRY(retention_plan_make(&request, &run->plan, err));
    TRY(dump_plan_make(&run->catalog, policy, now, &run->dumps, err));
    TRY(forget(run, err));
    TRY(stop_check(err));
    return garbage_find(&question, &run->garbage, err);
}

/* An entry holds as long as the catalog is the one it was planned with. */
static enum status
check_unchanged(void *arg, const struct catalog *catalog, struct error *err)
{
    const struct expire *run = arg;

    if (catalog->last_change == run->planned_change)
        return OK;
    return error_set(err, STATUS_CONFLICT, "log entry %llu was written meanwhile",
                     (unsigned long long) catalog->last_change);
}

static enum status
commit(struct expire *run, const struct catalog_entry *entry, struct error *err)
{
    const struct catalog_check check = {check_unchanged, run};

    TRY(stop_check(err));
    TRY(catalog_append(run->repo, &run->catalog, entry, check, err));
    run->planned_change = run->catalog.last_change;
    return OK;
}

#define DEPARTURE_SIZE (REASONS_MAX * (REASON_SIZE + 2))

/* What leaves, backups or dumps, and the texts of why. */
struct departures
{
    struct expiry *items; /* their ids are the report's */
    char (*reasons)[DEPARTURE_SIZE];
    size_t count;
};

static void
release_departures(struct departures *departures)
{
    free(departures->items);
    free(departures->reasons);
}

static void
join_reasons(const struct reasons *reasons, char text[DEPARTURE_SIZE])
{
    size_t used = 0;

    for (size_t index = 0; index < reasons->count; index++)
        used += (size_t) snprintf(text + used, DEPARTURE_SIZE - used, "%s%s",
                                  index == 0 ? "" : "; ", reasons->texts[index]);
}

static enum status
find_departures(const struct expire_rows *rows, struct departures *departures, struct error *err)
{
    departures->items = calloc(rows->count + 1, sizeof(*departures->items));
    departures->reasons = calloc(rows->count + 1, sizeof(*departures->reasons));
    if (departures->items == NULL || departures->reasons == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < rows->count; index++)
    {
        const struct expire_row *row = &rows->items[index];
        size_t at = departures->count;

        if (row->keep || row->committed)
            continue;
        join_reasons(&row->reasons, departures->reasons[at]);
        departures->items[at] = (struct expiry){row->id, departures->reasons[at]};
        departures->count++;
    }
    return OK;
}

static enum status
commit_departures(struct expire *run, struct error *err)
{
    SCOPED(release_departures) struct departures backups = {0};
    SCOPED(release_departures) struct departures dumps = {0};
    struct catalog_entry entry;

    TRY(find_departures(&run->report->backups, &backups, err));
    TRY(find_departures(&run->report->dumps, &dumps, err));
    if (backups.count + dumps.count == 0)
        return OK;
    entry = (struct catalog_entry){
        .expiries = backups.items,
        .expiry_count = backups.count,
        .dump_expiries = dumps.items,
        .dump_expiry_count = dumps.count,
    };
    CRASH_POINT("expire: before backups leave the catalog");
    TRY(commit(run, &entry, err));
    CRASH_POINT("expire: after backups left the catalog"); /* the next run finds their packs */
    expire_report_commit(run->report);
    return OK;
}

static size_t
packs_per_entry(const struct expire_options *options)
{
    return options->packs_per_entry == 0 ? CONDEMNATION_PACKS_MAX : options->packs_per_entry;
}

static enum status
commit_condemnation(struct expire *run, const struct condemnation *condemnation, struct error *err)
{
    const struct catalog_entry entry = {.condemnation = condemnation};

    CRASH_POINT("expire: before objects are condemned");
    TRY(commit(run, &entry, err));
    CRASH_POINT("expire: after objects are condemned"); /* they wait for their deletion */
    expire_report_condemn(run->report, condemnation);
    return OK;
}

/* As many entries as the packs demand; all else is in the first. */
static enum status
commit_condemnations(struct expire *run, struct error *err)
{
    const struct condemnation *all = &run->garbage.condemned;
    const size_t limit = packs_per_entry(run->options);
    struct condemnation part = *all;
    size_t done = 0;

    if (condemnation_is_empty(all))
        return OK;
    do
    {
        const size_t rest = all->packs.count - done;

        part.packs.ids = all->packs.ids + done;
        part.packs.count = rest < limit ? rest : limit;
        TRY(commit_condemnation(run, &part, err));
        done += part.packs.count;
        part.backups = NULL;
        part.backup_count = 0;
        part.dumps = NULL;
        part.dump_count = 0;
        part.wal = (struct wal_set){0};
        part.verified_before[0] = '\0';
    } while (done < all->packs.count);
    return OK;
}

/* Plan, and commit what was planned unless something else was committed meanwhile. */
static enum status
plan_and_commit(struct expire *run, struct error *err)
{
    struct expire_report *report = run->report;

    TRY(make_plan(run, err));
    TRY(expire_report_plan(report, &run->plan, &run->dumps, err));
    report->spared_packs = run->garbage.spared_packs;
    if (run->options->dry_run)
    {
        report->pack_bytes = run->garbage.pack_bytes;
        report->dump_bytes = run->garbage.dump_bytes;
        report->verified = run->garbage.verified;
        expire_report_condemn(report, &run->garbage.condemned);
        return OK;
    }
    TRY(commit_departures(run, err));
    TRY(commit_condemnations(run, err));
    report->pack_bytes += run->garbage.pack_bytes;
    report->dump_bytes += run->garbage.dump_bytes;
    report->verified += run->garbage.verified;
    return OK;
}

/*
 * Did others commit since the plan was made?  Then what failed may only have
 * been overtaken: a backup that stays by our plan may be gone by theirs.
 */
static bool
is_overtaken(struct expire *run)
{
    struct error ignored;

    return catalog_load(run->repo, &run->catalog, &ignored) == OK &&
           run->catalog.last_change != run->planned_change;
}

static enum status
decide(struct expire *run, struct error *err)
{
    for (int try = 0; try < PLAN_TRIES; try++)
    {
        enum status status = plan_and_commit(run, err);

        if (status == OK || (status != STATUS_CONFLICT && !is_overtaken(run)))
            return status;
        log_debug("planning again: %s", err->message);
    }
    return error_set(err, STATUS_TRANSIENT, "others were faster %d times", PLAN_TRIES);
}

static enum status
purge(struct expire *run, struct error *err)
{
    const struct expire_options *options = run->options;
    const int64_t grace_us = options->policy->grace_us;
    /* Without grace, what this run condemned goes too, though it did so after `now`. */
    const struct purge_options purge = {
        .condemned_before = grace_us == 0 ? INT64_MAX : options->now - grace_us,
        .workers = options->workers,
    };
    struct purge_counts counts = {0};
    enum status status = purge_condemned(run->repo, &run->catalog, &purge, &counts, err);

    run->report->deletions = counts.condemnations;
    run->report->deleted_objects = counts.objects;
    return status;
}

/* What waits, for the report. */
static void
count_waiting(struct expire *run)
{
    struct expire_report *report = run->report;

    report->next_deletion = TIME_NONE;
    for (size_t index = 0; index < run->catalog.condemnation_count; index++)
    {
        const struct condemnation *condemnation = &run->catalog.condemnations[index];
        time_us due = condemnation->time + run->options->policy->grace_us;

        if (condemnation->deleted)
            continue;
        report->waiting++;
        if (report->next_deletion == TIME_NONE || due < report->next_deletion)
            report->next_deletion = due;
    }
}

/*
 * Tidying up: what is wrong with it must not hide that the rest went well.  Uploads are not
 * looked after by the log: time alone decides, and that of a dump may take longest of all.
 */
static void
remove_uploads(struct expire *run)
{
    const int64_t age_us = dump_run_limit(run->options->policy);
    char prefix[STORE_KEY_MAX + 1];
    struct error err = {0};

    if (repo_key(run->repo, prefix, &err, "%s", "") == OK &&
        store_delete_unfinished(run->repo->store, prefix, run->options->now - age_us,
                                &run->report->uploads, &err) == OK)
        return;
    error_context(&err, "could not remove unfinished uploads");
    log_error(LOG_WARNING, &err);
}

static enum status
expire(struct expire *run, struct error *err)
{
    TRY(check_clock(run->repo, run->options->now, err));
    TRY(catalog_load(run->repo, &run->catalog, err));
    TRY(decide(run, err));
    if (!run->options->dry_run)
        TRY(purge(run, err));
    count_waiting(run);
    if (!run->options->dry_run)
        remove_uploads(run);
    return OK;
}

enum status
expire_run(struct repo *repo, const struct expire_options *options, struct expire_report *report,
           struct error *err)
{
    SCOPED(release_run)
    struct expire run = {.repo = repo, .options = options, .report = report};

    return expire(&run, err);
}
