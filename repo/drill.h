// SPDX-License-Identifier: PostgreSQL
/*
 * drill.h - what the catalog knows of a restore drill, and the name of its receipt.
 *
 * A drill restored a cluster from the repository, booted it and looked whether
 * it is what it should be.  All that it saw is in its receipt,
 * "<cluster>/drills/<id>.json" (drill/receipt.h), written before the cluster's
 * log gets an entry for it.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "repo/backup.h"

#define DRILL_ID_SIZE         BACKUP_ID_SIZE
#define DRILL_TARGET_SIZE     160
#define DRILL_REPOSITORY_SIZE 65 /* a longer name is cut */

enum drill_verdict
{
    DRILL_BROKEN, /* it did not come to an end: no better than failed */
    DRILL_PASSED,
    DRILL_FAILED,
};

#define DRILL_UNKNOWN_MS (-1)

struct drill
{
    char id[DRILL_ID_SIZE];         /* made like a backup's: when it started, UTC */
    char backup_id[BACKUP_ID_SIZE]; /* that was restored; "" when it came to none */
    uint64_t system_identifier;     /* of that; 0: not known */

    /* The name of the copy that it was restored from; "": from the repository that has the log. */
    char repository[DRILL_REPOSITORY_SIZE];

    char target[DRILL_TARGET_SIZE]; /* the moment that was asked for, for people; UTF-8 */
    enum drill_verdict verdict;
    time_us started;
    time_us finished;
    int64_t rto_ms; /* from nothing to a server that answers; DRILL_UNKNOWN_MS: not known */
    int64_t rpo_ms; /* the newest data that would have been lost; DRILL_UNKNOWN_MS: not known */
    uint32_t findings;
};

/* "passed", "failed", "broken" */
const char *drill_verdict_name(enum drill_verdict verdict);

/* Did it restore from there?  A copy's name, or "". */
bool drill_is_of(const struct drill *drill, const char *repository);

/* "<cluster>/drills/<id>.json" */
NODISCARD enum status drill_key(const struct repo *repo, const char *id,
                                char key[STORE_KEY_MAX + 1], struct error *err);

/* NULL when out of memory. */
json_t *drill_to_json(const struct drill *drill);
NODISCARD enum status drill_from_json(const json_t *object, struct drill *drill, struct error *err);
