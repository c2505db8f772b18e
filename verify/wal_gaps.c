// SPDX-License-Identifier: PostgreSQL
#include "verify/wal_gaps.h"

#include <stdlib.h>

static int
compare(const void *left, const void *right)
{
    const struct wal_gap *one = left;
    const struct wal_gap *other = right;

    if (one->timeline != other->timeline)
        return one->timeline < other->timeline ? -1 : 1;
    if (one->first != other->first)
        return one->first < other->first ? -1 : 1;
    return (one->last > other->last) - (one->last < other->last);
}

static enum status
add(struct wal_gaps *gaps, struct wal_gap gap, struct error *err)
{
    struct wal_gap *grown;

    /* Two timelines may have left a third at the same place. */
    for (size_t index = 0; index < gaps->count; index++)
        if (compare(&gaps->items[index], &gap) == 0)
            return OK;
    grown = realloc(gaps->items, (gaps->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    gaps->items = grown;
    gaps->items[gaps->count++] = gap;
    return OK;
}

/* The first or the last run of a timeline; NULL when it has none. */
static const struct wal_run *
end_run(const struct wal_runs *runs, pg_timeline timeline, bool last)
{
    const struct wal_run *found = NULL;

    for (size_t index = 0; index < runs->count; index++)
        if (runs->items[index].timeline == timeline && (found == NULL || last))
            found = &runs->items[index];
    return found;
}

static enum status
find_inside(const struct wal_runs *runs, struct wal_gaps *gaps, struct error *err)
{
    for (size_t index = 1; index < runs->count; index++)
    {
        const struct wal_run *before = &runs->items[index - 1];
        const struct wal_run *behind = &runs->items[index];

        if (before->timeline == behind->timeline)
            TRY(add(gaps,
                    (struct wal_gap){before->timeline, before->last + 1, behind->first - 1,
                                     WAL_GAP_INSIDE, 0},
                    err));
    }
    return OK;
}

/*
 * The segment in which a timeline was left is archived under the new one's
 * name, and under the old one's only in part.
 */
static enum status
find_at_fork(const struct wal_chain *chain, const struct pg_history *history, struct wal_gaps *gaps,
             struct error *err)
{
    const struct pg_history_entry *parent = &history->ancestors[history->ancestor_count - 1];
    const struct wal_run *own = end_run(&chain->archived, history->timeline, false);
    const struct wal_run *old = end_run(&chain->archived, parent->timeline, true);
    uint64_t fork = parent->switch_lsn / chain->segment_size;

    if (own == NULL)
        return OK;
    if (own->first > fork)
        TRY(add(gaps,
                (struct wal_gap){history->timeline, fork, own->first - 1, WAL_GAP_BEGINNING,
                                 parent->timeline},
                err));
    if (old == NULL || old->last + 1 >= fork)
        return OK;
    return add(gaps,
               (struct wal_gap){parent->timeline, old->last + 1, fork - 1, WAL_GAP_BEFORE_FORK,
                                history->timeline},
               err);
}

enum status
wal_gaps_find(const struct wal_chain *chain, struct wal_gaps *gaps, struct error *err)
{
    TRY(find_inside(&chain->archived, gaps, err));
    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].ancestor_count > 0)
            TRY(find_at_fork(chain, &chain->histories[index], gaps, err));
    if (gaps->count > 1)
        qsort(gaps->items, gaps->count, sizeof(*gaps->items), compare);
    return OK;
}

void
wal_gaps_release(struct wal_gaps *gaps)
{
    free(gaps->items);
    *gaps = (struct wal_gaps){0};
}
