// SPDX-License-Identifier: PostgreSQL
/*
 * drill_check.h - the receipts of drills: authentic, and what the log says of them.
 */
#pragma once

#include "verify/context.h"
#include "verify/inventory.h"

/*
 * Open all that are due.  One that the log has and the store lacks is damage; one
 * that the log does not have is left over from a drill that was killed.
 */
NODISCARD enum status drill_check_run(struct verify_context *context, struct inventory *inventory,
                                      struct error *err);
