// SPDX-License-Identifier: PostgreSQL
/*
 * Ranges go to the fetchers by turns and are visited by the same turns, so that
 * the order of places is kept without anybody looking for it.
 */
#include "backup/frame_visit.h"

#include "base/group.h"
#include "base/stop.h"
#include "repo/pack_plan.h"

#include <stdlib.h>
#include <string.h>

struct frame_visits
{
    struct pack_plan *plan;
};

/* A thread, and the range that it fetches or has fetched.  The channels say whose it is. */
struct fetcher
{
    struct repo *repo;
    struct chan *wanted;
    struct chan *fetched;
    struct pack_range *range;
    struct buffer stored;
    enum status status;
    struct error why;
};

/* What the visiting thread has while it runs. */
struct run
{
    struct pack_plan *plan; /* borrowed, as are the following two */
    struct repo *repo;
    const struct frame_visitor *visitor;
    struct pack_reader *reader;
    struct fetcher fetchers[FRAME_VISIT_FETCHERS];
    struct group *group;
};

enum status
frame_visits_create(struct frame_visits **visits, size_t sort_memory, struct error *err)
{
    const struct pack_plan_options options = {
        .sort_memory = sort_memory,
        .range_bytes = FRAME_VISIT_RANGE_BYTES,
        .pieces_bytes = FRAME_VISIT_PIECES_BYTES,
    };
    SCOPED(frame_visits_freep) struct frame_visits *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    TRY(pack_plan_create(&made->plan, &options, err));
    *visits = made;
    made = NULL;
    return OK;
}

void
frame_visits_freep(struct frame_visits **visits)
{
    if (*visits == NULL)
        return;
    pack_plan_freep(&(*visits)->plan);
    free(*visits);
    *visits = NULL;
}

enum status
frame_visits_add(struct frame_visits *visits, const struct pack_piece *piece, struct error *err)
{
    return pack_plan_add(visits->plan, piece, err);
}

static void
release_run(struct run *run)
{
    group_freep(&run->group);
    for (size_t index = 0; index < FRAME_VISIT_FETCHERS; index++)
    {
        struct fetcher *fetcher = &run->fetchers[index];

        chan_freep(&fetcher->wanted);
        chan_freep(&fetcher->fetched);
        pack_range_freep(&fetcher->range);
        buffer_release(&fetcher->stored);
    }
    pack_reader_freep(&run->reader);
}

/* A thread.  Whether a failure ends the visit is for the visiting thread to say, in its turn. */
static enum status
fetch_ranges(void *arg, struct error *err)
{
    struct fetcher *fetcher = arg;
    void *item;

    while (chan_receive(fetcher->wanted, &item))
    {
        fetcher->why = (struct error){0};
        fetcher->status =
            pack_range_fetch(fetcher->range, fetcher->repo, &fetcher->stored, &fetcher->why);
        if (!chan_send(fetcher->fetched, fetcher))
            return group_cancelled(err);
    }
    return OK;
}

static enum status
start_fetcher(struct run *run, struct fetcher *fetcher, struct error *err)
{
    fetcher->repo = run->repo;
    fetcher->stored = BUFFER_INIT(FRAME_VISIT_RANGE_BYTES + FRAME_STORED_MAX);
    TRY(chan_create(&fetcher->wanted, run->group, 1, NULL, err));
    TRY(chan_create(&fetcher->fetched, run->group, 1, NULL, err));
    return group_start(run->group, fetch_ranges, fetcher, err);
}

/* Let the next range be fetched; the fetcher is one that has none.  *more: there was one. */
static enum status
want_next(struct run *run, size_t turn, bool *more, struct error *err)
{
    struct fetcher *fetcher = &run->fetchers[turn % FRAME_VISIT_FETCHERS];

    pack_range_freep(&fetcher->range);
    TRY(pack_plan_next(run->plan, &fetcher->range, err));
    *more = fetcher->range != NULL;
    if (!*more)
        return OK;
    if (fetcher->wanted == NULL)
        TRY(start_fetcher(run, fetcher, err));
    return chan_send(fetcher->wanted, fetcher) ? OK : group_cancelled(err);
}

/* What is damaged or gone is the visitor's to judge; doubt ends the visit. */
static enum status
judge(enum status status, const struct error *why, struct error *err)
{
    if (status == OK || status == STATUS_CORRUPT || status == STATUS_NOT_FOUND)
        return OK;
    *err = *why;
    return status;
}

static enum status
visit_piece(struct run *run, const struct pack_piece *piece, struct bytes content,
            struct error *err)
{
    const struct frame_visitor *visitor = run->visitor;
    const struct manifest_extent *extent = &piece->extent;
    struct error why = {0};

    if (extent->skip <= content.size && extent->length <= content.size - extent->skip)
        return visitor->piece(visitor->arg, piece,
                              (struct bytes){content.data + extent->skip, extent->length}, err);
    (void) error_set(&why, STATUS_CORRUPT, "a frame is shorter than its use");
    return visitor->damaged(visitor->arg, piece, &why, err);
}

/* A range that could be read: one frame after the other, each opened once. */
static enum status
visit_frames(struct run *run, const struct pack_range *range, struct bytes stored,
             struct error *err)
{
    const struct frame_visitor *visitor = run->visitor;
    struct frame_place opened = {0};
    struct bytes content = {NULL, 0};
    enum status status = OK;
    struct error why = {0};
    struct pack_piece piece;

    for (size_t at = 0; pack_range_next(range, &at, &piece);)
    {
        const struct frame_place *place = &piece.extent.frame;

        if (memcmp(place, &opened, sizeof(opened)) != 0)
            status = pack_range_open(range, stored, place, run->reader, &content, &why);
        opened = *place;
        TRY(judge(status, &why, err));
        TRY(status == OK ? visit_piece(run, &piece, content, err)
                         : visitor->damaged(visitor->arg, &piece, &why, err));
    }
    return OK;
}

static enum status
tell_damage(const struct run *run, const struct pack_range *range, const struct error *why,
            struct error *err)
{
    struct pack_piece piece;

    for (size_t at = 0; pack_range_next(range, &at, &piece);)
        TRY(run->visitor->damaged(run->visitor->arg, &piece, why, err));
    return OK;
}

static enum status
visit_range(struct run *run, struct fetcher *fetcher, struct error *err)
{
    const struct bytes stored = buffer_bytes(&fetcher->stored);

    TRY(stop_check(err));
    if (fetcher->status == OK)
        fetcher->status = pack_range_turn(fetcher->range, stored, run->reader, &fetcher->why);
    TRY(judge(fetcher->status, &fetcher->why, err));
    return fetcher->status == OK ? visit_frames(run, fetcher->range, stored, err)
                                 : tell_damage(run, fetcher->range, &fetcher->why, err);
}

static enum status
visit_all(struct run *run, struct error *err)
{
    size_t wanted = 0;
    bool more = true;
    void *item;

    TRY(pack_reader_create(&run->reader, run->repo, err));
    TRY(group_create(&run->group, err));
    for (; more && wanted < FRAME_VISIT_FETCHERS; wanted += more)
        TRY(want_next(run, wanted, &more, err));
    for (size_t turn = 0; turn < wanted; turn++)
    {
        if (!chan_receive(run->fetchers[turn % FRAME_VISIT_FETCHERS].fetched, &item))
            return group_cancelled(err);
        TRY(visit_range(run, item, err));
        if (more)
            TRY(want_next(run, turn + FRAME_VISIT_FETCHERS, &more, err));
        wanted += more;
    }
    return OK;
}

enum status
frame_visits_run(struct frame_visits *visits, struct repo *repo, const struct pack *packs,
                 size_t pack_count, const struct frame_visitor *visitor, struct error *err)
{
    SCOPED(release_run)
    struct run run = {.plan = visits->plan, .repo = repo, .visitor = visitor};

    TRY(pack_plan_sort(visits->plan, packs, pack_count, err));
    return visit_all(&run, err);
}
