// SPDX-License-Identifier: PostgreSQL
/*
 * overlay.h - a backup's own files and ranges, laid over its parent's.
 *
 * A merge of two sorted streams: what frames gave back, and the parent's
 * manifest.  The result is complete by itself: each file with all its extents,
 * wherever their packs come from.  A full backup has no parent, and is what
 * its frames gave.
 */
#pragma once

#include "backup/frames.h"
#include "backup/heal.h"
#include "backup/parent.h"

struct backup_overlay_options
{
    struct repo *repo;
    struct backup_frames *frames;       /* sorted */
    const struct backup_parent *parent; /* NULL: none */
    struct backup_heal *heal;           /* told of the parent's extents; with a parent */
};

/* In the order of a manifest; packs by the indexes that the extents have. */
struct backup_overlay_handler
{
    enum status (*file)(void *arg, const struct backup_file *file, struct error *err);
    enum status (*extent)(void *arg, const struct manifest_extent *extent, struct error *err);
    enum status (*pack)(void *arg, const struct pack *pack, struct error *err);
    void *arg;
};

/* CORRUPT when a file inherits what the parent does not have. */
NODISCARD enum status backup_overlay_run(const struct backup_overlay_options *options,
                                         const struct backup_overlay_handler *handler,
                                         struct error *err);
