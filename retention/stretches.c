// SPDX-License-Identifier: PostgreSQL
#include "retention/stretches.h"

#include <stdlib.h>

void
stretches_release(struct stretches *stretches)
{
    free(stretches->items);
    *stretches = (struct stretches){0};
}

static enum status
add(struct stretches *stretches, struct stretch stretch, struct error *err)
{
    struct stretch *last = stretches->count == 0 ? NULL : &stretches->items[stretches->count - 1];
    struct stretch *grown;

    if (last != NULL && last->last + 1 == stretch.first)
    {
        last->last = stretch.last;
        return OK;
    }
    grown = realloc(stretches->items, (stretches->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    stretches->items = grown;
    stretches->items[stretches->count++] = stretch;
    return OK;
}

/* What there is of one timeline, from first to before end. */
static enum status
add_timeline(const struct wal_runs *archived, pg_timeline timeline, uint64_t first, uint64_t end,
             struct stretches *stretches, struct error *err)
{
    for (size_t index = 0; index < archived->count; index++)
    {
        const struct wal_run *run = &archived->items[index];
        struct stretch part = {run->first > first ? run->first : first,
                               run->last < end ? run->last : end - 1};

        if (run->timeline == timeline && part.first < end && part.first <= part.last)
            TRY(add(stretches, part, err));
    }
    return OK;
}

enum status
stretches_find(const struct wal_runs *archived, uint32_t segment_size,
               const struct pg_history *path, struct stretches *stretches, struct error *err)
{
    uint64_t first = 0;

    for (size_t index = 0; index < path->ancestor_count; index++)
    {
        uint64_t end = path->ancestors[index].switch_lsn / segment_size;

        TRY(add_timeline(archived, path->ancestors[index].timeline, first, end, stretches, err));
        first = end;
    }
    return add_timeline(archived, path->timeline, first, UINT64_MAX, stretches, err);
}
