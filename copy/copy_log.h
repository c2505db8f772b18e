// SPDX-License-Identifier: PostgreSQL
/*
 * copy_log.h - the log of a repository and that of its copy.
 *
 * A copy's log is a beginning of its original's.  Where somebody committed to
 * the copy they are two histories, and nothing can bring them together again.
 */
#pragma once

#include "repo/repo.h"

/*
 * The number of the target's last entry.  REFUSED unless the log is a beginning
 * of the source's.
 */
NODISCARD enum status copy_log_compare(struct repo *source, struct repo *target, uint64_t *last,
                                       struct error *err);

/*
 * Copy the entries after `after` up to `last`, in order.  *copied counts those
 * that nobody else copied at the same time.
 */
NODISCARD enum status copy_log_extend(struct repo *source, struct repo *target, uint64_t after,
                                      uint64_t last, uint64_t *copied, struct error *err);
