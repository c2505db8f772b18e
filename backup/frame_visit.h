// SPDX-License-Identifier: PostgreSQL
/*
 * frame_visit.h - reading many pieces of many packs, with few requests.
 *
 * Add pieces in any order; then visit them sorted by their place.  What lies
 * near each other is fetched at once (repo/pack_plan.h), and a few threads fetch
 * ahead of the visitor; the visitor itself is called in the caller's thread.
 * Memory is FRAME_VISIT_MEMORY and what pieces are sorted in.
 */
#pragma once

#include "repo/pack_range.h"

/* Ranges being fetched or waiting for the visitor, each fetched by a thread. */
#define FRAME_VISIT_FETCHERS     4
#define FRAME_VISIT_RANGE_BYTES  ((uint32_t) 4 * 1024 * 1024)
#define FRAME_VISIT_PIECES_BYTES ((size_t) 512 * 1024)

/* Each range may be of one frame more, and pieces grow by doubling. */
#define FRAME_VISIT_MEMORY                                                                         \
    (FRAME_VISIT_FETCHERS *                                                                        \
     (FRAME_VISIT_RANGE_BYTES + FRAME_STORED_MAX + 2 * FRAME_VISIT_PIECES_BYTES))

struct frame_visits;

NODISCARD enum status frame_visits_create(struct frame_visits **visits, size_t sort_memory,
                                          struct error *err);
void frame_visits_freep(struct frame_visits **visits);

/* The note travels with the piece. */
NODISCARD enum status frame_visits_add(struct frame_visits *visits, const struct pack_piece *piece,
                                       struct error *err);

/* Of pieces whose paths are valid for the call. */
struct frame_visitor
{
    enum status (*piece)(void *arg, const struct pack_piece *piece, struct bytes content,
                         struct error *err);

    /* It cannot be read, for the reason in why; then piece is not called for it. */
    enum status (*damaged)(void *arg, const struct pack_piece *piece, const struct error *why,
                           struct error *err);
    void *arg;
};

/* packs by the indexes that the extents have.  A store that cannot be read ends it. */
NODISCARD enum status frame_visits_run(struct frame_visits *visits, struct repo *repo,
                                       const struct pack *packs, size_t pack_count,
                                       const struct frame_visitor *visitor, struct error *err);
