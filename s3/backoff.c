// SPDX-License-Identifier: PostgreSQL
#include "s3/backoff.h"

enum
{
    FIRST_BOUND_MS = 100,
    LAST_BOUND_MS = 10000
};

bool
backoff_pause(const struct backoff *backoff, uint32_t random, int64_t *pause_ms)
{
    int64_t bound_ms = FIRST_BOUND_MS;

    for (unsigned count = 1; count < backoff->attempt_count && bound_ms < LAST_BOUND_MS; count++)
        bound_ms *= 2;
    if (bound_ms > LAST_BOUND_MS)
        bound_ms = LAST_BOUND_MS;
    *pause_ms = random % (bound_ms + 1);
    if (*pause_ms < backoff->retry_after_ms)
        *pause_ms = backoff->retry_after_ms;
    return backoff->elapsed_ms + *pause_ms <= backoff->limit_ms;
}
