// SPDX-License-Identifier: PostgreSQL
/*
 * frame_visit.h - reading many pieces of many packs, each frame fetched once.
 *
 * Add pieces in any order; then visit them sorted by their place.  Memory does
 * not grow with their number.  Belongs to one thread.
 */
#pragma once

#include "repo/manifest.h"

struct frame_visits;

NODISCARD enum status frame_visits_create(struct frame_visits **visits, size_t sort_memory,
                                          struct error *err);
void frame_visits_freep(struct frame_visits **visits);

/* note travels with the piece. */
NODISCARD enum status frame_visits_add(struct frame_visits *visits, const char *path,
                                       const struct manifest_extent *extent, uint32_t note,
                                       struct error *err);

struct frame_visit
{
    const char *path; /* valid for the call */
    struct manifest_extent extent;
    uint32_t note;
};

struct frame_visitor
{
    enum status (*piece)(void *arg, const struct frame_visit *visit, struct bytes content,
                         struct error *err);

    /* Its frame does not open, for the reason in why; then piece is not called for it. */
    enum status (*damaged)(void *arg, const struct frame_visit *visit, const struct error *why,
                           struct error *err);
    void *arg;
};

/* packs by the indexes that the extents have.  A store that cannot be read ends it. */
NODISCARD enum status frame_visits_run(struct frame_visits *visits, struct repo *repo,
                                       const struct pack *packs, size_t pack_count,
                                       const struct frame_visitor *visitor, struct error *err);
