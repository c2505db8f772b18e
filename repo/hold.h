// SPDX-License-Identifier: PostgreSQL
/*
 * hold.h - a backup or a dump that is kept whatever the policy says.
 */
#pragma once

#include "repo/backup.h"
#include "repo/dump.h"

#define HOLD_FOR_EVER    INT64_MAX
#define HOLD_REASON_SIZE 256
#define HOLD_ID_SIZE     DUMP_ID_SIZE

struct hold
{
    char id[HOLD_ID_SIZE];         /* of a backup or a dump; these never look alike */
    time_us until;                 /* HOLD_FOR_EVER: until it is released */
    char reason[HOLD_REASON_SIZE]; /* of whoever placed it; may be "" */
};

/* What an id is held or released by in the log: "backup" or "dump". */
const char *hold_member(const char *id);

/* What an object says of either, whatever it is; borrowed.  CORRUPT when it has neither. */
NODISCARD enum status hold_id_from_json(const json_t *object, const char **id, struct error *err);

/* {"backup" or "dump", "until", "reason"}; until is null for ever.  NULL when out of memory. */
json_t *hold_to_json(const struct hold *hold);
NODISCARD enum status hold_from_json(const json_t *object, struct hold *hold, struct error *err);
