// SPDX-License-Identifier: PostgreSQL
/*
 * log_check.h - the repository's keys, and the cluster's log entry by entry.
 */
#pragma once

#include "verify/context.h"
#include "verify/inventory.h"

/* Open every data key; *usable: one did, or nothing is encrypted. */
NODISCARD enum status log_check_keys(struct verify_context *context, bool *usable,
                                     struct error *err);

/* Every number from 1 on is there, once, and every entry opens and has a kind. */
NODISCARD enum status log_check_run(struct verify_context *context, struct inventory *inventory,
                                    struct error *err);
