// SPDX-License-Identifier: PostgreSQL
#include "verify/missing_wal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RANGE_SIZE (2 * PG_WAL_SEGMENT_NAME_SIZE + 32)

static struct wal_run
run_of(const struct wal_gap *gap)
{
    return (struct wal_run){gap->timeline, gap->first, gap->last};
}

void
missing_wal_release(struct missing_wal *missing)
{
    free(missing->pieces);
    missing->pieces = NULL;
    missing->count = 0;
}

static enum status
add_piece(struct missing_wal *missing, struct wal_gap gap, size_t backups, struct error *err)
{
    struct missing_piece *grown =
        realloc(missing->pieces, (missing->count + 1) * sizeof(*missing->pieces));

    if (grown == NULL)
        return error_no_memory(err);
    missing->pieces = grown;
    missing->pieces[missing->count++] = (struct missing_piece){gap, backups};
    return OK;
}

/* A gap without what was condemned, which may leave several pieces. */
static enum status
add_gap(struct missing_wal *missing, const struct wal_gap *gap, struct error *err)
{
    SCOPED(wal_runs_release) struct wal_runs rest = {0};
    const struct wal_runs *condemned =
        wal_set_runs(&missing->context->catalog->condemned_wal, missing->chain->system_identifier);

    TRY(wal_runs_add(&rest, run_of(gap), err));
    TRY(wal_runs_subtract(&rest, condemned, err));
    for (size_t index = 0; index < rest.count; index++)
    {
        struct wal_gap piece = *gap;

        piece.first = rest.items[index].first;
        piece.last = rest.items[index].last;
        TRY(add_piece(missing, piece, 0, err));
    }
    return OK;
}

enum status
missing_wal_find(struct missing_wal *missing, struct error *err)
{
    SCOPED(wal_gaps_release) struct wal_gaps gaps = {0};

    TRY(wal_gaps_find(missing->chain, &gaps, err));
    for (size_t index = 0; index < gaps.count; index++)
        TRY(add_gap(missing, &gaps.items[index], err));
    return OK;
}

/* Is any segment of the path condemned, from one number to before another? */
static bool
is_cut(const struct missing_wal *missing, const struct pg_history *path, uint64_t first,
       uint64_t end)
{
    const struct wal_chain *chain = missing->chain;
    uint64_t begin = 0;

    for (size_t index = 0; index <= path->ancestor_count; index++)
    {
        bool own = index == path->ancestor_count;
        pg_timeline timeline = own ? path->timeline : path->ancestors[index].timeline;
        uint64_t left = own ? UINT64_MAX : path->ancestors[index].switch_lsn / chain->segment_size;
        struct wal_run run = {timeline, first > begin ? first : begin,
                              (end < left ? end : left) - 1};

        if (run.first <= run.last && end > 0 && left > 0 &&
            catalog_condemned_wal(missing->context->catalog, chain->system_identifier, run))
            return true;
        begin = left;
    }
    return false;
}

/* Does the backup carry all of it? */
static bool
is_kept(const struct wal_chain *chain, const struct wal_gap *gap)
{
    for (size_t index = 0; index < chain->kept.count; index++)
    {
        const struct wal_run *run = &chain->kept.items[index];

        if (run->timeline == gap->timeline && run->first <= gap->first && run->last >= gap->last)
            return true;
    }
    return false;
}

static bool
comes_to(const struct missing_wal *missing, const struct backup *backup, const struct wal_gap *gap)
{
    const struct pg_history *path = wal_chain_history(missing->chain, gap->timeline);
    uint64_t start = backup->start.lsn / missing->chain->segment_size;

    if (path == NULL || !pg_history_contains(path, backup->stop) || start > gap->last)
        return false;
    return !is_cut(missing, path, start, gap->first) && !is_kept(missing->chain, gap);
}

/* Is what ends the reach among the pieces, or condemned? */
static bool
is_known(const struct missing_wal *missing, const struct pg_history *path,
         const struct wal_reach *reach)
{
    struct pg_wal_segment segment;
    struct wal_run run;

    (void) wal_chain_find(missing->chain, path, reach->end, &segment);
    run = (struct wal_run){segment.timeline, segment.number, segment.number};
    if (catalog_condemned_wal(missing->context->catalog, missing->chain->system_identifier, run))
        return true;
    for (size_t index = 0; index < missing->count; index++)
    {
        const struct wal_gap *gap = &missing->pieces[index].gap;

        if (gap->timeline == run.timeline && gap->first <= run.first && gap->last >= run.first)
            return true;
    }
    return false;
}

enum status
missing_wal_count(struct missing_wal *missing, const struct backup *backup,
                  const struct pg_history *path, const struct wal_reach *reach, struct error *err)
{
    struct wal_gap gap = {.first = reach->end, .last = reach->resumes - 1};
    struct pg_wal_segment segment;

    for (size_t index = 0; index < missing->count; index++)
        missing->pieces[index].backups += comes_to(missing, backup, &missing->pieces[index].gap);
    /* A timeline of which nothing is archived has no gap, and yet something is missing. */
    if (!reach->gap || is_known(missing, path, reach))
        return OK;
    (void) wal_chain_find(missing->chain, path, reach->end, &segment);
    gap.timeline = segment.timeline;
    return add_piece(missing, gap, 1, err);
}

/* Telling */

/* "WAL segments A to B" */
static void
name_range(const struct missing_wal *missing, struct wal_run run, char text[RANGE_SIZE])
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];
    uint32_t size = missing->chain->segment_size;

    pg_wal_segment_name((struct pg_wal_segment){run.timeline, run.first}, size, first);
    pg_wal_segment_name((struct pg_wal_segment){run.timeline, run.last}, size, last);
    if (run.first == run.last)
        snprintf(text, RANGE_SIZE, "WAL segment %s", first);
    else
        snprintf(text, RANGE_SIZE, "WAL segments %s to %s", first, last);
}

/* The last backup that ends before the gap, and the first that begins behind it. */
static void
find_neighbours(const struct missing_wal *missing, const struct wal_gap *gap,
                const struct backup **before, const struct backup **behind)
{
    const struct catalog *catalog = missing->context->catalog;
    uint32_t size = missing->chain->segment_size;

    *before = NULL;
    *behind = NULL;
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (backup->system_identifier != missing->chain->system_identifier)
            continue;
        if (backup->stop.lsn / size <= gap->first &&
            (*before == NULL || backup->stop.lsn > (*before)->stop.lsn))
            *before = backup;
        if (backup->start.lsn / size > gap->last &&
            (*behind == NULL || backup->start.lsn < (*behind)->start.lsn))
            *behind = backup;
    }
}

static void
describe_place(const struct missing_wal *missing, const struct wal_gap *gap, struct error *text)
{
    const struct backup *before;
    const struct backup *behind;

    find_neighbours(missing, gap, &before, &behind);
    if (before != NULL && behind != NULL)
        error_set(text, STATUS_CORRUPT, "between backups %s and %s", before->id, behind->id);
    else if (before != NULL)
        error_set(text, STATUS_CORRUPT, "after backup %s", before->id);
    else if (behind != NULL)
        error_set(text, STATUS_CORRUPT, "before backup %s", behind->id);
    else
        error_set(text, STATUS_CORRUPT, "while a backup ran");
}

static void
describe_cause(const struct missing_wal *missing, const struct wal_gap *gap, struct error *text)
{
    struct error place;

    if (wal_runs_touch(missing->vanished, run_of(gap)))
    {
        error_set(text, STATUS_CORRUPT,
                  "they were verified once, and the log does not say that they were deleted: "
                  "something else deletes objects of this repository");
        return;
    }
    describe_place(missing, gap, &place);
    if (gap->place == WAL_GAP_BEFORE_FORK)
        error_set(text, STATUS_CORRUPT,
                  "timeline %u forks off behind them: the old primary was lost before it had "
                  "archived them",
                  gap->other);
    else if (gap->place == WAL_GAP_BEGINNING)
        error_set(text, STATUS_CORRUPT,
                  "timeline %u begins with them: archiving was off, or failed, when it forked off "
                  "timeline %u",
                  gap->timeline, gap->other);
    else
        error_set(text, STATUS_CORRUPT,
                  "%s archiving was off, or failed until the server had removed them",
                  place.message);
}

/* Is it on the way to the newest timeline? */
static bool
is_present(const struct missing_wal *missing, const struct wal_gap *gap)
{
    const struct wal_chain *chain = missing->chain;
    const struct pg_history *newest = NULL;

    for (size_t index = 0; index < chain->history_count; index++)
        if (newest == NULL || chain->histories[index].timeline > newest->timeline)
            newest = &chain->histories[index];
    return newest == NULL || pg_history_timeline_at(newest, (gap->first + 1) * chain->segment_size -
                                                                1) == gap->timeline;
}

static enum status
tell_piece(const struct missing_wal *missing, const struct wal_gap *gap, struct error *err)
{
    char range[RANGE_SIZE];
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    struct error cause;
    struct error text;
    const struct backup *before;
    const struct backup *behind;
    struct verify_finding finding = {VERIFY_DAMAGE, "gap", name, text.message, ""};

    pg_wal_segment_name((struct pg_wal_segment){gap->timeline, gap->first},
                        missing->chain->segment_size, name);
    name_range(missing, run_of(gap), range);
    describe_cause(missing, gap, &cause);
    error_set(&text, STATUS_CORRUPT, "%s %s missing: %s", range,
              gap->first == gap->last ? "is" : "are", cause.message);
    find_neighbours(missing, gap, &before, &behind);
    /* Nobody will mind on a branch that was left, unless somebody does. */
    if (!is_present(missing, gap))
        finding.severity = VERIFY_WARNING;
    else if (behind == NULL)
        finding.hint = "No moment behind it can be restored: take a backup now.";
    else
        finding.hint = "From there on no moment can be restored until the next backup begins. "
                       "Without another copy of the WAL that stays so.";
    return context_find(missing->context, &finding, err);
}

/* Nobody needs them, or they are the newest: else they are in a piece. */
static enum status
tell_vanished(const struct missing_wal *missing, struct wal_run run, struct error *err)
{
    const struct wal_runs *archived = &missing->chain->archived;
    char range[RANGE_SIZE];
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    struct error text;
    struct verify_finding finding = {
        VERIFY_DAMAGE, "missing", name, text.message,
        "Look for a lifecycle rule of the bucket, and for whoever else has its credentials."};

    for (size_t index = 0; index < archived->count; index++)
        if (archived->items[index].timeline == run.timeline &&
            archived->items[index].first > run.last)
            finding.severity = VERIFY_WARNING;
    pg_wal_segment_name((struct pg_wal_segment){run.timeline, run.first},
                        missing->chain->segment_size, name);
    name_range(missing, run, range);
    error_set(&text, STATUS_CORRUPT,
              "%s %s verified once, and %s gone, and the log does not say that %s deleted", range,
              run.first == run.last ? "was" : "were", run.first == run.last ? "is" : "are",
              run.first == run.last ? "it was" : "they were");
    return context_find(missing->context, &finding, err);
}

enum status
missing_wal_tell(struct missing_wal *missing, struct error *err)
{
    SCOPED(wal_runs_release) struct wal_runs told = {0};
    SCOPED(wal_runs_release) struct wal_runs rest = {0};

    for (size_t index = 0; index < missing->count; index++)
    {
        const struct missing_piece *piece = &missing->pieces[index];

        if (piece->backups == 0)
            continue;
        TRY(tell_piece(missing, &piece->gap, err));
        TRY(wal_runs_add(&told, run_of(&piece->gap), err));
    }
    for (size_t index = 0; index < missing->vanished->count; index++)
        TRY(wal_runs_add(&rest, missing->vanished->items[index], err));
    TRY(wal_runs_subtract(&rest, &told, err));
    for (size_t index = 0; index < rest.count; index++)
        TRY(tell_vanished(missing, rest.items[index], err));
    return OK;
}
