// SPDX-License-Identifier: PostgreSQL
#include "backup/repack.h"

#include "backup/frame_visit.h"
#include "base/log.h"

#include <stdlib.h>

#define SORT_MEMORY (4 * FRAME_SIZE)

struct repack
{
    const struct backup_parent *parent;
    struct backup_frames *frames;
    bool *chosen; /* owned; by the parent's indexes */
    struct frame_visits *visits;
    size_t told; /* of the pack that the last warning was about, one more than its index */
};

static void
release_repack(struct repack *repack)
{
    free(repack->chosen);
    frame_visits_freep(&repack->visits);
}

/* A pack and how live it is, to sort by. */
struct candidate
{
    size_t index;
    uint64_t live_percent;
};

static int
compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left;
    const struct candidate *b = right;

    if (a->live_percent != b->live_percent)
        return a->live_percent < b->live_percent ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static uint64_t
budget_of(const struct backup_parent *parent)
{
    uint64_t share = parent->backup.logical_bytes / 100 * REPACK_BUDGET_PERCENT;

    return share < PACK_SIZE ? PACK_SIZE : share;
}

static size_t
list_candidates(const struct backup_parent *parent, struct candidate *candidates)
{
    size_t count = 0;

    for (size_t index = 0; index < parent->pack_count; index++)
    {
        const struct pack *pack = &parent->packs[index];
        uint64_t percent =
            pack->content_bytes == 0
                ? 100
                : (uint64_t) (100.0 * (double) pack->live_bytes / (double) pack->content_bytes);

        if (percent < REPACK_LIVE_PERCENT)
            candidates[count++] = (struct candidate){index, percent};
    }
    qsort(candidates, count, sizeof(*candidates), compare_candidates);
    return count;
}

/* The thinnest first, as far as the budget goes. */
static enum status
choose(struct repack *repack, bool *any, struct error *err)
{
    const struct backup_parent *parent = repack->parent;
    SCOPED(freep)
    struct candidate *candidates = calloc(parent->pack_count + 1, sizeof(*candidates));
    uint64_t left = budget_of(parent);
    size_t count;

    *any = false;
    repack->chosen = calloc(parent->pack_count + 1, sizeof(*repack->chosen));
    if (repack->chosen == NULL || candidates == NULL)
        return error_no_memory(err);
    count = list_candidates(parent, candidates);
    for (size_t index = 0; index < count; index++)
    {
        uint64_t live = parent->packs[candidates[index].index].live_bytes;

        if (live > left)
            break;
        left -= live;
        repack->chosen[candidates[index].index] = *any = true;
    }
    return OK;
}

static enum status
note_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct repack *repack = arg;
    const struct pack_piece piece = {file->path, *extent, 0};

    if (extent->frame.pack >= repack->parent->pack_count || !repack->chosen[extent->frame.pack])
        return OK;
    return frame_visits_add(repack->visits, &piece, err);
}

static enum status
move_piece(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    return backup_frames_move(((struct repack *) arg)->frames, piece->path,
                              piece->extent.file_offset, content, err);
}

/* One line for a pack, which may have very many pieces. */
static enum status
leave_piece(void *arg, const struct pack_piece *piece, const struct error *why, struct error *err)
{
    struct repack *repack = arg;

    (void) err;
    if (repack->told != piece->extent.frame.pack + (size_t) 1)
        log_warning("could not store anew what a pack has of \"%s\" and other files: %s",
                    piece->path, why->message);
    repack->told = piece->extent.frame.pack + (size_t) 1;
    return OK;
}

enum status
backup_repack_run(struct repo *repo, const struct backup_parent *parent,
                  struct backup_frames *frames, struct error *err)
{
    SCOPED(release_repack) struct repack repack = {.parent = parent, .frames = frames};
    const struct manifest_handler handler = {.extent = note_extent, .arg = &repack};
    const struct frame_visitor visitor = {move_piece, leave_piece, &repack};
    bool any;

    TRY(choose(&repack, &any, err));
    if (!any)
        return OK;
    TRY(frame_visits_create(&repack.visits, SORT_MEMORY, err));
    TRY(manifest_read(repo, parent->backup.id, &handler, err));
    return frame_visits_run(repack.visits, repo, parent->packs, parent->pack_count, &visitor, err);
}
