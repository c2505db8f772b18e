// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/retention_world.h"

#include <stdio.h>
#include <stdlib.h>

/* 2024-01-01, a Monday. */
#define WORLD_BEGIN (INT64_C(1704067200) * US_PER_SECOND)

static void *
grow(void *memory, size_t size)
{
    void *grown = realloc(memory, size);

    assert_non_null(grown);
    return grown;
}

struct world *
world_create(uint64_t seed, const struct retention_policy *policy)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->random = seed;
    world->policy = *policy;
    world->now = WORLD_BEGIN;
    world->at = (struct pg_wal_position){1, WORLD_SEGMENT_SIZE};
    world->unarchived = 1;
    world->timeline_count = 1;
    world->histories[0] = pg_history_root(1);
    world->catalog.lineages = calloc(1, sizeof(struct lineage));
    assert_non_null(world->catalog.lineages);
    world->catalog.lineages[0] = (struct lineage){WORLD_SYSTEM_ID, WORLD_SEGMENT_SIZE, 17};
    world->catalog.lineage_count = 1;
    return world;
}

void
world_freep(struct world **world)
{
    if (*world == NULL)
        return;
    for (size_t index = 0; index < (*world)->timeline_count; index++)
        pg_history_release(&(*world)->histories[index]);
    free((*world)->moments);
    free((*world)->ever);
    catalog_release(&(*world)->catalog);
    free(*world);
    *world = NULL;
}

/* splitmix64 */
uint64_t
world_random(struct world *world, uint64_t below)
{
    uint64_t mixed = world->random += UINT64_C(0x9E3779B97F4A7C15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (mixed ^ (mixed >> 31)) % below;
}

/* Hand over all segments that are complete. */
static void
archive(struct world *world)
{
    uint64_t present = world->at.lsn / WORLD_SEGMENT_SIZE;

    assert_true(present < WORLD_SEGMENTS);
    if (world->archiver_stuck)
        return;
    for (; world->unarchived < present; world->unarchived++)
        world->archived[world->at.timeline - 1][world->unarchived] = true;
}

static void
note_moment(struct world *world)
{
    if ((world->moment_count & (world->moment_count - 1)) == 0)
        world->moments =
            grow(world->moments, (world->moment_count == 0 ? 1 : world->moment_count * 2) *
                                     sizeof(*world->moments));
    world->moments[world->moment_count++] =
        (struct world_moment){world->now, world->at, .reached = false};
}

static void
pass(struct world *world, int64_t minutes, uint64_t bytes)
{
    world->now += minutes * 60 * US_PER_SECOND;
    world->at.lsn += bytes;
    archive(world);
}

void
world_pass_hour(struct world *world)
{
    pass(world, 60, 40 + world_random(world, WORLD_SEGMENT_SIZE / 4));
    note_moment(world);
}

void
world_pass_hours(struct world *world, int hours)
{
    for (int hour = 0; hour < hours; hour++)
        world_pass_hour(world);
}

static void
commit(struct world *world, const struct backup *backup)
{
    struct catalog *catalog = &world->catalog;

    catalog->backups =
        grow(catalog->backups, (catalog->backup_count + 1) * sizeof(*catalog->backups));
    catalog->backups[catalog->backup_count++] = *backup;
    catalog->last_time = backup->stopped;
    world->ever = grow(world->ever, (world->ever_count + 1) * sizeof(*world->ever));
    world->ever[world->ever_count++] = *backup;
}

const struct backup *
world_backup(struct world *world, bool damaged)
{
    struct backup backup = {
        .system_identifier = WORLD_SYSTEM_ID,
        .major = 17,
        .wal_segment_size = WORLD_SEGMENT_SIZE,
        .start = world->at,
        .started = world->now + world->clock_error_us,
        .damaged = damaged,
    };

    snprintf(backup.id, sizeof(backup.id), "%zu", world->ever_count);
    pass(world, 30, 40 + world_random(world, WORLD_SEGMENT_SIZE / 4));
    backup.stop = world->at;
    backup.stopped = world->now + world->clock_error_us;
    /* The server switches segments at the end. */
    pass(world, 0, WORLD_SEGMENT_SIZE - world->at.lsn % WORLD_SEGMENT_SIZE + 40);
    if (world->archiver_stuck)
        backup.wal_kept = 1;
    commit(world, &backup);
    note_moment(world);
    return &world->ever[world->ever_count - 1];
}

/* The history of a new timeline that leaves an old one at a position. */
static void
branch(struct world *world, struct pg_wal_position from)
{
    const struct pg_history *parent = &world->histories[from.timeline - 1];
    struct pg_history *history = &world->histories[world->timeline_count];

    assert_true(world->timeline_count < WORLD_TIMELINES);
    *history = pg_history_root((pg_timeline) ++world->timeline_count);
    history->ancestors = calloc(parent->ancestor_count + 1, sizeof(*history->ancestors));
    assert_non_null(history->ancestors);
    if (parent->ancestor_count > 0)
        memcpy(history->ancestors, parent->ancestors,
               parent->ancestor_count * sizeof(*history->ancestors));
    history->ancestors[parent->ancestor_count] = (struct pg_history_entry){from.timeline, from.lsn};
    history->ancestor_count = parent->ancestor_count + 1;
    world->at = (struct pg_wal_position){history->timeline, from.lsn};
    world->unarchived = from.lsn / WORLD_SEGMENT_SIZE;
}

void
world_promote(struct world *world)
{
    branch(world, world->at);
}

void
world_recover(struct world *world, const struct world_moment *moment)
{
    branch(world, moment->position);
}

void
world_lose_segment(struct world *world, uint64_t ago)
{
    uint64_t present = world->at.lsn / WORLD_SEGMENT_SIZE;

    if (present > ago)
        world->archived[world->at.timeline - 1][present - ago] = false;
}

/* The timeline from which a path reads a segment: the newest that it follows in it. */
static pg_timeline
reads_from(const struct pg_history *path, uint64_t number)
{
    for (size_t index = 0; index < path->ancestor_count; index++)
        if ((number + 1) * WORLD_SEGMENT_SIZE <= path->ancestors[index].switch_lsn)
            return path->ancestors[index].timeline;
    return path->timeline;
}

/* Does the path go through a position?  Where it left a timeline, the end counts. */
static bool
goes_through(const struct pg_history *path, struct pg_wal_position position)
{
    pg_lsn begin = 0;

    for (size_t index = 0; index < path->ancestor_count; index++)
    {
        if (path->ancestors[index].timeline == position.timeline)
            return begin <= position.lsn && position.lsn <= path->ancestors[index].switch_lsn;
        begin = path->ancestors[index].switch_lsn;
    }
    return path->timeline == position.timeline && begin <= position.lsn;
}

/* The first segment that recovery from a backup along a path would miss. */
static uint64_t
first_missing(const struct world *world, const struct pg_history *path, const struct backup *backup)
{
    /* The last segment that the backup carries ends with it. */
    uint64_t carried = backup->wal_kept > 0 ? backup->stop.lsn / WORLD_SEGMENT_SIZE : 0;
    uint64_t number = backup->start.lsn / WORLD_SEGMENT_SIZE;

    while (number < WORLD_SEGMENTS &&
           (number < carried || world->archived[reads_from(path, number) - 1][number]))
        number++;
    return number;
}

bool
world_completes(const struct world *world, const struct backup *backup)
{
    const struct pg_history *path = &world->histories[backup->stop.timeline - 1];

    return backup->wal_kept > 0 ||
           (backup->stop.lsn - 1) / WORLD_SEGMENT_SIZE < first_missing(world, path, backup);
}

/* Mark what recovery from a backup along a path can reach. */
static void
mark_reached(struct world *world, size_t first, const struct pg_history *path,
             const struct backup *backup)
{
    uint64_t missing;

    if (backup->damaged || !goes_through(path, backup->stop))
        return;
    missing = first_missing(world, path, backup);
    for (size_t index = first; index < world->moment_count; index++)
    {
        struct world_moment *moment = &world->moments[index];

        if (backup->stop.lsn <= moment->position.lsn &&
            (moment->position.lsn - 1) / WORLD_SEGMENT_SIZE < missing &&
            goes_through(path, moment->position))
            moment->reached = true;
    }
}

void
world_look(struct world *world, time_us since)
{
    size_t first = world->moment_count;

    for (size_t index = 0; index < world->moment_count; index++)
        world->moments[index].reached = false;
    while (first > 0 && world->moments[first - 1].time >= since)
        first--;
    for (size_t timeline = 0; timeline < world->timeline_count; timeline++)
        for (size_t index = 0; index < world->catalog.backup_count; index++)
            mark_reached(world, first, &world->histories[timeline], &world->catalog.backups[index]);
}

const struct world_moment *
world_past_moment(struct world *world, int days)
{
    world_look(world, world->now - days * US_PER_DAY);
    for (int try = 0; try < 20; try++)
    {
        size_t back = world_random(world, (uint64_t) days * 24);

        if (back < world->moment_count && world->moments[world->moment_count - 1 - back].reached)
            return &world->moments[world->moment_count - 1 - back];
    }
    return NULL;
}

static enum status
list_archive(const struct world *world, struct wal_runs *runs, struct error *err)
{
    for (pg_timeline timeline = 1; timeline <= world->timeline_count; timeline++)
        for (uint64_t number = 0; number < WORLD_SEGMENTS; number++)
            if (world->archived[timeline - 1][number])
                TRY(wal_runs_add(runs, (struct wal_run){timeline, number, number}, err));
    return OK;
}

enum status
world_plan(struct world *world, time_us clock, struct retention_plan *plan, struct error *err)
{
    SCOPED(wal_runs_release) struct wal_runs archived = {0};
    struct wal_chain chain = {
        .system_identifier = WORLD_SYSTEM_ID,
        .segment_size = WORLD_SEGMENT_SIZE,
        .histories = world->histories,
        .history_count = world->timeline_count,
    };
    const struct retention_request request = {
        .catalog = &world->catalog,
        .chains = &chain,
        .chain_count = 1,
        .policy = &world->policy,
        .now = clock,
    };

    TRY(list_archive(world, &archived, err));
    chain.archived = archived;
    return retention_plan_make(&request, plan, err);
}

static void
apply_wal(struct world *world, const struct wal_span *span)
{
    for (uint64_t number = span->run.first; number <= span->run.last; number++)
    {
        assert_true(world->archived[span->run.timeline - 1][number]);
        if (!span->keep)
            world->archived[span->run.timeline - 1][number] = false;
    }
}

void
world_apply(struct world *world, const struct retention_plan *plan)
{
    size_t count = 0;

    assert_int_equal(plan->backup_count, world->catalog.backup_count);
    for (size_t index = 0; index < plan->wal.count; index++)
        apply_wal(world, &plan->wal.items[index]);
    for (size_t index = 0; index < plan->backup_count; index++)
        if (plan->backups[index].keep)
            world->catalog.backups[count++] = world->catalog.backups[index];
    world->catalog.backup_count = count;
}
