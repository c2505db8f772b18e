// SPDX-License-Identifier: PostgreSQL
#include "retention/dump_plan.h"

#include "retention/shelf.h"

#include <stdlib.h>
#include <string.h>

struct work
{
    const struct catalog *catalog; /* these three are what was asked */
    const struct retention_policy *policy;
    time_us now;

    const struct dump **sorted; /* owned; by database */
    struct shelf_item *shelf;   /* owned; for those of one database */
};

void
dump_plan_release(struct dump_plan *plan)
{
    free(plan->dumps);
    *plan = (struct dump_plan){0};
}

static void
release_work(struct work *work)
{
    free(work->sorted);
    free(work->shelf);
}

static enum status
start(struct work *work, struct dump_plan *plan, struct error *err)
{
    size_t count = work->catalog->dump_count;

    plan->dumps = calloc(count + 1, sizeof(*plan->dumps));
    work->shelf = calloc(count + 1, sizeof(*work->shelf));
    if (plan->dumps == NULL || work->shelf == NULL)
        return error_no_memory(err);
    plan->count = count;
    return catalog_sort_dumps(work->catalog, &work->sorted, err);
}

static struct shelf_item
shelve(const struct catalog *catalog, const struct dump *dump)
{
    char id[DUMP_ID_SIZE];
    const struct hold *hold;

    dump_id(dump, id);
    hold = catalog_find_hold(catalog, id);
    return (struct shelf_item){
        .taken = dump->started,
        .finished = dump->finished,
        .good = !dump->suspicious,
        .flaw = "suspicious",
        .held_until = hold == NULL ? SHELF_NOT_HELD : hold->until,
    };
}

/* The dumps of one database. */
static enum status
plan_database(const struct work *work, const struct dump *const *dumps, size_t count,
              struct dump_plan *plan, struct error *err)
{
    for (size_t index = 0; index < count; index++)
        work->shelf[index] = shelve(work->catalog, dumps[index]);
    TRY(shelf_plan(work->shelf, count, work->policy, work->now, err));
    for (size_t index = 0; index < count; index++)
        plan->dumps[dumps[index] - work->catalog->dumps] = (struct planned_dump){
            .dump = dumps[index],
            .keep = work->shelf[index].keep,
            .reasons = work->shelf[index].reasons,
        };
    return OK;
}

/* How many from the first on are of its database. */
static size_t
count_database(const struct dump *const *dumps, size_t count)
{
    size_t same = 1;

    while (same < count && strcmp(dumps[same]->database, dumps[0]->database) == 0)
        same++;
    return same;
}

enum status
dump_plan_make(const struct catalog *catalog, const struct retention_policy *policy, time_us now,
               struct dump_plan *plan, struct error *err)
{
    SCOPED(release_work) struct work work = {.catalog = catalog, .policy = policy, .now = now};
    SCOPED(dump_plan_release) struct dump_plan made = {0};

    TRY(start(&work, &made, err));
    for (size_t first = 0; first < made.count;)
    {
        const struct dump *const *dumps = work.sorted + first;
        size_t count = count_database(dumps, made.count - first);

        TRY(plan_database(&work, dumps, count, &made, err));
        first += count;
    }
    *plan = made;
    made = (struct dump_plan){0};
    return OK;
}
