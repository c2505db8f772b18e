// SPDX-License-Identifier: PostgreSQL
/*
 * mark.h - which packs the backups that stay use.
 *
 * Each manifest is read to its authenticated end.  One that cannot be read, or
 * that uses a pack which is not there, is no reason to go on: the packs that it
 * would have named must not pass for unused.
 */
#pragma once

#include "repo/pack_set.h"
#include "retention/plan.h"

/* The packs of all backups that the plan keeps, sorted.  live is empty before. */
NODISCARD enum status mark_packs(struct repo *repo, const struct retention_plan *plan,
                                 struct pack_set *live, struct error *err);
