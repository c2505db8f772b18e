// SPDX-License-Identifier: PostgreSQL
/*
 * run_ages.h - when each run of a backup was last seen at work.
 *
 * A run leaves objects before its backup is in the log, and if it dies, they
 * stay.  Its packs' ids carry its tag and the time of each pack, so the newest
 * is its last sign of life.  This only saves work: a run that is taken for
 * dead and is not, finds what it used condemned and fails.
 */
#pragma once

#include "base/clock.h"

#include <stddef.h>

struct run_age
{
    uint32_t tag;
    time_us last_seen;
};

struct run_ages
{
    struct run_age *items; /* owned; sorted by tag */
    size_t count;
};

NODISCARD enum status run_ages_see(struct run_ages *ages, uint32_t tag, time_us time,
                                   struct error *err);

/* TIME_NONE: never. */
time_us run_ages_last_seen(const struct run_ages *ages, uint32_t tag);

/* For SCOPED on an initialised struct. */
void run_ages_release(struct run_ages *ages);
