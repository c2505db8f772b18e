// SPDX-License-Identifier: PostgreSQL
/*
 * The parent's manifest is pushed at us, file by file and extent by extent; our
 * own records are pulled to keep up with it.
 */
#include "backup/overlay.h"

#include <stdlib.h>
#include <string.h>

#define NOT_USED UINT32_MAX

struct overlay
{
    const struct backup_overlay_options *options;
    const struct backup_overlay_handler *handler;
    struct backup_records *records; /* the frames' */

    bool more; /* there is a record of ours that was not handed on */
    struct backup_record next;

    bool matched; /* the parent's present file is the one that was handed on last */

    bool more_moved; /* the same for what was moved */
    const char *moved_path;
    struct backup_range moved;

    size_t own_packs;
    uint32_t *index; /* owned: of the parent's packs in ours, or NOT_USED */
    uint32_t *used;  /* owned: the parent's index of the packs in use, in our order */
    uint32_t used_count;
};

static enum status
advance(struct overlay *overlay, struct error *err)
{
    return backup_records_next(overlay->records, &overlay->next, &overlay->more, err);
}

static enum status
advance_moved(struct overlay *overlay, struct error *err)
{
    return backup_records_next_moved(overlay->records, &overlay->moved_path, &overlay->moved,
                                     &overlay->more_moved, err);
}

static struct manifest_extent
extent_of(const struct backup_range *range)
{
    return (struct manifest_extent){
        .file_offset = range->offset,
        .length = (uint32_t) range->length,
        .skip = range->skip,
        .frame = range->frame,
    };
}

/* Hand on a range of our own. */
static enum status
give_range(struct overlay *overlay, struct error *err)
{
    const struct manifest_extent extent = extent_of(&overlay->next.range);

    return overlay->handler->extent(overlay->handler->arg, &extent, err);
}

static enum status
give_file(struct overlay *overlay, struct error *err)
{
    TRY(overlay->handler->file(overlay->handler->arg, &overlay->next.file, err));
    return advance(overlay, err);
}

/* The rest of the present file's ranges; the parent has nothing more for it. */
static enum status
finish_file(struct overlay *overlay, bool may_inherit, struct error *err)
{
    for (; overlay->more && !overlay->next.is_file;)
    {
        if (!overlay->next.range.inherited)
            TRY(give_range(overlay, err));
        else if (!may_inherit)
            return error_set(err, STATUS_CORRUPT, "it inherits what its parent does not have");
        TRY(advance(overlay, err));
    }
    return OK;
}

/* Files that the parent does not have. */
static enum status
give_files_before(struct overlay *overlay, const char *path, struct error *err)
{
    while (overlay->more && (path == NULL || strcmp(overlay->next.file.file.path, path) < 0))
    {
        char lost[256];
        enum status status;

        snprintf(lost, sizeof(lost), "%s", overlay->next.file.file.path);
        TRY(give_file(overlay, err));
        status = finish_file(overlay, false, err);
        if (status == STATUS_CORRUPT)
            error_context(err, "\"%s\"", lost);
        if (status != OK)
            return status;
    }
    return OK;
}

static enum status
parent_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct overlay *overlay = arg;
    bool ours;

    TRY(finish_file(overlay, overlay->matched, err));
    TRY(give_files_before(overlay, file->path, err));
    ours = overlay->more && strcmp(overlay->next.file.file.path, file->path) == 0;
    overlay->matched = ours && file->type == MANIFEST_FILE;
    return ours ? give_file(overlay, err) : OK;
}

/* Our index of a parent's pack, which becomes one of ours when it is used first. */
static uint32_t
own_index(struct overlay *overlay, uint32_t parents)
{
    if (overlay->index[parents] == NOT_USED)
    {
        overlay->index[parents] = (uint32_t) overlay->own_packs + overlay->used_count;
        overlay->used[overlay->used_count++] = parents;
    }
    return overlay->index[parents];
}

/* The part of an extent between two offsets of the file. */
static struct manifest_extent
clip(const struct manifest_extent *extent, uint64_t begin, uint64_t end)
{
    struct manifest_extent part = *extent;

    part.skip += (uint32_t) (begin - extent->file_offset);
    part.file_offset = begin;
    part.length = (uint32_t) (end - begin);
    return part;
}

/* Hand on what the present file inherits of this, and its own ranges before the end of it. */
static enum status
merge(struct overlay *overlay, const struct manifest_extent *extent, bool is_parents,
      struct error *err)
{
    uint64_t end = extent->file_offset + extent->length;

    while (overlay->more && !overlay->next.is_file && overlay->next.range.offset < end)
    {
        uint64_t range_end = overlay->next.range.offset + overlay->next.range.length;
        uint64_t from = overlay->next.range.offset > extent->file_offset
                            ? overlay->next.range.offset
                            : extent->file_offset;
        uint64_t to = range_end < end ? range_end : end;

        if (!overlay->next.range.inherited)
            TRY(give_range(overlay, err));
        else if (from < to)
        {
            struct manifest_extent part = clip(extent, from, to);

            if (is_parents)
                part.frame.pack = own_index(overlay, part.frame.pack);
            TRY(overlay->handler->extent(overlay->handler->arg, &part, err));
        }
        if (overlay->next.range.inherited && range_end > end)
            return OK; /* the parent's next extent may go on with it */
        TRY(advance(overlay, err));
    }
    return OK;
}

/*
 * What was stored anew of this extent takes its place; *rest is what was not.
 * An extent may have come to lie in two frames, and extents that followed on
 * each other in one piece.
 */
static enum status
merge_moved(struct overlay *overlay, const char *path, struct manifest_extent *rest,
            struct error *err)
{
    uint64_t end = rest->file_offset + rest->length;

    while (overlay->more_moved)
    {
        struct manifest_extent piece = extent_of(&overlay->moved);
        uint64_t piece_end = piece.file_offset + piece.length;
        uint64_t to = piece_end < end ? piece_end : end;
        int order = strcmp(overlay->moved_path, path);

        if (order > 0 || (order == 0 && piece.file_offset >= end))
            return OK;
        if (order == 0 && piece.file_offset <= rest->file_offset && to > rest->file_offset)
        {
            piece = clip(&piece, rest->file_offset, to);
            if (overlay->matched)
                TRY(merge(overlay, &piece, false, err));
            *rest = clip(rest, to, end);
        }
        if (order == 0 && piece_end > end)
            return OK; /* the parent's next extent goes on with it */
        TRY(advance_moved(overlay, err));
    }
    return OK;
}

static enum status
parent_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
              struct error *err)
{
    struct overlay *overlay = arg;
    struct manifest_extent rest = *extent;

    if (extent->frame.pack >= overlay->options->parent->pack_count)
        return error_set(err, STATUS_CORRUPT, "an extent names a pack that is not listed");
    if (overlay->options->heal != NULL)
        TRY(backup_heal_match(overlay->options->heal, file->path, extent, err));
    TRY(merge_moved(overlay, file->path, &rest, err));
    if (!overlay->matched || rest.length == 0)
        return OK;
    return merge(overlay, &rest, true, err);
}

static enum status
give_packs(struct overlay *overlay, struct error *err)
{
    const struct pack *own = backup_frames_packs(overlay->options->frames, &overlay->own_packs);

    for (size_t index = 0; index < overlay->own_packs; index++)
        TRY(overlay->handler->pack(overlay->handler->arg, &own[index], err));
    for (uint32_t index = 0; index < overlay->used_count; index++)
        TRY(overlay->handler->pack(overlay->handler->arg,
                                   &overlay->options->parent->packs[overlay->used[index]], err));
    return OK;
}

static enum status
overlay_parent(struct overlay *overlay, struct error *err)
{
    const struct backup_parent *parent = overlay->options->parent;
    const struct manifest_handler handler = {
        .file = parent_file, .extent = parent_extent, .arg = overlay};

    overlay->index = malloc((parent->pack_count + 1) * sizeof(*overlay->index));
    overlay->used = malloc((parent->pack_count + 1) * sizeof(*overlay->used));
    if (overlay->index == NULL || overlay->used == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < parent->pack_count; index++)
        overlay->index[index] = NOT_USED;
    TRY(advance_moved(overlay, err));
    TRY(manifest_read(overlay->options->repo, parent->backup.id, &handler, err));
    return finish_file(overlay, overlay->matched, err);
}

static void
release_overlay(struct overlay *overlay)
{
    free(overlay->index);
    free(overlay->used);
}

enum status
backup_overlay_run(const struct backup_overlay_options *options,
                   const struct backup_overlay_handler *handler, struct error *err)
{
    SCOPED(release_overlay) struct overlay overlay = {.options = options, .handler = handler};

    overlay.records = backup_frames_records(options->frames);
    (void) backup_frames_packs(options->frames, &overlay.own_packs);
    TRY(advance(&overlay, err));
    if (options->parent != NULL)
        TRY(overlay_parent(&overlay, err));
    TRY(give_files_before(&overlay, NULL, err));
    return give_packs(&overlay, err);
}
