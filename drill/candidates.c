// SPDX-License-Identifier: PostgreSQL
#include "drill/candidates.h"

#include "base/log.h"
#include "restore/recovery_window.h"

#include <stdlib.h>
#include <string.h>

void
drill_candidates_release(struct drill_candidates *candidates)
{
    free(candidates->items);
    catalog_release(&candidates->catalog);
    *candidates = (struct drill_candidates){0};
}

/* Drills that did not come to an end tried nothing, and those of copies tried nothing here. */
static time_us
last_tried(const struct drill_candidates *candidates, const struct backup *backup)
{
    const struct catalog *catalog = &candidates->catalog;
    time_us last = TIME_NONE;

    for (size_t index = 0; index < catalog->drill_count; index++)
    {
        const struct drill *drill = &catalog->drills[index];

        if (drill->verdict != DRILL_BROKEN && drill_is_of(drill, candidates->copy) &&
            strcmp(drill->backup_id, backup->id) == 0 && drill->started > last)
            last = drill->started;
    }
    return last;
}

/*
 * Backups that reach the same end share its time, which costs reading WAL.  Where
 * that is damaged, they can be tried to their own ends all the same.
 */
static enum status
find_end(struct wal_chain *chain, struct recovery_window *window,
         const struct recovery_window *earlier, struct error *err)
{
    enum status status;

    if (earlier->from != NULL && earlier->timeline == window->timeline &&
        earlier->end == window->end)
    {
        window->until = earlier->until;
        return OK;
    }
    status = recovery_window_time(chain, window, err);
    if (status != STATUS_CORRUPT)
        return status;
    log_warning("the last moment that backup %s can be restored to is not known: %s",
                window->from->id, err->message);
    return OK;
}

/* A backup whose own WAL is not whole is tried too: that it fails must be known. */
static enum status
add_candidate(struct drill_candidates *candidates, const struct backup *backup,
              struct wal_chain *chain, struct recovery_window *earlier, struct error *err)
{
    struct drill_candidate *candidate = &candidates->items[candidates->count++];
    struct recovery_window window;
    bool whole;

    *candidate = (struct drill_candidate){
        .backup = backup,
        .last_tried = last_tried(candidates, backup),
        .from = backup->stopped,
        .until = TIME_NONE,
    };
    TRY(recovery_window_of(backup, chain, &window, &whole, err));
    if (!whole)
        return OK;
    TRY(find_end(chain, &window, earlier, err));
    if (window.until > backup->stopped)
        candidate->until = window.until;
    *earlier = window;
    return OK;
}

static enum status
add_all(struct drill_candidates *candidates, struct wal_chain *chain, struct error *err)
{
    const struct catalog *catalog = &candidates->catalog;
    struct recovery_window earlier = {.from = NULL};

    candidates->items = calloc(catalog->backup_count + 1, sizeof(*candidates->items));
    if (candidates->items == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (backup->system_identifier != chain->system_identifier)
            continue;
        if (backup->damaged)
            log_warning("backup %s is marked as damaged: no drill of it is made", backup->id);
        else
            TRY(add_candidate(candidates, backup, chain, &earlier, err));
    }
    return OK;
}

enum status
drill_candidates_gather(struct repo *repo, const char *copy, struct drill_candidates *candidates,
                        struct error *err)
{
    SCOPED(wal_chain_release) struct wal_chain chain = {0};
    const struct lineage *present;

    candidates->copy = copy;
    TRY(catalog_load(repo, &candidates->catalog, err));
    present = catalog_present_lineage(&candidates->catalog);
    if (present != NULL)
    {
        TRY(wal_chain_load(&chain, repo, &candidates->catalog, present->system_identifier,
                           present->wal_segment_size, err));
        TRY(add_all(candidates, &chain, err));
    }
    if (candidates->count > 0)
        return OK;
    error_set(err, STATUS_REFUSED, "the repository holds no good backup to drill with");
    error_hint(err, "Take one with \"redoubt backup\".");
    return STATUS_REFUSED;
}

struct plan_options
drill_candidates_plan(const struct drill_moment *moment)
{
    return (struct plan_options){
        .target = {.kind = moment->at_end_of_backup ? TARGET_IMMEDIATE : TARGET_TIME,
                   .time = moment->time,
                   .action = TARGET_PROMOTE},
        .backup_id = moment->backup->id,
    };
}
