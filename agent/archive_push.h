// SPDX-License-Identifier: PostgreSQL
/*
 * archive_push.h - one file of pg_wal into the archive, once it is sure whose
 * it is.
 *
 * A segment, partial or not, names its cluster in its first page; for history
 * and backup files, which do not, global/pg_control of the data directory does.
 * The repository must have accepted that cluster (repo/lineage.h), and what the
 * file says of itself must agree with its name.
 */
#pragma once

#include "config/config.h"
#include "repo/repo.h"

/*
 * repo is the main repository, which decides whose WAL is accepted; the file
 * goes to the configured further ones too (agent/wal_delivery.h).  pg_control is
 * looked for in the current directory, where archive_command runs, and then in
 * the configured data directory.
 *
 * OK: every required repository has the file durably.  CONFLICT: one has another
 * file of this name.  REFUSED: of a cluster that was not accepted.  CORRUPT: not
 * what its name says.
 */
NODISCARD enum status archive_push(const struct config *config, struct repo *repo, const char *path,
                                   struct error *err);

/*
 * Does a file's beginning fit its name, its size and its cluster's segment size?
 * Pure; header is the first page's.
 */
struct pg_wal_header;
struct archive_push_file
{
    const char *name;
    uint64_t size_bytes;
    uint32_t segment_size; /* by the lineage */
};
NODISCARD enum status archive_push_check_segment(const struct archive_push_file *file,
                                                 const struct pg_wal_header *header,
                                                 struct error *err);
