// SPDX-License-Identifier: PostgreSQL
/*
 * drill_job.h - one drill, from the command line's options to its place in the log.
 */
#pragma once

#include "agent/command.h"
#include "drill/drill.h"
#include "repo/catalog.h"

struct drill_job
{
    const struct invocation *invocation;
    struct repo *repo;       /* to restore from */
    struct repo *journal;    /* where receipts are kept: the main repository; NULL: nowhere */
    struct catalog *catalog; /* the journal's */
};

/* Drill, keep the receipt, and tell of it in the log.  OK whatever the verdict. */
NODISCARD enum status drill_job_run(struct drill_job *job, const struct plan_options *target,
                                    struct receipt *receipt, struct error *err);

/* The same, but to find out whether a drill can fail; nothing is kept. */
NODISCARD enum status drill_job_self_test(struct drill_job *job, const struct plan_options *target,
                                          struct receipt *receipt, struct self_test *test,
                                          struct error *err);

/* The directory to drill in, in memory of its own; see the options' help. */
NODISCARD enum status drill_job_directory(const struct invocation *invocation, char **directory,
                                          struct error *err);

/* The verdict as this program's error: CORRUPT failed, IO broken. */
NODISCARD enum status drill_job_conclude(const struct receipt *receipt, struct error *err);
