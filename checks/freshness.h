// SPDX-License-Identifier: PostgreSQL
/*
 * freshness.h - is the newest of a column's times new enough?
 *
 * Times that lie further ahead of the reference than the limit, such as a planned
 * date or infinity, say nothing of how fresh a table is, and are left aside.
 */
#pragma once

#include "checks/table_name.h"

#include "base/clock.h"

struct freshness
{
    time_us reference;
    int64_t within_ms;
};

/* One row: the newest time, in microseconds since 1970, or NULL. */
NODISCARD enum status freshness_append_query(const struct freshness *freshness,
                                             const struct table_name *table, const char *column,
                                             struct buffer *sql, struct error *err);

#define FRESHNESS_TEXT_SIZE 100

/* Judge it, TIME_NONE for NULL; text is what was found, for people. */
bool freshness_judge(const struct freshness *freshness, time_us newest,
                     char text[FRESHNESS_TEXT_SIZE]);
