// SPDX-License-Identifier: PostgreSQL
/*
 * dump_build.h - dumps for tests, in a catalog and in a repository.
 */
#pragma once

#include "repo/catalog.h"

/* One that took a minute.  Its data is a line of text; compression may be changed. */
struct dump dump_build(const char *database, time_us started);

/* Put its globals, its data, and its document; asserts that there were none. */
void dump_build_put(struct repo *repo, const struct dump *dump);

/* The key of one of its objects. */
void dump_build_key(struct repo *repo, const struct dump *dump, const char *extension,
                    char key[STORE_KEY_MAX + 1]);

/* Put them, and commit it. */
void dump_build_commit(struct repo *repo, struct catalog *catalog, const struct dump *dump);
