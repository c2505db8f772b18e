// SPDX-License-Identifier: PostgreSQL
/*
 * record.h - how many rows each table has, for later checks to be held against.
 *
 * Cheap: what a check counted is exact; of other tables the server's estimate is
 * taken, and counted are only those that it never looked at, which are the few
 * where hardly a row was written.  Views and partitions are recorded where a check
 * counted them.  Unlogged tables are empty after every recovery.
 */
#pragma once

#include "checks/check_plan.h"

/* All checks have been run.  What cannot be counted is left out. */
NODISCARD enum status record_counts(const struct check_plan *plan, struct pg_connection *connection,
                                    struct error *err);
