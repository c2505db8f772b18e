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

#include "repo/repo.h"

/*
 * data_directory, which may be NULL, is where pg_control is looked for after
 * the current directory; archive_command runs in the data directory.
 *
 * OK: the store has the file durably.  CONFLICT: it has another one of this
 * name.  REFUSED: of a cluster that was not accepted.  CORRUPT: not what its
 * name says.
 */
NODISCARD enum status archive_push(struct repo *repo, const char *path, const char *data_directory,
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
