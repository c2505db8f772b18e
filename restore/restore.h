// SPDX-License-Identifier: PostgreSQL
/*
 * restore.h - a cluster brought back from the repository.
 *
 * The order is what makes it safe: the plan is proved first, all files are
 * written, then settings and signal file, then everything is made durable, and
 * last of all pg_control gets its name.  Without pg_control no server starts,
 * so whatever interrupts a restore leaves nothing that could be mistaken for a
 * cluster.
 */
#pragma once

#include "restore/layout.h"
#include "restore/plan.h"

struct restore_options
{
    const struct plan *plan;
    const struct layout *layout;
    const char *program;     /* this binary, an absolute path */
    const char *config_path; /* absolute */
    const char *repository;  /* that archive-get reads from; NULL: the configuration's main one */
    bool take_over;
    uint32_t workers; /* 0: one for each processor */
};

struct restore_result
{
    bool minimal_configuration;  /* the data directory had none; a minimal one was written */
    char *configuration;         /* owned; where the captured one is; NULL: nothing was captured */
    const char *names_directory; /* a setting of the restored postgresql.conf that leads to the
                                    original: "data_directory"; NULL for none; static */
};

/* On failure the error says what remains in the file system. */
NODISCARD enum status restore_run(struct repo *repo, const struct restore_options *options,
                                  struct restore_result *result, struct error *err);

/* For SCOPED on a zeroed or filled result. */
void restore_result_release(struct restore_result *result);
