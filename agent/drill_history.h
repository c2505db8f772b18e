// SPDX-License-Identifier: PostgreSQL
/*
 * drill_history.h - the drills that the log tells of, one after the other.
 */
#pragma once

#include "repo/catalog.h"

/* The last so many, 0: all that the catalog has; on standard output, the newest last. */
NODISCARD enum status drill_history_print(const struct catalog *catalog, uint32_t last, bool json,
                                          struct error *err);
