// SPDX-License-Identifier: PostgreSQL
/*
 * retention_judge.h - what must hold when a world has expired something.
 *
 * The judge shares no code with retention/: days, weeks and months are the C
 * library's, in the zone that judge_zone was told, and what is expected is
 * looked up among all backups that there ever were.
 */
#pragma once

#include "tests/support/retention_world.h"

/* The zone of the policy that will be judged, by its name; for the whole process. */
void judge_zone(const char *name);

/*
 * Expire, and see that moments of the window that could be recovered still can
 * (but for a margin at its beginning, by which clocks were wrong), that backups
 * that stay have their WAL, and that the newest good one stays.
 */
void judge_expiry(struct world *world, int64_t margin_us);

/* On one timeline that lost nothing: can each archived moment of the window be recovered? */
void judge_window(struct world *world);

/* Planning again lets nothing more go. */
void judge_again(struct world *world);

/*
 * Does what there is equal what one plan over all that there ever was would
 * leave?  For policies whose window begins at a weekly backup, on one timeline.
 */
void judge_set(const struct world *world);

/* Is each one there that is daily, weekly or monthly, of all that there ever were? */
void judge_shelf(const struct world *world);
