// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_runs.h"

#include <stdlib.h>
#include <string.h>

void
wal_runs_release(struct wal_runs *runs)
{
    free(runs->items);
    *runs = (struct wal_runs){0};
}

/* The first run that ends at or after a segment: the one that holds it, or the next. */
static size_t
find(const struct wal_runs *runs, pg_timeline timeline, uint64_t number)
{
    size_t low = 0;
    size_t high = runs->count;

    while (low < high)
    {
        size_t middle = low + (high - low) / 2;
        const struct wal_run *run = &runs->items[middle];

        if (run->timeline < timeline || (run->timeline == timeline && run->last < number))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Put one run in the place of count others from index on. */
static enum status
splice(struct wal_runs *runs, size_t index, size_t count, struct wal_run run, struct error *err)
{
    if (count == 0)
    {
        struct wal_run *grown = realloc(runs->items, (runs->count + 1) * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        runs->items = grown;
    }
    memmove(&runs->items[index + 1], &runs->items[index + count],
            (runs->count - index - count) * sizeof(run));
    runs->items[index] = run;
    runs->count = runs->count + 1 - count;
    return OK;
}

enum status
wal_runs_add(struct wal_runs *runs, struct wal_run run, struct error *err)
{
    /* One that ends just before is joined too. */
    size_t index = find(runs, run.timeline, run.first == 0 ? 0 : run.first - 1);
    size_t count = 0;

    for (; index + count < runs->count; count++)
    {
        const struct wal_run *other = &runs->items[index + count];

        if (other->timeline != run.timeline ||
            (run.last != UINT64_MAX && other->first > run.last + 1))
            break;
        if (other->first < run.first)
            run.first = other->first;
        if (other->last > run.last)
            run.last = other->last;
    }
    return splice(runs, index, count, run, err);
}

/* The parts of a run that are not in the others. */
static enum status
add_rest(struct wal_runs *rest, struct wal_run run, const struct wal_runs *others,
         struct error *err)
{
    for (size_t index = find(others, run.timeline, run.first); index < others->count; index++)
    {
        const struct wal_run *other = &others->items[index];

        if (other->timeline != run.timeline || other->first > run.last)
            break;
        if (other->first > run.first)
            TRY(wal_runs_add(rest, (struct wal_run){run.timeline, run.first, other->first - 1},
                             err));
        if (other->last >= run.last)
            return OK;
        run.first = other->last + 1;
    }
    return wal_runs_add(rest, run, err);
}

enum status
wal_runs_subtract(struct wal_runs *runs, const struct wal_runs *others, struct error *err)
{
    SCOPED(wal_runs_release) struct wal_runs rest = {0};
    struct wal_runs old = *runs;

    for (size_t index = 0; index < runs->count; index++)
        TRY(add_rest(&rest, runs->items[index], others, err));
    *runs = rest;
    rest = old;
    return OK;
}

bool
wal_runs_have(const struct wal_runs *runs, struct pg_wal_segment segment)
{
    return wal_runs_touch(runs, (struct wal_run){segment.timeline, segment.number, segment.number});
}

bool
wal_runs_touch(const struct wal_runs *runs, struct wal_run run)
{
    size_t index = find(runs, run.timeline, run.first);

    return index < runs->count && runs->items[index].timeline == run.timeline &&
           runs->items[index].first <= run.last;
}

uint64_t
wal_runs_segments(const struct wal_runs *runs)
{
    uint64_t segments = 0;

    for (size_t index = 0; index < runs->count; index++)
        segments += runs->items[index].last - runs->items[index].first + 1;
    return segments;
}
