// SPDX-License-Identifier: PostgreSQL
/*
 * repack.h - what little is live in thin packs is stored anew.
 *
 * A pack of which every later backup uses less and less would be kept for a few
 * blocks, and restores would fetch from very many.  So each incremental moves
 * what its parent still uses of the thinnest packs into its own, within a
 * budget.  Only a backup being written moves data: old manifests do not change.
 */
#pragma once

#include "backup/frames.h"
#include "backup/parent.h"

/* A pack is thin when less than this part of its content is live. */
#define REPACK_LIVE_PERCENT 25

/* At most this part of the cluster is moved by one backup, or one pack's worth. */
#define REPACK_BUDGET_PERCENT 5

/*
 * Between the last file and backup_frames_finish.  A pack that cannot be opened
 * stays where it is, with a warning.
 */
NODISCARD enum status backup_repack_run(struct repo *repo, const struct backup_parent *parent,
                                        struct backup_frames *frames, struct error *err);
