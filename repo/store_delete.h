// SPDX-License-Identifier: PostgreSQL
/*
 * store_delete.h - the operations that lose something.
 *
 * Kept apart from store.h so that the include graph shows who can delete: the
 * store's own probe, and the application of retention.  tools/tidy refuses any
 * other includer.
 */
#pragma once

#include "repo/store.h"

/* Remove an object.  One that is not there is OK: deletion is resumable. */
NODISCARD enum status store_delete(struct store *store, const char *key, struct error *err);

/*
 * Remove what writers that are gone began before a time and never finished: the
 * parts of uploads on S3, the files in tmp/.  No object is touched.  Uploads of
 * other keys than those below prefix stay; a file in tmp/ does not tell its key,
 * so there it is any that was not written to since.  A writer that sleeps and
 * wakes up fails when it finishes.
 */
NODISCARD enum status store_delete_unfinished(struct store *store, const char *prefix,
                                              time_us before, uint64_t *count, struct error *err);
