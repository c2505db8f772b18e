// SPDX-License-Identifier: PostgreSQL
/*
 * crew.h - the threads that do the reading.
 *
 * A crew works for one stage of a verification: started, given jobs, finished.
 * What its jobs use must outlive it.
 */
#pragma once

#include "repo/pack.h"
#include "verify/context.h"

struct crew;

/* What one thread has for itself. */
struct crew_member
{
    struct verify_context *context;
    struct pack_reader *reader;
};

/* Jobs embed this first. */
struct crew_job
{
    /* Fails only with what ends the run. */
    enum status (*run)(struct crew_job *job, struct crew_member *member, struct error *err);
    void (*free)(struct crew_job *job);
};

NODISCARD enum status crew_start(struct crew **crew, struct verify_context *context,
                                 struct error *err);

/* Takes the job, even when it fails.  Blocks while all are busy. */
NODISCARD enum status crew_send(struct crew *crew, struct crew_job *job, struct error *err);

/* Wait until all jobs are done; the first failure, if any. */
NODISCARD enum status crew_finish(struct crew *crew, struct error *err);

/* For SCOPED: ends the threads after their present jobs. */
void crew_freep(struct crew **crew);
