// SPDX-License-Identifier: PostgreSQL
/*
 * hold.h - a backup that is kept whatever the policy says.
 */
#pragma once

#include "repo/backup.h"

#define HOLD_FOR_EVER    INT64_MAX
#define HOLD_REASON_SIZE 256

struct hold
{
    char backup[BACKUP_ID_SIZE];
    time_us until;                 /* HOLD_FOR_EVER: until it is released */
    char reason[HOLD_REASON_SIZE]; /* of whoever placed it; may be "" */
};

/* {"backup", "until", "reason"}; until is null for ever.  NULL when out of memory. */
json_t *hold_to_json(const struct hold *hold);
NODISCARD enum status hold_from_json(const json_t *object, struct hold *hold, struct error *err);
