// SPDX-License-Identifier: PostgreSQL
/*
 * needs.h - what all manifests want of all packs, brought together pack by pack.
 *
 * Manifests are read one after the other, or at once, and name packs in any
 * order; packs are read one by one.  An external sort lies between: memory does
 * not grow with either.
 */
#pragma once

#include "verify/frame_table.h"

struct needs;

/* A backup that names a pack, and what its manifest says of it. */
struct pack_user
{
    uint32_t backup; /* by its index */
    struct seal_key_id key_id;
    uint64_t size_bytes;
    uint64_t content_bytes;
};

struct pack_needs
{
    uint8_t id[PACK_ID_SIZE];
    struct pack_user *users; /* owned; by their indexes, each once */
    size_t user_count;
    struct frame_need *frames; /* owned; by their places, each once */
    size_t frame_count;
};

NODISCARD enum status needs_create(struct needs **needs, struct error *err);
void needs_freep(struct needs **needs);

/* From any thread. */
NODISCARD enum status needs_add_user(struct needs *needs, const struct pack *pack, uint32_t backup,
                                     struct error *err);
NODISCARD enum status needs_add_frame(struct needs *needs, const uint8_t id[PACK_ID_SIZE],
                                      const struct frame_need *need, struct error *err);

/* No more will be added: from now on needs_next. */
NODISCARD enum status needs_sort(struct needs *needs, struct error *err);

/* The next pack, in the order of ids; the caller releases it. */
NODISCARD enum status needs_next(struct needs *needs, bool *more, struct pack_needs *pack,
                                 struct error *err);
void needs_release(struct pack_needs *pack);
