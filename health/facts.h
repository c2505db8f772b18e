// SPDX-License-Identifier: PostgreSQL
/*
 * facts.h - all that can be found out about a cluster's protection.
 *
 * Gathering reads the server, its data directory and the repository; what does
 * not answer is a fact, too.  What the facts amount to is health/health.h's.
 */
#pragma once

#include "base/clock.h"
#include "pg/segment.h"

#include <stdbool.h>
#include <stddef.h>

#define HEALTH_PROBLEM_SIZE 1024
#define HEALTH_HINT_SIZE    512

/* What an error said; no line feeds. */
struct health_problem
{
    char text[HEALTH_PROBLEM_SIZE]; /* "": there is none */
    char hint[HEALTH_HINT_SIZE];    /* "" for none */
};

/* Work that must be done again and again. */
struct health_work
{
    time_us good;                   /* when the last good run ended; TIME_NONE: there is none */
    char flaw[HEALTH_PROBLEM_SIZE]; /* what came out of a later one; "": nothing bad */
    bool grave;                     /* the flaw says that a restore may not work */
    char flaw_command[64];          /* what tells more of it; "": what such work always wants */
};

struct health_dump
{
    const char *database; /* borrowed */
    struct health_work work;
};

/* How WAL gets from the server into the repository. */
struct health_archiving
{
    bool off;                           /* the server does not archive at all */
    bool failing;                       /* its last try failed */
    bool elsewhere;                     /* the server is a standby, and its primary archives */
    bool known;                         /* the next three */
    uint64_t waiting;                   /* finished files that are not archived yet */
    int64_t waited_us;                  /* by the oldest of them */
    char oldest[PG_WAL_FILE_NAME_SIZE]; /* "" when none waits */
    char astray[PG_WAL_FILE_NAME_SIZE]; /* the server archived it, but not to us; "": none */
};

/* What can be restored. */
struct health_reach
{
    char problem[HEALTH_PROBLEM_SIZE]; /* why it is not known; "": it is */
    bool reaches;                      /* there is any moment that can be restored */
    struct pg_wal_position end;        /* of the WAL that can be reached from the newest backup */
    time_us time;                      /* of the last transaction before; TIME_NONE: not known */
    bool has_behind;
    uint64_t behind_bytes;         /* the server's WAL is so much longer; with has_behind */
    uint32_t segment_bytes;        /* WAL is archived in pieces of that size */
    uint64_t gaps;                 /* inside the recovery window */
    char gap[HEALTH_PROBLEM_SIZE]; /* the newest of them */
    bool gap_at_end;               /* all WAL behind it is out of reach */
    time_us gap_leaves;            /* the recovery window; TIME_NONE: not known */
};

struct health_facts
{
    const char *cluster; /* borrowed */
    const char *options; /* borrowed: what commands need to mean this cluster, such as " -c FILE" */

    struct health_problem server; /* none: it answers, and is the cluster's */
    bool other_cluster;           /* the problem is that it is another one */
    struct health_archiving archiving;
    bool has_canary; /* the server has rows of one */
    struct health_work canary;

    /* A repository that does not answer leaves all that follows unknown. */
    struct health_problem repository;

    bool has_cluster;            /* it accepts one */
    time_us store_time;          /* by the store's clock; TIME_NONE: not known */
    struct health_problem doubt; /* why nothing expires */
    struct health_work backup;
    struct health_work verify;
    struct health_work drill;
    struct health_dump *dumps; /* owned */
    size_t dump_count;
    struct health_reach reach;
};

struct config;

/* options as in the facts.  Fails only with CANCELLED or NO_MEMORY. */
NODISCARD enum status health_facts_gather(const struct config *config, const char *options,
                                          time_us now, struct health_facts *facts,
                                          struct error *err);

/* For SCOPED on an initialised struct. */
void health_facts_release(struct health_facts *facts);
