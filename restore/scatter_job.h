// SPDX-License-Identifier: PostgreSQL
/*
 * scatter_job.h - what a scatter and its workers share.
 */
#pragma once

#include "base/group.h"
#include "base/progress.h"
#include "repo/pack_range.h"

struct scatter_work
{
    struct repo *repo;
    int root;          /* the data directory */
    struct chan *jobs; /* struct pack_range */
    struct progress progress;
    atomic_bool direct_refused; /* the file system has no direct I/O */
};

/* No range is longer, but for a single frame. */
#define SCATTER_RANGE_MAX (8 * 1024 * 1024)

/* A worker's thread; arg is the struct scatter_work. */
enum status scatter_worker(void *arg, struct error *err);
