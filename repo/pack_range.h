// SPDX-License-Identifier: PostgreSQL
/*
 * pack_range.h - frames of a pack that lie near each other, fetched by one
 * request, and what is wanted of them.
 *
 * A range comes from a plan (repo/pack_plan.h) and belongs to whoever has it,
 * in one thread at a time.
 */
#pragma once

#include "repo/manifest.h"

/* A stretch of a file, and where in which frame it is. */
struct pack_piece
{
    const char *path;
    struct manifest_extent extent;
    uint32_t note; /* whatever it was planned with */
};

struct pack_range
{
    const struct pack *pack; /* borrowed */
    uint32_t begin;
    uint32_t end;
    struct buffer pieces; /* in the order of their frames; see pack_range_next */
};

/*
 * Read it into stored, whose content is replaced.  NOT_FOUND: there is no such
 * pack; CORRUPT: it ends too early.
 */
NODISCARD enum status pack_range_fetch(const struct pack_range *range, struct repo *repo,
                                       struct buffer *stored, struct error *err);

/* Turn the reader to the pack, whose header is checked if it was fetched. */
NODISCARD enum status pack_range_turn(const struct pack_range *range, struct bytes stored,
                                      struct pack_reader *reader, struct error *err);

/* Open one of its frames; see pack_reader_open. */
NODISCARD enum status pack_range_open(const struct pack_range *range, struct bytes stored,
                                      const struct frame_place *place, struct pack_reader *reader,
                                      struct bytes *content, struct error *err);

/* Add a piece of a frame in the range, whose end it may move. */
NODISCARD enum status pack_range_add(struct pack_range *range, const struct pack_piece *piece,
                                     struct error *err);

/* The next piece, from *at on, which begins as 0; false: there is none.  Its path is the range's.
 */
bool pack_range_next(const struct pack_range *range, size_t *at, struct pack_piece *piece);

/* As a channel's discard function, and for SCOPED; NULL is allowed. */
void pack_range_free(void *range);
void pack_range_freep(struct pack_range **range);
