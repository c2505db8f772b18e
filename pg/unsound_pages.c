// SPDX-License-Identifier: PostgreSQL
#include "pg/unsound_pages.h"

#include <assert.h>
#include <stdlib.h>

#define RUN_LIMIT 262144

/* Blocks of a relation; all blocks of relfilenode 0 stand for a database. */
struct run
{
    uint32_t tablespace;
    uint32_t database;
    uint32_t relfilenode;
    uint32_t first;
    uint32_t last;
};

struct pg_unsound_pages
{
    size_t limit; /* does not change */

    bool everything;
    struct run *runs;
    size_t count;
    size_t capacity;
};

enum status
pg_unsound_pages_create(struct pg_unsound_pages **pages, size_t run_limit, struct error *err)
{
    struct pg_unsound_pages *created = calloc(1, sizeof(*created));

    if (created == NULL)
        return error_no_memory(err);
    created->limit = run_limit == 0 ? RUN_LIMIT : run_limit;
    *pages = created;
    return OK;
}

void
pg_unsound_pages_freep(struct pg_unsound_pages **pages)
{
    if (*pages == NULL)
        return;
    free((*pages)->runs);
    free(*pages);
    *pages = NULL;
}

static int
compare_numbers(uint32_t left, uint32_t right)
{
    return left < right ? -1 : left > right;
}

static int
compare_relations(const struct run *left, const struct run *right)
{
    int order = compare_numbers(left->tablespace, right->tablespace);

    if (order == 0)
        order = compare_numbers(left->database, right->database);
    return order == 0 ? compare_numbers(left->relfilenode, right->relfilenode) : order;
}

static int
compare_runs(const void *left, const void *right)
{
    int order = compare_relations(left, right);

    return order == 0 ? compare_numbers(((const struct run *) left)->first,
                                        ((const struct run *) right)->first)
                      : order;
}

/* Make one of sorted runs of a relation that are at most gap blocks apart. */
static void
join(struct pg_unsound_pages *pages, uint64_t gap)
{
    size_t kept = 0;

    for (size_t index = 0; index < pages->count; index++)
    {
        const struct run *run = &pages->runs[index];
        struct run *last = kept == 0 ? NULL : &pages->runs[kept - 1];

        if (last == NULL || compare_relations(last, run) != 0 || run->first > last->last + gap + 1)
            pages->runs[kept++] = *run;
        else if (run->last > last->last)
            last->last = run->last;
    }
    pages->count = kept;
}

void
pg_unsound_pages_sort(struct pg_unsound_pages *pages)
{
    if (pages->count == 0)
        return;
    qsort(pages->runs, pages->count, sizeof(*pages->runs), compare_runs);
    join(pages, 0);
}

/* There is no more memory: know less, and so distrust more. */
static void
coarsen(struct pg_unsound_pages *pages)
{
    for (uint64_t gap = 1; gap <= UINT32_MAX && pages->count > pages->limit / 2; gap *= 2)
        join(pages, gap);
    if (pages->count <= pages->limit / 2)
        return;
    pages->everything = true;
    pages->count = 0;
}

static enum status
make_room(struct pg_unsound_pages *pages, struct error *err)
{
    size_t capacity = pages->capacity == 0 ? 1024 : pages->capacity * 2;
    struct run *grown;

    pg_unsound_pages_sort(pages);
    if (pages->capacity == pages->limit)
        coarsen(pages);
    if (pages->count <= pages->capacity / 2 && pages->capacity > 0)
        return OK;
    if (capacity > pages->limit)
        capacity = pages->limit;
    assert(capacity > 0); /* no limit is 0 */
    grown = realloc(pages->runs, capacity * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    pages->runs = grown;
    pages->capacity = capacity;
    return OK;
}

static enum status
add_run(struct pg_unsound_pages *pages, struct run run, struct error *err)
{
    struct run *last = pages->count == 0 ? NULL : &pages->runs[pages->count - 1];

    if (pages->everything)
        return OK;
    /* VACUUM goes from the first block to the last. */
    if (last != NULL && compare_relations(last, &run) == 0 &&
        run.first == (uint64_t) last->last + 1)
    {
        last->last = run.last;
        return OK;
    }
    if (pages->count == pages->capacity)
        TRY(make_room(pages, err));
    if (!pages->everything)
        pages->runs[pages->count++] = run;
    return OK;
}

enum status
pg_unsound_pages_add(struct pg_unsound_pages *pages, const struct pg_unsound *unsound,
                     struct error *err)
{
    struct run run = {unsound->tablespace, unsound->database, unsound->relfilenode, unsound->block,
                      unsound->block};

    switch (unsound->kind)
    {
    case PG_UNSOUND_NONE:
        return OK;
    case PG_UNSOUND_PAGE:
        break;
    case PG_UNSOUND_DATABASE:
        run = (struct run){unsound->tablespace, unsound->database, 0, 0, UINT32_MAX};
        break;
    case PG_UNSOUND_EVERYTHING:
        pages->everything = true;
        return OK;
    }
    return add_run(pages, run, err);
}

/* Among sorted runs: does one of this relation hold the block? */
static bool
holds(const struct pg_unsound_pages *pages, const struct run *wanted)
{
    size_t low = 0;
    size_t high = pages->count;

    /* The runs before low begin at the block or before it, those from high on behind it. */
    while (low < high)
    {
        size_t middle = low + (high - low) / 2;

        if (compare_runs(&pages->runs[middle], wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && compare_relations(&pages->runs[low - 1], wanted) == 0 &&
           pages->runs[low - 1].last >= wanted->first;
}

bool
pg_unsound_pages_all(const struct pg_unsound_pages *pages, const struct pg_relation_path *relation)
{
    struct run database = {relation->tablespace, relation->database, 0, 0, 0};

    return pages->everything || holds(pages, &database);
}

bool
pg_unsound_pages_has(const struct pg_unsound_pages *pages, const struct pg_relation_path *relation,
                     uint32_t block)
{
    struct run page = {relation->tablespace, relation->database, relation->relfilenode, block,
                       block};

    return pg_unsound_pages_all(pages, relation) ||
           (relation->fork == PG_FORK_MAIN && holds(pages, &page));
}
