// SPDX-License-Identifier: PostgreSQL
/*
 * scatter.h - writing a backup's files, pack by pack.
 *
 * The manifest names for each file the frames that hold its content; to read
 * it in that order would fetch a pack again and again.  So the extents are
 * sorted by their place in the packs, each needed range of a pack is fetched
 * once, and its frames are written wherever they belong.  Several threads do
 * that at once.
 *
 * Memory: the sorter's limit, and for each worker one range and one frame.
 */
#pragma once

#include "restore/layout.h"
#include "restore/plan.h"

struct scatter_options
{
    struct repo *repo;
    const struct plan *plan;
    const struct layout *layout; /* created */
    uint32_t workers;            /* 0: one for each processor */
};

/*
 * Write all files.  pg_control is at LAYOUT_CONTROL_ASIDE afterwards, and
 * nothing is durable yet.
 */
NODISCARD enum status scatter_run(const struct scatter_options *options, struct error *err);
