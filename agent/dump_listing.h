// SPDX-License-Identifier: PostgreSQL
/*
 * dump_listing.h - the dumps of a catalog, as "redoubt list" shows them.
 */
#pragma once

#include "repo/catalog.h"

/* What the log has of each, and "held"; as they were committed.  NULL when out of memory. */
json_t *dump_listing_to_json(const struct catalog *catalog);

/* A table, database by database; nothing when there are none. */
NODISCARD enum status dump_listing_print(const struct catalog *catalog, struct error *err);
