// SPDX-License-Identifier: PostgreSQL
/*
 * manifest_picture.h - a manifest read back whole, and the content that it names.
 */
#pragma once

#include "repo/manifest.h"

struct pictured_file
{
    char *path;
    struct manifest_file file; /* its path is this one */
    size_t first;              /* of its extents */
    size_t count;
};

struct manifest_picture
{
    struct repo *repo;
    struct pictured_file *files; /* in the manifest's order, as is all of this */
    size_t file_count;
    struct manifest_extent *extents;
    size_t extent_count;
    struct pack *packs;
    size_t pack_count;

    struct pack_reader *reader;
    struct buffer stored; /* of the frame that is open, as are these two */
    struct frame_place place;
    struct bytes content;
};

/* What cannot be read fails the test. */
void manifest_picture_read(struct manifest_picture *picture, struct repo *repo,
                           const char *backup_id);

/* Of packs that no manifest names yet. */
void manifest_picture_of_packs(struct manifest_picture *picture, struct repo *repo,
                               const struct pack *packs, size_t count);
void manifest_picture_release(struct manifest_picture *picture);

/* NULL: there is none of this path. */
const struct pictured_file *manifest_picture_find(const struct manifest_picture *picture,
                                                  const char *path);

/* A file's bytes, put together from its frames; free them. */
uint8_t *manifest_picture_content(struct manifest_picture *picture,
                                  const struct pictured_file *file);

/* The bytes of an extent. */
void manifest_picture_fetch(struct manifest_picture *picture, const struct manifest_extent *extent,
                            uint8_t *into);
