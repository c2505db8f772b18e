// SPDX-License-Identifier: PostgreSQL
/*
 * wal.h - the archived WAL of a cluster: segments, history, backup and partial
 * files, under their own names.
 *
 * An archived file carries a digest of its content, so that a second push of
 * the same file can be told from another file of the same name.
 */
#pragma once

#include "pg/segment.h"
#include "repo/object.h"
#include "repo/wal_offer.h"

/* One archived file.  name is borrowed and was read by pg_wal_file_parse. */
struct wal_file
{
    uint64_t system_identifier;
    const char *name;
};

/*
 * "<cluster>/wal/<system identifier>/<timeline>/<log>/<name>"; history files,
 * which have no log, are in their timeline's folder.
 */
NODISCARD enum status wal_key(const struct repo *repo, const struct wal_file *file,
                              char key[STORE_KEY_MAX + 1], struct error *err);

/*
 * Archive the file open at source, from its beginning.  CONFLICT: the archive
 * has another content under this name; the error shows both digests, and
 * nothing was overwritten.  OK: the store has it durably.
 */
NODISCARD enum status wal_push(struct repo *repo, const struct wal_file *file, int source,
                               const char *path, enum wal_push_result *result, struct error *err);

/* Read an archived file into *sink, and finish it.  NOT_FOUND: the store says so. */
NODISCARD enum status wal_read(struct repo *repo, const struct wal_file *file, struct sink **sink,
                               struct error *err);

/*
 * The same for a file that is kept at a key of its own, such as the WAL that a
 * backup carries.
 */
NODISCARD enum status wal_read_key(struct repo *repo, const char *key, struct sink **sink,
                                   struct error *err);
NODISCARD enum status wal_push_key(struct repo *repo, const char *key, int source, const char *path,
                                   enum wal_push_result *result, struct error *err);

/* Does an archived file have this content?  NOT_FOUND when it is not there. */
NODISCARD enum status wal_compare(struct repo *repo, const struct wal_file *file, int source,
                                  const char *path, bool *equal, struct error *err);

/*
 * Visit the names of all archived files of a cluster and a timeline, sorted; of all timelines
 * with 0.
 */
NODISCARD enum status wal_list(struct repo *repo, uint64_t system_identifier, pg_timeline timeline,
                               enum status (*visit)(void *arg, const char *name, struct error *err),
                               void *arg, struct error *err);
