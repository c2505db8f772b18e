// SPDX-License-Identifier: PostgreSQL
/*
 * contents.h - what is inside a dump: the list that pg_restore makes of its table
 * of contents, one line per object, and choosing from it.
 */
#pragma once

#include "dump/document.h"

/* Far above pg_dump's own limits of memory for so many objects. */
#define CONTENTS_LIMIT ((size_t) 256 << 20)

/*
 * Append the list.  Of the custom format only so much is read as pg_restore needs,
 * of the directory format as much as comes before its table of contents, which goes
 * through the spool.  UNSUPPORTED for plain SQL, which has none.
 */
NODISCARD enum status contents_read(struct repo *repo, const struct dump *dump,
                                    const char *programs, const char *spool, struct buffer *list,
                                    struct error *err);

/*
 * Append what of a list loads all definitions, but of rows only those of the
 * tables that match a pattern: then no foreign keys, which would not hold, no large
 * objects' content and nothing computed from rows.
 */
NODISCARD enum status contents_choose(const char *list, const struct dump_document *document,
                                      const char *const *patterns, struct buffer *chosen,
                                      struct error *err);

/* Does a pattern mean this table?  "orders", "shop.orders", "shop.activity_*" */
bool contents_match(const char *pattern, const struct dump_table *table);
