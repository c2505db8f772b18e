// SPDX-License-Identifier: PostgreSQL
/*
 * expire_report.h - what a run of expiry decided and did, for people and scripts.
 */
#pragma once

#include "retention/garbage.h"

/* A backup or a dump, and what became or would become of it. */
struct expire_row
{
    char id[DUMP_ID_SIZE];
    time_us started;
    bool keep;
    bool committed; /* it has left the catalog */
    struct reasons reasons;
};

struct expire_rows
{
    struct expire_row *items; /* owned */
    size_t count;
};

struct expire_report
{
    struct expire_rows backups; /* oldest first */
    struct expire_rows dumps;   /* database by database, oldest first */
    struct wal_spans wal;       /* what was archived before, and what was decided about it */

    /* Condemned by this run, or by a dry run to be. */
    uint64_t packs;
    uint64_t pack_bytes;
    uint64_t folders;         /* of backups, whether these were ever committed or not */
    uint64_t dumps_condemned; /* whether these were ever committed or not */
    uint64_t dump_bytes;
    uint64_t segments;
    uint64_t verified;     /* superseded memories of verifications */
    uint64_t spared_packs; /* unused, but of a run that may be at work */

    /* By this run or earlier ones. */
    uint64_t waiting;      /* condemnations whose grace has not passed */
    time_us next_deletion; /* when the first of them may be carried out; TIME_NONE: never */
    uint64_t deletions;    /* condemnations carried out */
    uint64_t deleted_objects;
    uint64_t uploads; /* unfinished, removed */
};

/* The plans as they are now; what earlier plans of the run committed stays. */
NODISCARD enum status expire_report_plan(struct expire_report *report,
                                         const struct retention_plan *plan,
                                         const struct dump_plan *dumps, struct error *err);

/* The backups and dumps that go have left the catalog. */
void expire_report_commit(struct expire_report *report);

/* This is condemned, or would be. */
void expire_report_condemn(struct expire_report *report, const struct condemnation *condemned);

/* For SCOPED on an initialised struct. */
void expire_report_release(struct expire_report *report);
