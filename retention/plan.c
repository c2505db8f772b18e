// SPDX-License-Identifier: PostgreSQL
#include "retention/plan.h"

#include "retention/doubt.h"
#include "retention/shelf.h"
#include "retention/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_UNNEEDED "needed neither by a backup that stays nor by the recovery window"
#define REASON_LEFT     "of a system identifier that was left before the recovery window"

/* What is worked with while a plan is made; one item for each backup in the catalog. */
struct work
{
    const struct retention_request *request;
    struct retention_plan *plan;
    struct shelf_item *shelf;     /* owned */
    struct window_backup *window; /* owned */
};

void
retention_plan_release(struct retention_plan *plan)
{
    free(plan->backups);
    free(plan->clusters);
    wal_rules_release(&plan->rules);
    wal_rules_release_spans(&plan->wal);
    *plan = (struct retention_plan){0};
}

static void
release_work(struct work *work)
{
    free(work->shelf);
    free(work->window);
}

static enum status
start_work(struct work *work, struct error *err)
{
    size_t count = work->request->catalog->backup_count;

    work->shelf = calloc(count + 1, sizeof(*work->shelf));
    work->window = calloc(count + 1, sizeof(*work->window));
    work->plan->backups = calloc(count + 1, sizeof(*work->plan->backups));
    work->plan->backup_count = count;
    work->plan->clusters = calloc(work->request->chain_count + 1, sizeof(*work->plan->clusters));
    work->plan->window_start = window_start(work->request->policy, work->request->now);
    if (work->shelf == NULL || work->window == NULL || work->plan->backups == NULL ||
        work->plan->clusters == NULL)
        return error_no_memory(err);
    return OK;
}

/* Backups */

static enum status
plan_shelf(struct work *work, struct error *err)
{
    const struct catalog *catalog = work->request->catalog;
    size_t count = catalog->backup_count;

    for (size_t index = 0; index < count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        const struct hold *hold = catalog_find_hold(catalog, backup->id);

        work->shelf[index].taken = backup->started;
        work->shelf[index].finished = backup->stopped;
        work->shelf[index].good = !backup->damaged;
        work->shelf[index].flaw = "damaged";
        work->shelf[index].held_until = hold == NULL ? SHELF_NOT_HELD : hold->until;
    }
    TRY(shelf_plan(work->shelf, count, work->request->policy, work->request->now, err));
    for (size_t index = 0; index < count; index++)
    {
        work->plan->backups[index].backup = &catalog->backups[index];
        work->plan->backups[index].keep = work->shelf[index].keep;
        work->plan->backups[index].reasons = work->shelf[index].reasons;
        work->window[index].backup = &catalog->backups[index];
        work->window[index].usable = shelf_item_counts(&work->shelf[index], work->request->now);
        work->window[index].stays = work->shelf[index].represents;
    }
    return OK;
}

/* The shelf's reason to let it go no longer holds. */
static struct reasons *
keep(struct retention_backup *backup)
{
    if (!backup->keep)
        backup->reasons.count = 0;
    backup->keep = true;
    return &backup->reasons;
}

/* Clusters */

/* The place among the lineages at which it was accepted last. */
static size_t
rank_of(const struct catalog *catalog, uint64_t system_identifier)
{
    size_t rank = 0;

    for (size_t index = 0; index < catalog->lineage_count; index++)
        if (catalog->lineages[index].system_identifier == system_identifier)
            rank = index;
    return rank;
}

/* May it have moments in the recovery window? */
static bool
is_alive(const struct work *work, uint64_t system_identifier)
{
    const struct catalog *catalog = work->request->catalog;
    size_t rank = rank_of(catalog, system_identifier);
    bool replaced = false;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        bool inside = backup->stopped >= work->plan->window_start;

        if (!work->window[index].usable)
            continue;
        if (backup->system_identifier == system_identifier && inside)
            return true;
        if (rank_of(catalog, backup->system_identifier) > rank && !inside)
            replaced = true;
    }
    return !replaced;
}

/* By the order of commits, which no clock decides; NULL when there is none. */
static struct retention_backup *
find_last_good(const struct work *work, uint64_t system_identifier)
{
    struct retention_backup *last = NULL;

    for (size_t index = 0; index < work->plan->backup_count; index++)
        if (work->window[index].usable &&
            work->window[index].backup->system_identifier == system_identifier)
            last = &work->plan->backups[index];
    return last;
}

static void
note_role(struct work *work, size_t index, pg_timeline newest)
{
    const struct window_backup *found = &work->window[index];
    struct retention_backup *backup = &work->plan->backups[index];

    if (found->role == WINDOW_LATER)
        reasons_add(keep(backup), "the recovery window will start here");
    else if (found->role == WINDOW_BEHIND_GAP)
        reasons_add(keep(backup), "recovery goes on here, behind missing WAL");
    else if (found->role == WINDOW_START && found->timeline == newest)
        reasons_add(keep(backup), "start of the recovery window");
    else if (found->role == WINDOW_START)
        reasons_add(keep(backup), "start of the recovery window on timeline %u", found->timeline);
}

static pg_timeline
newest_timeline(const struct wal_chain *chain)
{
    pg_timeline newest = 1;

    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].timeline > newest)
            newest = chain->histories[index].timeline;
    if (chain->archived.count > 0 &&
        chain->archived.items[chain->archived.count - 1].timeline > newest)
        newest = chain->archived.items[chain->archived.count - 1].timeline;
    return newest;
}

static enum status
plan_window(struct work *work, const struct wal_chain *chain, struct error *err)
{
    const struct window_question question = {
        .chain = chain,
        .policy = work->request->policy,
        .start = work->plan->window_start,
        .backups = work->window,
        .count = work->plan->backup_count,
        .rules = &work->plan->rules,
    };

    TRY(window_find(&question, err));
    for (size_t index = 0; index < work->plan->backup_count; index++)
        if (work->window[index].backup->system_identifier == chain->system_identifier)
            note_role(work, index, newest_timeline(chain));
    return OK;
}

/* WAL */

/* Keep all segments from a number on, of the timelines from one to another. */
static enum status
keep_from(struct work *work, uint64_t system_identifier, struct pg_wal_segment from,
          pg_timeline last_timeline, const char *reason, struct error *err)
{
    struct wal_rule rule = {
        .system_identifier = system_identifier,
        .first_timeline = from.timeline,
        .last_timeline = last_timeline,
        .first = from.number,
        .last = WAL_RULE_NO_END,
    };

    snprintf(rule.reason, sizeof(rule.reason), "%s", reason);
    return wal_rules_add(&work->plan->rules, &rule, err);
}

/* The newest backup that is older than the minimum age; what lies before it is older still. */
static const struct backup *
find_age_mark(const struct work *work, uint64_t system_identifier)
{
    const struct retention_request *request = work->request;
    const struct backup *mark = NULL;

    for (size_t index = 0; index < request->catalog->backup_count; index++)
    {
        const struct backup *backup = &request->catalog->backups[index];

        if (backup->system_identifier == system_identifier &&
            backup->started <= request->now - request->policy->minimum_age_us &&
            (mark == NULL || backup->started >= mark->started))
            mark = backup;
    }
    return mark;
}

static enum status
keep_young_wal(struct work *work, const struct wal_chain *chain, struct error *err)
{
    const char *reason = "may be younger than the minimum age";
    const struct backup *mark = find_age_mark(work, chain->system_identifier);
    struct pg_wal_segment from = {0, 0};

    if (mark == NULL)
        return keep_from(work, chain->system_identifier, from, UINT32_MAX, reason, err);
    from = pg_wal_segment_of(mark->start, chain->segment_size);
    TRY(keep_from(work, chain->system_identifier, from, from.timeline, reason, err));
    from = (struct pg_wal_segment){from.timeline + 1, 0};
    return keep_from(work, chain->system_identifier, from, UINT32_MAX, reason, err);
}

/*
 * What makes it consistent.  A timeline that begins inside these segments has
 * its own copies, and recovery to it would read those.
 */
static enum status
keep_own_wal(struct work *work, const struct backup *backup, struct error *err)
{
    struct wal_rule rule = {
        .system_identifier = backup->system_identifier,
        .first_timeline = backup->start.timeline,
        .last_timeline = UINT32_MAX,
        .first = pg_wal_segment_of(backup->start, backup->wal_segment_size).number,
        .last = pg_wal_segment_before(backup->stop, backup->wal_segment_size).number,
    };

    snprintf(rule.reason, sizeof(rule.reason), "makes backup %s consistent", backup->id);
    return wal_rules_add(&work->plan->rules, &rule, err);
}

static enum status
plan_cluster(struct work *work, const struct wal_chain *chain, struct error *err)
{
    struct retention_backup *last = find_last_good(work, chain->system_identifier);

    if (!is_alive(work, chain->system_identifier))
        return OK;
    if (last == NULL)
        return keep_from(work, chain->system_identifier, (struct pg_wal_segment){0, 0}, UINT32_MAX,
                         "of a cluster that has no good backup", err);
    reasons_add(keep(last), "last good one of its cluster");
    TRY(plan_window(work, chain, err));
    return keep_young_wal(work, chain, err);
}

static enum status
cut_chain(struct work *work, const struct wal_chain *chain, struct error *err)
{
    struct wal_span template = {.system_identifier = chain->system_identifier,
                                .segment_size = chain->segment_size};

    work->plan->clusters[work->plan->cluster_count++] = chain->system_identifier;
    snprintf(template.reason, sizeof(template.reason), "%s",
             is_alive(work, chain->system_identifier) ? REASON_UNNEEDED : REASON_LEFT);
    for (size_t index = 0; index < chain->archived.count; index++)
        TRY(wal_rules_cut(&work->plan->rules, &template, chain->archived.items[index],
                          &work->plan->wal, err));
    return OK;
}

static enum status
make(struct work *work, struct error *err)
{
    const struct retention_request *request = work->request;

    TRY(start_work(work, err));
    TRY(plan_shelf(work, err));
    for (size_t index = 0; index < request->chain_count; index++)
        TRY(plan_cluster(work, &request->chains[index], err));
    for (size_t index = 0; index < work->plan->backup_count; index++)
        if (work->plan->backups[index].keep)
            TRY(keep_own_wal(work, work->plan->backups[index].backup, err));
    for (size_t index = 0; index < request->chain_count; index++)
        TRY(cut_chain(work, &request->chains[index], err));
    return OK;
}

enum status
retention_plan_make(const struct retention_request *request, struct retention_plan *plan,
                    struct error *err)
{
    SCOPED(retention_plan_release) struct retention_plan made = {0};
    SCOPED(release_work) struct work work = {.request = request, .plan = &made};

    TRY(retention_policy_check(request->policy, err));
    TRY(doubt_check(request->catalog, request->now, err));
    TRY(make(&work, err));
    *plan = made;
    made = (struct retention_plan){0};
    return OK;
}

bool
retention_plan_keeps_wal(const struct retention_plan *plan, uint64_t system_identifier,
                         struct pg_wal_segment segment)
{
    bool known = false;

    for (size_t index = 0; index < plan->cluster_count; index++)
        known = known || plan->clusters[index] == system_identifier;
    return !known || wal_rules_find(&plan->rules, system_identifier, segment) != NULL;
}
