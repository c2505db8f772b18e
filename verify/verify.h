// SPDX-License-Identifier: PostgreSQL
/*
 * verify.h - is everything in the repository that should be, and is it what was
 * stored?
 *
 * The structure is looked at every time: keys, each entry of the log, lineages,
 * each manifest to its authenticated end and against what packs there are, the
 * names of the archived WAL.  Packs, WAL and dumps are read whole, which takes
 * long: by default only those that nobody has verified lately.
 *
 * Nothing that is found ends the run, and everything found is listed.  Objects
 * are read by several threads.
 *
 * Memory: about 64 MiB, and 16 MiB for each thread; it grows neither with the
 * cluster nor with what is found, but for 100 bytes for each backup and run of
 * WAL.
 */
#pragma once

#include "repo/repo.h"
#include "repo/verification.h"
#include "verify/findings.h"

#define VERIFY_THREADS_MAX 16

/* What one thread needs, and all of them together beside that. */
#define VERIFY_THREAD_MEMORY (UINT64_C(16) << 20)
#define VERIFY_COMMON_MEMORY (UINT64_C(64) << 20)

struct verify_options
{
    const char *backup_id; /* NULL: everything of the cluster, dumps too */
    bool all;              /* what was verified lately too */
    int64_t older_than_ms; /* what was verified longer ago is verified again */
    uint64_t rate;         /* bytes per second, of all threads; 0: no limit */
    uint32_t workers;      /* 0: one for each processor */
    uint64_t memory_bytes; /* fewer threads, if that is not enough for all; 0: no limit */
};

struct verify_result
{
    struct verification verification; /* as it goes into the log */
    uint64_t remembered;              /* objects that were verified lately, and not read */
    uint64_t remembered_bytes;
    bool complete;             /* everything that should have been looked at was */
    struct findings *findings; /* owned; sorted */
};

/*
 * OK: it was done, whatever it found.  On any other status the result has what
 * was found until then; REFUSED: there is no such backup.
 */
NODISCARD enum status verify_run(struct repo *repo, const struct verify_options *options,
                                 struct verify_result *result, struct error *err);

/* For SCOPED on a zeroed or filled result. */
void verify_result_release(struct verify_result *result);
