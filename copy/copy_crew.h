// SPDX-License-Identifier: PostgreSQL
/*
 * copy_crew.h - the threads that copy, and what they found.
 *
 * A crew works for one stage of a copy: started, given objects, finished.
 */
#pragma once

#include "base/progress.h"
#include "copy/copy.h"
#include "copy/copy_object.h"

#include <pthread.h>

/* What all stages of a run share. */
struct copy_run
{
    struct repo *source; /* these three do not change */
    struct repo *target;
    unsigned workers;
    struct progress progress;
    pthread_mutex_t lock;
    struct copy_result *result; /* under the lock */
    char **gone;                /* owned, under the lock: keys that the source has no more */
    size_t gone_count;
};

struct copy_crew;

NODISCARD enum status copy_crew_start(struct copy_crew **crew, struct copy_run *run,
                                      struct error *err);

/* Copy an object, or settle what the target has under its name.  Blocks while all are busy. */
NODISCARD enum status copy_crew_send(struct copy_crew *crew, const struct copy_subject *subject,
                                     bool in_target, struct error *err);

/* Wait until all is done; the first failure, if any. */
NODISCARD enum status copy_crew_finish(struct copy_crew *crew, struct error *err);

/* For SCOPED: ends the threads after their present objects. */
void copy_crew_freep(struct copy_crew **crew);

/* Count an object that the target has. */
void copy_crew_present(struct copy_run *run);

/* Add a finding to the run's result. */
NODISCARD enum status copy_crew_find(struct copy_run *run, enum copy_problem problem,
                                     const char *key, const char *text, struct error *err);
