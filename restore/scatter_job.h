// SPDX-License-Identifier: PostgreSQL
/*
 * scatter_job.h - what the planner of a scatter hands to its workers.
 */
#pragma once

#include "base/group.h"
#include "base/progress.h"
#include "repo/pack.h"

/* A stretch of a file, and where in which frame it is; its path follows. */
struct scatter_piece
{
    uint64_t file_offset;
    uint32_t length;
    uint32_t skip;
    uint32_t frame_number;
    uint32_t frame_offset;
    uint32_t frame_size;
    uint32_t path_size; /* with its terminator */
};

/* A range of a pack, to be fetched at once, and the pieces in its frames. */
struct scatter_job
{
    const struct pack *pack;
    uint32_t begin;
    uint32_t end;
    struct buffer pieces; /* struct scatter_piece and path, in the frames' order */
};

struct scatter_work
{
    struct repo *repo;
    int root; /* the data directory */
    struct chan *jobs;
    struct progress progress;
    atomic_bool direct_refused; /* the file system has no direct I/O */
};

/* No job's range is longer, but for a single frame. */
#define SCATTER_RANGE_MAX (8 * 1024 * 1024)

/* Frames this near to each other are fetched together. */
#define SCATTER_GAP_MAX (1024 * 1024)

/* Of a job's pieces; very small files make many of them. */
#define SCATTER_PIECES_MAX ((size_t) 2 * 1024 * 1024)

/* A worker's thread; arg is the struct scatter_work. */
enum status scatter_worker(void *arg, struct error *err);

void scatter_job_free(void *job);
