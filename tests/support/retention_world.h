// SPDX-License-Identifier: PostgreSQL
/*
 * retention_world.h - years of a cluster's life in a second, to test retention on.
 *
 * A world has a true time, a cluster that writes WAL, an archive and a catalog.
 * Tests let nights pass, take backups, promote, recover to earlier points, lose
 * WAL, and expire; whatever they do, the world knows which moments can be
 * recovered, by a look at each single segment, and shares no code for it with
 * retention/.
 */
#pragma once

#include "retention/plan.h"

#define WORLD_SEGMENT_SIZE (UINT32_C(1) << 20)
#define WORLD_SYSTEM_ID    UINT64_C(42)
#define WORLD_TIMELINES    64
#define WORLD_SEGMENTS     8192

/* A place that the cluster passed at some time. */
struct world_moment
{
    time_us time;
    struct pg_wal_position position;
    bool reached; /* when world_look looked */
};

struct world
{
    time_us now;
    int64_t clock_error_us; /* of the host that takes backups */
    uint64_t random;
    struct retention_policy policy;

    struct pg_wal_position at;
    struct pg_history histories[WORLD_TIMELINES]; /* by timeline - 1 */
    size_t timeline_count;
    bool archived[WORLD_TIMELINES][WORLD_SEGMENTS]; /* by timeline - 1 */
    bool archiver_stuck;
    uint64_t unarchived; /* of the present timeline, the first segment not handed over */

    struct world_moment *moments;
    size_t moment_count;

    struct catalog catalog; /* what there is */
    struct backup *ever;    /* what there ever was */
    size_t ever_count;
};

struct world *world_create(uint64_t seed, const struct retention_policy *policy);
void world_freep(struct world **world);

/* From 0 to below, the same for the same seed. */
uint64_t world_random(struct world *world, uint64_t below);

/* One hour in which the cluster writes half a segment or so. */
void world_pass_hour(struct world *world);
void world_pass_hours(struct world *world, int hours);

/* A backup that begins now and takes half an hour. */
const struct backup *world_backup(struct world *world, bool damaged);

/* The cluster goes on on a new timeline, from here or from an earlier moment. */
void world_promote(struct world *world);
void world_recover(struct world *world, const struct world_moment *moment);

/* A segment is lost that was archived some segments ago. */
void world_lose_segment(struct world *world, uint64_t ago);

/* Mark the moments since a time that can be recovered with what there is. */
void world_look(struct world *world, time_us since);

/* One of the last days that can be recovered; NULL when chance finds none. */
const struct world_moment *world_past_moment(struct world *world, int days);

/* Is all the WAL there that makes a backup consistent? */
bool world_completes(const struct world *world, const struct backup *backup);

/* Plan, at a clock's time, for what there is. */
enum status world_plan(struct world *world, time_us clock, struct retention_plan *plan,
                       struct error *err);

/* Take out of the catalog and the archive what the plan lets go. */
void world_apply(struct world *world, const struct retention_plan *plan);
