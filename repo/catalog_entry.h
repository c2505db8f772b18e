// SPDX-License-Identifier: PostgreSQL
/*
 * catalog_entry.h - what each kind of log entry does to a catalog, and how it is
 * written.  For catalog.c alone; docs/format.md has the kinds.
 */
#pragma once

#include "repo/catalog.h"
#include "repo/log_entry.h"

/*
 * Take an entry into the catalog, whose last number it follows.  A checkpoint
 * read first may send us back to entries that are still true.
 */
NODISCARD enum status catalog_entry_apply(struct repo *repo, struct catalog *catalog,
                                          const struct log_entry *entry, struct error *err);

/* An entry's members, without the header.  entry NULL: a checkpoint.  NULL when out of memory. */
json_t *catalog_entry_to_json(const struct catalog *catalog, const struct catalog_entry *entry);
