// SPDX-License-Identifier: PostgreSQL
/*
 * drill.h - restore from the repository into a private place, boot it, prove what
 * is there, and leave nothing behind.
 *
 * Nothing here knows the production server but by its conninfo, and only to ask
 * it for the time: the drill works on a host that has the repository, the key and
 * PostgreSQL's programs.
 */
#pragma once

#include "checks/checks.h"
#include "drill/receipt.h"
#include "drill/self_test.h"
#include "restore/plan.h"

struct drill_options
{
    struct repo *repo;
    const char *cluster;
    const char *program;       /* this binary, an absolute path */
    const char *config_path;   /* absolute */
    const char *repository;    /* that archive-get reads from; NULL: the main one */
    const char *bin_directory; /* of PostgreSQL; NULL: where this major version usually is */
    const char *directory;    /* an absolute path; ours alone: what killed drills left in it goes */
    const char *primary;      /* conninfo, to ask for its clock and LSN; NULL: do not */
    const char *const *roles; /* to connect as to the restored server; ends with NULL */
    struct plan_options target;
    const struct checks_config *checks; /* of all databases; check_count of them */
    size_t check_count;
    const struct receipt *previous; /* whose counts are the bands' base; NULL: none */
    uint64_t memory_bytes;          /* for the restored server's buffers and the like */
    uint64_t rate;                  /* bytes a second that are fetched at most; 0: no limit */
    unsigned nice;                  /* for the server and the programs */
    uint32_t workers;
    bool keep; /* leave the restored cluster there, stopped */
};

/*
 * OK whatever the verdict: the receipt, initialised by the caller, says it, and
 * is neither stored nor logged yet.  Fails when a drill cannot even be begun:
 * REFUSED when there is too little room on the disk, with figures, or another
 * drill runs in the directory; CONFIG when programs are missing; CANCELLED.
 */
NODISCARD enum status drill_run(const struct drill_options *options, struct receipt *receipt,
                                struct error *err);

/*
 * Can a drill of this target fail?  Restores what a drill would, and damages copies
 * of that.  The receipt tells how the restore went, as far as to a server that
 * answers; where that is red, the test is not done.
 */
NODISCARD enum status drill_self_test(const struct drill_options *options, struct receipt *receipt,
                                      struct self_test *test, struct error *err);
