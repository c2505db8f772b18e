// SPDX-License-Identifier: PostgreSQL
/*
 * pack_job.h - one pack, held against what manifests want of it.
 */
#pragma once

#include "verify/pack_check.h"

/*
 * Check a pack that is there, in another thread if it must be read.  Takes the
 * needs, which are empty afterwards.
 */
NODISCARD enum status pack_job_send(struct crew *crew, struct pack_check *check,
                                    const struct inventory_item *item, struct pack_needs *needs,
                                    struct error *err);
