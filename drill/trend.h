// SPDX-License-Identifier: PostgreSQL
/*
 * trend.h - are restores getting slower?
 *
 * Pure: of the drills that the catalog knows.
 */
#pragma once

#include "repo/drill.h"

#define TREND_DRILLS 12 /* a year of monthly ones */

struct trend
{
    size_t drills; /* the last TREND_DRILLS, or fewer */
    size_t passed;
    size_t timed;          /* of them, with a known RTO */
    int64_t median_rto_ms; /* of those; the shorter of the two in the middle */
    int64_t longest_rto_ms;
    const struct drill *longest; /* borrowed; NULL when timed is 0 */
};

/* The newest is last. */
void trend_find(const struct drill *drills, size_t count, struct trend *trend);

/* For people, in one line. */
#define TREND_TEXT_SIZE 256
void trend_describe(const struct trend *trend, char text[TREND_TEXT_SIZE]);
