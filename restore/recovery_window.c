// SPDX-License-Identifier: PostgreSQL
#include "restore/recovery_window.h"

#include "base/log.h"
#include "restore/wal_search.h"

#include <stdlib.h>

/* How far back from its end a window's last transaction is looked for. */
#define TAIL_SEGMENTS 4

/* A backup's window and what it is found by. */
struct candidate
{
    struct recovery_window window;
    const struct pg_history *path;
    struct wal_reach reach;
};

/* How far one backup goes; false when its own WAL is not whole. */
static bool
reaches(const struct backup *backup, const struct wal_chain *chain, struct candidate *candidate)
{
    struct recovery_window *window = &candidate->window;
    struct wal_reach *reach = &candidate->reach;
    struct pg_wal_segment last;

    candidate->path = wal_chain_newest(chain, backup->stop);
    if (candidate->path == NULL)
        return false;
    *reach = wal_chain_reach(chain, candidate->path, backup->start.lsn);
    if (reach->end <= reach->first || reach->lsn < backup->stop.lsn ||
        !wal_chain_find(chain, candidate->path, reach->end - 1, &last))
        return false;
    *window = (struct recovery_window){.from = backup,
                                       .timeline = candidate->path->timeline,
                                       .end = reach->lsn,
                                       .until = TIME_NONE,
                                       .gap = reach->gap};
    pg_wal_segment_name(last, chain->segment_size, window->last_segment);
    return true;
}

static bool
is_known(const struct recovery_windows *windows, const struct recovery_window *window)
{
    for (size_t index = 0; index < windows->count; index++)
        if (windows->items[index].timeline == window->timeline &&
            windows->items[index].end == window->end)
            return true;
    return false;
}

/* Nothing can be restored before the backup's own end, however old the last transaction is. */
static enum status
find_time(const struct wal_chain *chain, struct candidate *candidate, struct error *err)
{
    struct recovery_window *window = &candidate->window;
    struct wal_reach tail_reach = candidate->reach;
    struct wal_tail tail;

    if (tail_reach.end - tail_reach.first > TAIL_SEGMENTS)
        tail_reach.first = tail_reach.end - TAIL_SEGMENTS;
    TRY(wal_search_tail(chain, candidate->path, &tail_reach, &tail, err));
    if (tail.has_commit)
        window->until = tail.last_commit.time;
    else if (tail_reach.first == candidate->reach.first)
        window->until = window->from->stopped;
    if (window->until != TIME_NONE && window->until < window->from->stopped)
        window->until = window->from->stopped;
    return OK;
}

static enum status
add_window(struct recovery_windows *windows, const struct recovery_window *window,
           struct error *err)
{
    struct recovery_window *grown =
        realloc(windows->items, (windows->count + 1) * sizeof(*windows->items));

    if (grown == NULL)
        return error_no_memory(err);
    windows->items = grown;
    windows->items[windows->count++] = *window;
    return OK;
}

enum status
recovery_windows_locate(const struct catalog *catalog, struct wal_chain *chain,
                        struct recovery_windows *windows, struct error *err)
{
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        struct candidate candidate;

        if (backup->damaged || backup->system_identifier != chain->system_identifier)
            continue;
        TRY(wal_chain_keep(chain, backup, err));
        if (reaches(backup, chain, &candidate) && !is_known(windows, &candidate.window))
            TRY(add_window(windows, &candidate.window, err));
    }
    return OK;
}

enum status
recovery_window_of(const struct backup *backup, struct wal_chain *chain,
                   struct recovery_window *window, bool *whole, struct error *err)
{
    struct candidate candidate;

    TRY(wal_chain_keep(chain, backup, err));
    *whole = reaches(backup, chain, &candidate);
    if (*whole)
        *window = candidate.window;
    return OK;
}

enum status
recovery_window_time(struct wal_chain *chain, struct recovery_window *window, struct error *err)
{
    struct candidate candidate;

    TRY(wal_chain_keep(chain, window->from, err));
    if (!reaches(window->from, chain, &candidate))
        return OK;
    TRY(find_time(chain, &candidate, err));
    window->until = candidate.window.until;
    return OK;
}

enum status
recovery_windows_find(const struct catalog *catalog, struct wal_chain *chain,
                      struct recovery_windows *windows, struct error *err)
{
    TRY(recovery_windows_locate(catalog, chain, windows, err));
    for (size_t index = 0; index < windows->count; index++)
    {
        enum status status = recovery_window_time(chain, &windows->items[index], err);

        /* Whoever has to look for damage needs the rest all the more. */
        if (status == STATUS_CORRUPT)
            log_warning("the last moment that can be restored is not known: %s", err->message);
        else if (status != OK)
            return status;
    }
    return OK;
}

void
recovery_windows_release(struct recovery_windows *windows)
{
    free(windows->items);
    *windows = (struct recovery_windows){0};
}
