// SPDX-License-Identifier: PostgreSQL
/*
 * restore_dump.h - one run of restore-dump that loads: what is to be done, and
 * then what was.
 *
 * First all that can be known beforehand is looked at, so that nobody waits for a
 * refusal: the dump, what it needs, what a swap would meet.  Then the dump is
 * loaded into a database of its own, that is checked, and only what passed takes
 * the original's place.
 */
#pragma once

#include "agent/command.h"
#include "checks/checks.h"
#include "dump/database.h"
#include "dump/load.h"
#include "dump/swap.h"

struct restore_dump
{
    const struct invocation *invocation;
    struct repo *repo;             /* owned, like all pointers up to tables */
    struct dump_document document; /* of the dump that was chosen */
    char *conninfo;                /* to the server that is loaded into */
    char *programs;                /* PostgreSQL's, of that server's major version */
    const char **tables;           /* NULL: all; borrowed texts */
    struct database_beside *beside;
    size_t beside_count;
    char into[DUMP_DATABASE_SIZE];
    int server_version;
    unsigned jobs;
    bool swap;
    bool restored; /* into is there: an earlier run loaded it */
    bool loaded;   /* from here on: what was done; or was done before */
    int64_t load_ms;
    bool checked;
    struct check_results checks; /* owned */
    bool swapped;
    struct swap_result swap_result;
};

#define RESTORE_DUMP_INIT(its_invocation) ((struct restore_dump){.invocation = (its_invocation)})

/* Open the repository and choose the dump of the database that the command line names. */
NODISCARD enum status restore_dump_choose(struct restore_dump *run, struct error *err);

/* Make the plan and check it, changing nothing. */
NODISCARD enum status restore_dump_plan(struct restore_dump *run, struct error *err);

/*
 * Load what is not there yet, check, and swap where that is asked for, telling of each as it is
 * done. CORRUPT: a check failed, and the restored database stays for looking at it.
 */
NODISCARD enum status restore_dump_carry_out(struct restore_dump *run, struct error *err);

/* The directory with pg_restore for the dump itself, where no server is asked. */
NODISCARD enum status restore_dump_programs(struct restore_dump *run, struct error *err);

/* For SCOPED on an initialised struct. */
void restore_dump_release(struct restore_dump *run);
