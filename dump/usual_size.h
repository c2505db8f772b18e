// SPDX-License-Identifier: PostgreSQL
/*
 * usual_size.h - is a dump as large as the ones before it?
 *
 * The rule: pg_dump's output is compared with that of the last seven dumps of the
 * same database in the same format which were not suspicious themselves.  Less
 * than half of the smallest is suspicious, and so is more than five times the
 * largest of at least three.
 * So growth and shrinking of every day pass, and one dump whose size the operator
 * accepted moves the range at once.  Pure.
 */
#pragma once

#include "repo/catalog.h"

#define USUAL_SIZE_COUNT 7

struct usual_size
{
    unsigned count; /* 0: there is nothing to compare with */
    uint64_t smallest;
    uint64_t largest;
};

struct usual_size usual_size_of(const struct catalog *catalog, const struct dump *dump);

bool usual_size_is_small(const struct usual_size *usual, uint64_t raw_bytes);
bool usual_size_is_large(const struct usual_size *usual, uint64_t raw_bytes);
