// SPDX-License-Identifier: PostgreSQL
#include "pg/history.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_history history = pg_history_root(0);
    struct error err;

    if (pg_history_parse(UINT32_MAX, (struct bytes){input, size}, &history, &err) != OK)
        return 0;
    for (size_t index = 0; index < history.ancestor_count; index++)
    {
        struct pg_history_entry *entry = &history.ancestors[index];
        pg_lsn lsn;

        if (!pg_history_contains(&history,
                                 (struct pg_wal_position){entry->timeline, entry->switch_lsn}) ||
            !pg_history_fork(&history, entry->timeline, &lsn) || lsn != entry->switch_lsn ||
            pg_history_timeline_at(&history, lsn) <= entry->timeline)
            abort();
    }
    pg_history_release(&history);
    return 0;
}
