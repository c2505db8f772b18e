// SPDX-License-Identifier: PostgreSQL
#include "agent/recovery_window.h"

/* How far one backup goes; nowhere when its own WAL is not whole. */
static enum status
window_of(const struct backup *backup, struct wal_chain *chain, struct recovery_window *window,
          struct error *err)
{
    const struct pg_history *path;
    struct wal_reach reach;
    struct pg_wal_segment last;

    *window = (struct recovery_window){0};
    TRY(wal_chain_keep(chain, backup, err));
    path = wal_chain_newest(chain, backup->stop);
    if (path == NULL)
        return OK;
    reach = wal_chain_reach(chain, path, backup->start.lsn);
    if (reach.end <= reach.first || reach.lsn < backup->stop.lsn ||
        !wal_chain_find(chain, path, reach.end - 1, &last))
        return OK;
    window->from = backup;
    window->timeline = path->timeline;
    window->end = reach.lsn;
    window->gap = reach.gap;
    pg_wal_segment_name(last, chain->segment_size, window->last_segment);
    return OK;
}

enum status
recovery_window_find(const struct catalog *catalog, struct wal_chain *chain,
                     struct recovery_window *window, struct error *err)
{
    *window = (struct recovery_window){0};
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        struct recovery_window candidate;

        if (backup->damaged || backup->system_identifier != chain->system_identifier)
            continue;
        TRY(window_of(backup, chain, &candidate, err));
        if (candidate.from == NULL)
            continue;
        *window = candidate;
        if (!candidate.gap)
            return OK;
    }
    return OK;
}
