// SPDX-License-Identifier: PostgreSQL
/*
 * plain_check.h - an object of which no more is asked than that it opens.
 */
#pragma once

#include "verify/crew.h"
#include "verify/inventory.h"

/* Open it if it is due, and remember that; carry what is remembered if it is not. */
NODISCARD enum status plain_check_send(struct crew *crew, struct verify_context *context,
                                       const struct inventory_item *item, struct error *err);
