// SPDX-License-Identifier: PostgreSQL
/*
 * sorter.h - more records than memory holds, in the order of their keys.
 *
 * Add records, then take them back sorted by the bytes of their keys, equal
 * keys in the order they were added.  Above its memory limit a sorter spills
 * sorted runs into a temporary file ($TMPDIR or /var/tmp) that has no name.
 *
 * A sorter belongs to one thread at a time.
 */
#pragma once

#include "base/bytes.h"

struct sorter;

NODISCARD enum status sorter_create(struct sorter **sorter, size_t memory_limit, struct error *err);

/* Both are copied.  A record may be as large as half the memory limit. */
NODISCARD enum status sorter_add(struct sorter *sorter, struct bytes key, struct bytes value,
                                 struct error *err);

/* No more will be added: from now on sorter_next. */
NODISCARD enum status sorter_sort(struct sorter *sorter, struct error *err);

/* The next record, valid until the next call; *more is false when there is none. */
NODISCARD enum status sorter_next(struct sorter *sorter, bool *more, struct bytes *key,
                                  struct bytes *value, struct error *err);

void sorter_freep(struct sorter **sorter);
