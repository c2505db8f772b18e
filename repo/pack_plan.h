// SPDX-License-Identifier: PostgreSQL
/*
 * pack_plan.h - reading many pieces of many packs with few requests.
 *
 * Add pieces in any order; they come back in the order of their places,
 * gathered in ranges: frames of one pack that lie near each other are fetched
 * together, and each only once.  A pack's header comes with its first frame.
 *
 * Memory does not grow with the number of pieces.  Belongs to one thread.
 */
#pragma once

#include "repo/pack_range.h"

/* Frames this near to each other are fetched together. */
#define PACK_PLAN_GAP_MAX (1024 * 1024)

/* Of a piece's path, with its terminator. */
#define PACK_PLAN_PATH_SIZE 1100

struct pack_plan;

struct pack_plan_options
{
    size_t sort_memory;   /* bytes */
    uint32_t range_bytes; /* no range is longer, but for a single frame */
    size_t pieces_bytes;  /* a range whose pieces take this much gets no more of them */
};

NODISCARD enum status pack_plan_create(struct pack_plan **plan,
                                       const struct pack_plan_options *options, struct error *err);
void pack_plan_freep(struct pack_plan **plan);

NODISCARD enum status pack_plan_add(struct pack_plan *plan, const struct pack_piece *piece,
                                    struct error *err);

/* All are added.  packs, by the indexes that the extents have, must outlive the ranges. */
NODISCARD enum status pack_plan_sort(struct pack_plan *plan, const struct pack *packs,
                                     size_t pack_count, struct error *err);

/* The next range, which is the caller's; NULL: there is none. */
NODISCARD enum status pack_plan_next(struct pack_plan *plan, struct pack_range **range,
                                     struct error *err);
