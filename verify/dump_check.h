// SPDX-License-Identifier: PostgreSQL
/*
 * dump_check.h - the logical dumps: all three objects of each are there, and are
 * what was stored.
 */
#pragma once

#include "verify/context.h"
#include "verify/inventory.h"

/* What the catalog has of dumps, against what lies below "dumps/". */
NODISCARD enum status dump_check_run(struct verify_context *context, struct inventory *inventory,
                                     struct error *err);
