// SPDX-License-Identifier: PostgreSQL
/*
 * history_check.h - timeline histories: is one there for every timeline that
 * needs one, and do they tell the same story?
 */
#pragma once

#include "repo/wal_chain.h"
#include "verify/context.h"

NODISCARD enum status history_check_run(struct verify_context *context,
                                        const struct wal_chain *chain, struct error *err);
