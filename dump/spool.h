// SPDX-License-Identifier: PostgreSQL
/*
 * spool.h - a directory on a disk for the time of a dump or its restore, where a program
 * needs to seek in a dump.
 *
 * Below a root that several runs share each has a directory of its own, and holds
 * a lock (flock) on it.  The kernel gives that up when a run is killed: the next
 * one removes what it left behind.
 */
#pragma once

#include "base/error.h"

struct spool
{
    char *path; /* owned; NULL: not open */
    int lock;
};

#define SPOOL_INIT ((struct spool){.lock = -1})

/*
 * root: the operator's directory, which is made when it is missing; NULL: $TMPDIR
 * or /var/tmp.  REFUSED: somebody else could write there.
 */
NODISCARD enum status spool_open(struct spool *spool, const char *root, struct error *err);

/* For SCOPED on an initialised struct: removes it with all that is in it. */
void spool_release(struct spool *spool);
