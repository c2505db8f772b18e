// SPDX-License-Identifier: PostgreSQL
/*
 * wal_files.h - the archived WAL as files: segments, and the .partial and
 * .backup files that go with them.  History files are never among them.
 */
#pragma once

#include "repo/catalog.h"

/*
 * Every segment of the clusters that the catalog accepts of which there is any
 * file.  present is empty before.
 */
NODISCARD enum status wal_files_list(struct repo *repo, const struct catalog *catalog,
                                     struct wal_set *present, struct error *err);

/* Visit the keys of all files of these segments, oldest first. */
NODISCARD enum status wal_files_visit(struct repo *repo, const struct wal_part *part,
                                      enum status (*visit)(void *arg, const char *key,
                                                           struct error *err),
                                      void *arg, struct error *err);
