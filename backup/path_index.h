// SPDX-License-Identifier: PostgreSQL
/*
 * path_index.h - the sizes of very many files by their paths, in constant
 * memory.
 *
 * A hash table in a temporary file that has no name: 16 bytes for each entry
 * and as much again free.  Only hashes of 64 bits are kept, so a path that was
 * never added may be found, once in a very long time: the caller must notice
 * that by other means.
 *
 * An index belongs to one thread at a time.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct path_index;

/*
 * Room for so many entries, 2^32 at most; one more is REFUSED, and so is one
 * with the hash of another.
 */
NODISCARD enum status path_index_create(struct path_index **index, uint64_t entries,
                                        struct error *err);
NODISCARD enum status path_index_add(struct path_index *index, const char *path,
                                     uint64_t size_bytes, struct error *err);
bool path_index_find(const struct path_index *index, const char *path, uint64_t *size_bytes);
void path_index_freep(struct path_index **index);

/* The hash that it goes by: FNV-1a of 64 bits, mixed once more. */
uint64_t path_hash(const char *path);
