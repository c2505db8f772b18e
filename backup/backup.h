// SPDX-License-Identifier: PostgreSQL
/*
 * backup.h - one base backup, from connecting to its entry in the log.
 *
 * Nothing exists for a restore until that entry does: a backup that fails or
 * is killed leaves objects that no entry refers to, and nothing else.
 *
 * A backup is incremental where an earlier one can be its parent; where none
 * can, it is full, and says why.
 */
#pragma once

#include "repo/catalog.h"

struct backup_options
{
    const char *conninfo;
    const char *data_directory; /* NULL: not on this host, or not configured */
    bool fast_checkpoint;
    bool full; /* no incremental, even where there is a parent */
    uint32_t workers;
    uint64_t memory_bytes;
};

NODISCARD enum status backup_run(struct repo *repo, const struct backup_options *options,
                                 struct backup *backup, struct error *err);
