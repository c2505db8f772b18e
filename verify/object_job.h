// SPDX-License-Identifier: PostgreSQL
/*
 * object_job.h - the check of one whole object, as a job for the crew.
 *
 * Who has more to know of its object than its key embeds struct object_job first.
 */
#pragma once

#include "verify/crew.h"
#include "verify/inventory.h"

struct object_job
{
    struct crew_job base; /* these three are set by object_job_send */
    uint64_t size_bytes;
    char key[STORE_KEY_MAX + 1];

    /* Its failure is what is wrong with the object. */
    enum status (*check)(struct verify_context *context, const struct object_job *job,
                         struct error *err);
};

/*
 * Send a copy of the job, size bytes of it, if the item is due, and remember that
 * it was verified; carry what is remembered if it is not due.
 */
NODISCARD enum status object_job_send(struct crew *crew, struct verify_context *context,
                                      const struct inventory_item *item,
                                      const struct object_job *job, size_t size, struct error *err);
