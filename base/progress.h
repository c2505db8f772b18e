// SPDX-License-Identifier: PostgreSQL
/*
 * progress.h - how far long work has come: a line that changes on a terminal,
 * now and then a line of its own elsewhere.
 *
 * Start and end it in one thread; any thread may add.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct progress
{
    const char *what;     /* static text; these three are set by start */
    uint64_t total_bytes; /* an estimate; 0: not known */
    int64_t started_ms;
    _Atomic uint64_t done_bytes;
    _Atomic int64_t shown_ms;
    _Atomic int64_t logged_ms;
};

void progress_start(struct progress *progress, const char *what, uint64_t total_bytes);
void progress_add(struct progress *progress, uint64_t bytes);

/* Wipe the line. */
void progress_end(void);
