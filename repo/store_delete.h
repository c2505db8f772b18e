// SPDX-License-Identifier: PostgreSQL
/*
 * store_delete.h - the one operation that loses something.
 *
 * Kept apart from store.h so that the include graph shows who can delete: the
 * store's own probe and, when retention exists, its application.  tools/tidy
 * refuses any other includer.
 */
#pragma once

#include "repo/store.h"

/* Remove an object.  One that is not there is OK: deletion is resumable. */
NODISCARD enum status store_delete(struct store *store, const char *key, struct error *err);
