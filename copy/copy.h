// SPDX-License-Identifier: PostgreSQL
/*
 * copy.h - bringing to a copy of a repository what it lacks.
 *
 * Objects are copied as they are stored, and opened while they pass: what does
 * not open does not appear in the copy.  Keys come first, then packs, WAL,
 * backups' folders, their manifests, dumps, their documents, and last the log,
 * entry by entry: so the copy is a valid repository all the time, as of some
 * earlier moment.
 *
 * What the copy has already is not touched, and what it has different is told.
 * A run that was killed left whole objects, and the next one goes on from there;
 * several at once, or archive-push beside them, do not disturb each other.
 *
 * Nothing is deleted here; see retention/prune.h.
 */
#pragma once

#include "repo/repo.h"

enum copy_problem
{
    COPY_DAMAGED,   /* the source's object cannot be read or is not what was stored: not copied */
    COPY_MISSING,   /* the source has lost it */
    COPY_DIFFERENT, /* the target has something else under its name: not overwritten */
};

struct copy_finding
{
    enum copy_problem problem;
    char *key;  /* owned */
    char *text; /* owned; what is the case */
};

/* So many are kept; all are counted. */
#define COPY_FINDINGS_MAX 1000

struct copy_result
{
    uint64_t objects;     /* copied, without the log's entries */
    uint64_t bytes;       /* that these have in the store */
    uint64_t wal_files;   /* of these, files of the archive */
    uint64_t present;     /* that the target had */
    uint64_t log_entries; /* copied */
    uint64_t finding_count;
    struct copy_finding *findings; /* owned; the first of them */
};

struct copy_options
{
    unsigned workers; /* threads, of COPY_WORKER_MEMORY each */
};

#define COPY_WORKER_MEMORY ((size_t) 48 << 20)

/*
 * Copy what belongs to source's cluster.  target is a copy of source: the same
 * id, and open with the same keys.
 *
 * REFUSED when the target's log is no beginning of the source's: somebody
 * committed there.  OK also when something was found; result says what.  A
 * failure leaves the copy valid, and result says how far it came.
 */
NODISCARD enum status copy_run(struct repo *source, struct repo *target,
                               const struct copy_options *options, struct copy_result *result,
                               struct error *err);

/* "damaged" */
const char *copy_problem_name(enum copy_problem problem);

/* For SCOPED on an initialised struct. */
void copy_result_release(struct copy_result *result);
