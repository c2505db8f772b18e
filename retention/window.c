// SPDX-License-Identifier: PostgreSQL
#include "retention/window.h"

#include "retention/periods.h"
#include "retention/stretches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A timeline's path, and the usable backups on it in the order of their LSNs. */
struct path
{
    const struct pg_history *history;
    struct window_backup **backups;
    size_t count;
    size_t old_count; /* so many of them are older than the window */
};

static int64_t
span(const struct retention_policy *policy)
{
    return policy->recovery_window_us > policy->minimum_age_us ? policy->recovery_window_us
                                                               : policy->minimum_age_us;
}

time_us
window_start(const struct retention_policy *policy, time_us now)
{
    return now - span(policy);
}

static bool
is_ours(const struct window_question *question, const struct window_backup *candidate)
{
    return candidate->backup->system_identifier == question->chain->system_identifier;
}

/* Its first segment, and the last that it needs to be consistent. */
static struct stretch
own_stretch(const struct window_question *question, const struct backup *backup)
{
    uint32_t segment_size = question->chain->segment_size;

    return (struct stretch){pg_wal_segment_of(backup->start, segment_size).number,
                            pg_wal_segment_before(backup->stop, segment_size).number};
}

static void
give_role(struct window_backup *backup, enum window_role role, pg_timeline timeline)
{
    if (role < backup->role)
        return;
    backup->role = role;
    backup->timeline = timeline;
}

/* Timelines */

/*
 * How many backups, in the order of their commits, are known to be older than
 * the window: up to the first that is not.
 */
static size_t
count_old(const struct window_question *question)
{
    size_t count = 0;

    while (count < question->count &&
           (!is_ours(question, &question->backups[count]) || !question->backups[count].usable ||
            question->backups[count].backup->stopped < question->start))
        count++;
    return count;
}

/* The last usable backup from first to before end, of one timeline or of all with 0; or NULL. */
static struct window_backup *
find_last(const struct window_question *question, size_t first, size_t end, pg_timeline timeline)
{
    struct window_backup *last = NULL;

    for (size_t index = first; index < end; index++)
    {
        struct window_backup *candidate = &question->backups[index];

        if (is_ours(question, candidate) && candidate->usable &&
            (timeline == 0 || candidate->backup->stop.timeline == timeline))
            last = candidate;
    }
    return last;
}

/* Does the window begin after this timeline was left? */
static bool
seems_left(const struct window_question *question, pg_timeline timeline)
{
    const struct window_backup *at_start = find_last(question, 0, count_old(question), 0);

    return at_start != NULL && timeline < at_start->backup->stop.timeline;
}

/* The usable backups of timelines up to this one. */
static size_t
count_up_to(const struct window_question *question, pg_timeline timeline)
{
    size_t count = 0;

    for (size_t index = 0; index < question->count; index++)
        count += is_ours(question, &question->backups[index]) && question->backups[index].usable &&
                 question->backups[index].backup->stop.timeline <= timeline;
    return count;
}

/*
 * A timeline may be older than the repository, which then has no history of it;
 * its own backups need none.  But before its first backup, those of older
 * timelines may lead to it.
 */
static enum status
check_history(const struct window_question *question, pg_timeline timeline, struct error *err)
{
    char name[PG_WAL_FILE_NAME_SIZE];

    if (count_up_to(question, timeline) == 0 ||
        count_up_to(question, timeline) > count_up_to(question, timeline - 1))
        return OK;
    pg_wal_history_name(timeline, name);
    error_set(err, STATUS_REFUSED,
              "the archive has WAL of timeline %" PRIu32 ", but not its history file %s", timeline,
              name);
    error_detail(err, "Nothing tells which backups and which WAL lead to that timeline.");
    error_hint(err, "Archive the file from the server's pg_wal directory, or take a backup.");
    return STATUS_REFUSED;
}

/* Paths */

static int
compare_positions(const void *left_item, const void *right_item)
{
    const struct backup *left = (*(struct window_backup *const *) left_item)->backup;
    const struct backup *right = (*(struct window_backup *const *) right_item)->backup;

    if (left->stop.lsn != right->stop.lsn)
        return left->stop.lsn < right->stop.lsn ? -1 : 1;
    return (left->stop.timeline > right->stop.timeline) -
           (left->stop.timeline < right->stop.timeline);
}

/* Backups is the caller's, with room for all. */
static void
walk_path(const struct window_question *question, struct path *path)
{
    path->count = 0;
    for (size_t index = 0; index < question->count; index++)
    {
        struct window_backup *candidate = &question->backups[index];

        if (is_ours(question, candidate) && candidate->usable &&
            pg_history_contains(path->history, candidate->backup->stop))
            path->backups[path->count++] = candidate;
    }
    qsort(path->backups, path->count, sizeof(struct window_backup *), compare_positions);
    path->old_count = 0;
    while (path->old_count < path->count &&
           path->backups[path->old_count]->backup->stopped < question->start)
        path->old_count++;
}

/* Can recovery from this backup read the stretch, once it is consistent? */
static bool
leads_into(const struct window_question *question, const struct backup *backup,
           struct stretch stretch)
{
    struct stretch own = own_stretch(question, backup);

    if (stretch.first <= own.first && own.last <= stretch.last)
        return true;
    /* It carries what the archive lacks, but the segment in which it stopped only in part. */
    return backup->wal_kept > 0 && own.first <= stretch.last &&
           stretch.first <= backup->stop.lsn / question->chain->segment_size;
}

/* Does an old backup lie behind it? */
static bool
is_dead(const struct window_question *question, const struct path *path, struct stretch stretch)
{
    return path->old_count > 0 &&
           own_stretch(question, path->backups[path->old_count - 1]->backup).first > stretch.last;
}

/* Anchors */

/* All that recovery may read from this backup on, along the path. */
static enum status
keep_wal(const struct window_question *question, const struct path *path,
         const struct backup *anchor, struct error *err)
{
    struct wal_rule rule = {.system_identifier = question->chain->system_identifier};

    snprintf(rule.reason, sizeof(rule.reason), "recovery window, from backup %s", anchor->id);
    return wal_rules_add_path(question->rules, &rule, path->history, question->chain->segment_size,
                              own_stretch(question, anchor).first, err);
}

/*
 * Those from which recovery may begin one day: a week's, a day's, or all.  A
 * window without length begins at the newest backup, which always stays.
 */
static void
choose_steps(const struct window_question *question, struct period_item *items, size_t count)
{
    int64_t length = span(question->policy);
    bool days = (int64_t) question->policy->daily * US_PER_DAY >= length;

    if (length == 0)
        for (size_t at = 0; at < count; at++)
            items[at].chosen = true;
    else
        periods_choose(items, count, days ? PERIOD_DAY : PERIOD_WEEK, PERIODS_ALL,
                       question->policy);
}

/*
 * The anchor among items, which are the path's backups that lead into one
 * stretch; those inside the window that may become one later are marked.
 */
static struct window_backup *
find_anchor(const struct window_question *question, const struct path *path,
            struct period_item *items, size_t count)
{
    size_t oldest = path->count;
    size_t anchor = path->count;

    choose_steps(question, items, count);
    for (size_t at = 0; at < count; at++)
    {
        size_t index = items[at].index;

        if (index < oldest)
            oldest = index;
        if (index >= path->old_count && items[at].chosen)
            give_role(path->backups[index], WINDOW_LATER, path->history->timeline);
        if (index < path->old_count && (items[at].chosen || path->backups[index]->stays) &&
            (anchor == path->count || index > anchor))
            anchor = index;
    }
    return path->backups[anchor == path->count ? oldest : anchor];
}

/* Items has room for the whole path.  *role is what an anchor is, now and after this stretch. */
static enum status
settle_stretch(const struct window_question *question, const struct path *path,
               struct stretch stretch, struct period_item *items, enum window_role *role,
               struct error *err)
{
    struct window_backup *anchor;
    size_t count = 0;

    if (is_dead(question, path, stretch))
        return OK;
    for (size_t index = 0; index < path->count; index++)
        if (leads_into(question, path->backups[index]->backup, stretch))
            items[count++] = (struct period_item){.taken = path->backups[index]->backup->started,
                                                  .index = index};
    if (count == 0)
        return OK;
    anchor = find_anchor(question, path, items, count);
    give_role(anchor, *role, path->history->timeline);
    *role = WINDOW_BEHIND_GAP;
    return keep_wal(question, path, anchor->backup, err);
}

static enum status
settle_path(const struct window_question *question, const struct pg_history *history,
            struct error *err)
{
    SCOPED(freep) struct window_backup **backups = calloc(question->count + 1, sizeof(*backups));
    SCOPED(freep) struct period_item *items = calloc(question->count + 1, sizeof(*items));
    SCOPED(stretches_release) struct stretches stretches = {0};
    struct path path = {.history = history, .backups = backups};
    enum window_role role = WINDOW_START;

    if (backups == NULL || items == NULL)
        return error_no_memory(err);
    walk_path(question, &path);
    TRY(stretches_find(&question->chain->archived, question->chain->segment_size, history,
                       &stretches, err));
    for (size_t index = 0; index < stretches.count; index++)
        TRY(settle_stretch(question, &path, stretches.items[index], items, &role, err));
    return OK;
}

static enum status
settle_timeline(const struct window_question *question, pg_timeline timeline, struct error *err)
{
    const struct pg_history *history = wal_chain_history(question->chain, timeline);
    struct pg_history root = pg_history_root(timeline);

    if (seems_left(question, timeline))
    {
        struct window_backup *later =
            find_last(question, count_old(question), question->count, timeline);

        if (later == NULL)
            return OK;
        /* It was not, and this backup stays as long as that matters. */
        give_role(later, WINDOW_LATER, timeline);
    }
    if (history == NULL)
        TRY(check_history(question, timeline, err));
    return settle_path(question, history == NULL ? &root : history, err);
}

/* The next timeline that has WAL or a history; UINT32_MAX when there is none. */
static pg_timeline
next_timeline(const struct wal_chain *chain, pg_timeline last)
{
    pg_timeline next = UINT32_MAX;

    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].timeline > last && chain->histories[index].timeline < next)
            next = chain->histories[index].timeline;
    for (size_t index = 0; index < chain->archived.count; index++)
        if (chain->archived.items[index].timeline > last &&
            chain->archived.items[index].timeline < next)
            next = chain->archived.items[index].timeline;
    return next;
}

enum status
window_find(const struct window_question *question, struct error *err)
{
    for (pg_timeline timeline = next_timeline(question->chain, 0); timeline != UINT32_MAX;
         timeline = next_timeline(question->chain, timeline))
        TRY(settle_timeline(question, timeline, err));
    return OK;
}
