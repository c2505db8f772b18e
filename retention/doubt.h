// SPDX-License-Identifier: PostgreSQL
/*
 * doubt.h - is anything wrong with the clock or the catalog?  Then nothing expires.
 *
 * Expiring too late costs space, expiring too early costs data.  So whoever
 * plans asks here first, and any doubt refuses the whole plan.
 */
#pragma once

#include "repo/catalog.h"

/* Hosts' clocks differ; so much is no reason for doubt. */
#define DOUBT_CLOCK_TOLERANCE_US (5 * 60 * US_PER_SECOND)

/*
 * REFUSED, with what and why, when
 *
 * - the log's newest entry is dated in the future: this clock, or its writer's,
 *   is wrong;
 * - backups are dated in the future, or dumps, unless they are a minority of
 *   their kind and others were committed after them: then it is their dates that
 *   were wrong, and they neither block expiry for years nor count for anything;
 * - a backup is of a cluster that the log does not accept, or has another WAL
 *   segment size than it, or stops before it starts.
 */
NODISCARD enum status doubt_check(const struct catalog *catalog, time_us now, struct error *err);
