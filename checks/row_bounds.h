// SPDX-License-Identifier: PostgreSQL
/*
 * row_bounds.h - how many rows a table may have, by its configuration and what
 * was counted when it was dumped.
 *
 * An estimate of the server's lags behind by what autovacuum lets pass before it
 * looks again, 50 rows and 20 % (autovacuum_vacuum_threshold and _scale_factor):
 * so much more is allowed around one, and said.
 */
#pragma once

#include "checks/checks.h"

struct row_bounds
{
    uint64_t minimum;
    uint64_t maximum; /* UINT64_MAX: none */
};

#define ROW_BOUNDS_TEXT_SIZE 200

/* recorded may be NULL.  text is what is expected, for people. */
struct row_bounds row_bounds_of(const struct checks_table *table,
                                const struct checks_count *recorded,
                                char text[ROW_BOUNDS_TEXT_SIZE]);
