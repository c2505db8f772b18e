// SPDX-License-Identifier: PostgreSQL
/*
 * pack_set.h - many pack ids, found quickly: 16 bytes each, sorted.
 *
 * Add them in any order, sort, and only then ask.
 */
#pragma once

#include "repo/pack.h"

struct pack_set
{
    uint8_t (*ids)[PACK_ID_SIZE]; /* owned */
    size_t count;
    size_t capacity;
};

NODISCARD enum status pack_set_add(struct pack_set *set, const uint8_t id[PACK_ID_SIZE],
                                   struct error *err);

/* In byte order, each id once. */
void pack_set_sort(struct pack_set *set);
bool pack_set_has(const struct pack_set *set, const uint8_t id[PACK_ID_SIZE]);

/* The same, and at which index it is. */
bool pack_set_find(const struct pack_set *set, const uint8_t id[PACK_ID_SIZE], size_t *index);

/* For SCOPED on an initialised struct. */
void pack_set_release(struct pack_set *set);
