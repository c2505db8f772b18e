// SPDX-License-Identifier: PostgreSQL
/*
 * candidates.h - the backups that a drill may try, and how far each goes.
 *
 * What drill/choice.h chooses from: the catalog, its drills and the names of the
 * archived WAL, and the times in the WAL's last segments.
 */
#pragma once

#include "drill/choice.h"
#include "repo/catalog.h"
#include "restore/plan.h"

struct drill_candidates
{
    struct catalog catalog; /* whose backups the items borrow */
    const char *copy;       /* borrowed: as it was gathered */
    struct drill_candidate *items;
    size_t count;
};

/*
 * copy: the name under which drills of this repository are logged, if it is a copy;
 * else "".  REFUSED: the repository holds no good backup.
 */
NODISCARD enum status drill_candidates_gather(struct repo *repo, const char *copy,
                                              struct drill_candidates *candidates,
                                              struct error *err);

/* For SCOPED on a zeroed or gathered struct. */
void drill_candidates_release(struct drill_candidates *candidates);

/* What to restore for a moment that was chosen; it borrows the backup's id. */
struct plan_options drill_candidates_plan(const struct drill_moment *moment);
