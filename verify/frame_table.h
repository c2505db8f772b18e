// SPDX-License-Identifier: PostgreSQL
/*
 * frame_table.h - the frames that a pack has, and what a manifest wants of them.
 *
 * A table is filled as a pack is read, in the order of the frames.  It is small
 * enough to be remembered, so that the manifest of a new backup, which shares
 * packs with older ones, is checked without reading those again.
 */
#pragma once

#include "repo/pack.h"

struct frame_row
{
    uint32_t offset;
    uint32_t size;    /* stored, with its header */
    uint32_t content; /* bytes, before compression */
    bool damaged;     /* it does not open, and content is not known */
};

struct frame_table
{
    struct frame_row *rows; /* owned; a frame's number is its index */
    size_t count;
    size_t capacity;
};

/* The next frame, which begins where the last one ended. */
NODISCARD enum status frame_table_add(struct frame_table *table, uint32_t size, uint32_t content,
                                      bool damaged, struct error *err);
void frame_table_release(struct frame_table *table);

/* All content that is known. */
uint64_t frame_table_content(const struct frame_table *table);

/* A frame that extents name, and up to where they use its content. */
struct frame_need
{
    struct frame_place place; /* but for its pack */
    uint32_t content;
    uint32_t backup;  /* a backup that needs it, by its index */
    uint32_t backups; /* how many do */
};

/*
 * CORRUPT: the pack has no such frame, or it holds too little.  That a frame
 * is damaged is no failure here: *damaged says so.
 */
NODISCARD enum status frame_table_match(const struct frame_table *table,
                                        const struct frame_need *need, bool *damaged,
                                        struct error *err);
