// SPDX-License-Identifier: PostgreSQL
/*
 * verification.h - that the repository was read through, and what was found.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"

struct verification
{
    uint64_t objects; /* opened and authenticated */
    uint64_t bytes;   /* that they have in the store */
    uint64_t findings;
    uint64_t damage; /* so many of them: something is lost, or is not what was stored */
    time_us started;
    time_us finished;
};

/* {"objects", "bytes", "findings", "damage", "started", "finished"}.  NULL when out of memory. */
json_t *verification_to_json(const struct verification *verification);
NODISCARD enum status verification_from_json(const json_t *object,
                                             struct verification *verification, struct error *err);
