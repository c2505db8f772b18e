// SPDX-License-Identifier: PostgreSQL
/*
 * backoff.h - how long to wait before trying again.  Pure.
 *
 * Exponential with full jitter: anything from nothing to twice the last bound,
 * so that many clients do not come back together.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct backoff
{
    int64_t limit_ms; /* for all attempts together */
    int64_t elapsed_ms;
    unsigned attempt_count; /* that failed */
    int64_t retry_after_ms; /* what the service asked for, or 0 */
};

/* False: the limit leaves no room.  random is any number, evenly distributed. */
bool backoff_pause(const struct backoff *backoff, uint32_t random, int64_t *pause_ms);
