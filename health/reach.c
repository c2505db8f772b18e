// SPDX-License-Identifier: PostgreSQL
#include "health/reach.h"

#include "restore/recovery_window.h"

#include <stdio.h>
#include <string.h>

struct search
{
    const struct health_reach_question *question; /* these do not change */
    struct health_reach *found;

    struct wal_chain chain; /* of the present cluster */
    struct recovery_windows windows;
};

static void
release_search(struct search *search)
{
    recovery_windows_release(&search->windows);
    wal_chain_release(&search->chain);
}

static enum status
load(struct search *search, struct error *err)
{
    const struct catalog *catalog = search->question->catalog;
    const struct lineage *present = catalog_present_lineage(catalog);

    TRY(wal_chain_load(&search->chain, search->question->repo, catalog, present->system_identifier,
                       present->wal_segment_size, err));
    return recovery_windows_locate(catalog, &search->chain, &search->windows, err);
}

/* Gaps */

/* The first good backup that begins behind a hole; NULL when there is none. */
static const struct backup *
find_cover(const struct search *search, uint64_t resumes)
{
    const struct catalog *catalog = search->question->catalog;
    const struct backup *cover = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (!backup->damaged && backup->system_identifier == search->chain.system_identifier &&
            backup->start.lsn / search->chain.segment_size >= resumes &&
            (cover == NULL || backup->stopped < cover->stopped))
            cover = backup;
    }
    return cover;
}

/* What expired is no loss. */
static bool
is_expired(const struct search *search, const struct pg_history *path, uint64_t number)
{
    struct pg_wal_segment segment;

    (void) wal_chain_find(&search->chain, path, number, &segment);
    return catalog_condemned_wal(search->question->catalog, search->chain.system_identifier,
                                 (struct wal_run){segment.timeline, number, number});
}

static void
note_gap(struct search *search, const struct pg_history *path, const struct wal_reach *reach,
         bool newest)
{
    const struct backup *cover = find_cover(search, reach->resumes);
    struct health_reach *found = search->found;
    struct error text;

    if (is_expired(search, path, reach->end) ||
        (cover != NULL && cover->stopped <= search->question->window_start))
        return;
    (void) wal_chain_describe_end(&search->chain, path, reach, &text);
    snprintf(found->gap, sizeof(found->gap), "%s", text.message);
    found->gaps++;
    found->gap_at_end = newest;
    found->gap_leaves = cover == NULL ? TIME_NONE : cover->stopped + search->question->window_us;
}

static enum status
find_gaps(struct search *search, struct error *err)
{
    struct wal_chain *chain = &search->chain;

    for (size_t index = 0; index < search->windows.count; index++)
    {
        const struct recovery_window *window = &search->windows.items[index];
        const struct pg_history *path = wal_chain_history(chain, window->timeline);
        struct wal_reach reach;

        if (!window->gap)
            continue;
        TRY(wal_chain_keep(chain, window->from, err));
        reach = wal_chain_reach(chain, path, window->from->start.lsn);
        note_gap(search, path, &reach, index + 1 == search->windows.count);
    }
    return OK;
}

/* The end */

static enum status
find_end(struct search *search, struct error *err)
{
    struct health_reach *found = search->found;
    struct recovery_window *newest;
    struct error problem;
    enum status status;

    if (search->windows.count == 0)
        return OK;
    newest = &search->windows.items[search->windows.count - 1];
    status = recovery_window_time(&search->chain, newest, &problem);
    if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
    {
        *err = problem;
        return status;
    }
    if (status != OK)
        snprintf(found->problem, sizeof(found->problem), "%s", problem.message);
    found->reaches = true;
    found->end = (struct pg_wal_position){newest->timeline, newest->end};
    found->time = newest->until;
    return OK;
}

/* Without a backup, or of another cluster, it says nothing. */
static void
compare_end(struct search *search)
{
    const struct health_server *server = search->question->server;
    struct health_reach *found = search->found;

    if (!found->reaches || server->lsn == PG_LSN_NONE || !server->identified ||
        server->system_identifier != search->chain.system_identifier)
        return;
    found->has_behind = true;
    found->segment_bytes = search->chain.segment_size;
    found->behind_bytes = server->lsn > found->end.lsn ? server->lsn - found->end.lsn : 0;
}

/*
 * An archive_command that leads elsewhere, or nowhere, succeeds.  What it took
 * before the newest backup is nobody's concern, as in a cluster that another
 * tool archived until today.
 */
static void
find_astray(struct search *search, struct health_archiving *archiving)
{
    const struct health_server *server = search->question->server;
    const struct wal_chain *chain = &search->chain;
    const struct recovery_window *newest;
    struct pg_wal_segment last;
    struct error other;

    if (search->windows.count == 0 || !server->identified ||
        server->system_identifier != chain->system_identifier ||
        pg_wal_segment_parse(server->archived, chain->segment_size, &last, &other) != OK)
        return;
    newest = &search->windows.items[search->windows.count - 1];
    if (last.timeline < newest->timeline || wal_runs_have(&chain->archived, last) ||
        last.number < newest->from->start.lsn / chain->segment_size)
        return;
    snprintf(archiving->astray, sizeof(archiving->astray), "%s", server->archived);
}

static enum status
look(const struct health_reach_question *question, struct health_facts *facts, struct error *err)
{
    SCOPED(release_search)
    struct search search = {.question = question, .found = &facts->reach};

    facts->reach = (struct health_reach){.time = TIME_NONE, .gap_leaves = TIME_NONE};
    TRY(load(&search, err));
    TRY(find_gaps(&search, err));
    TRY(find_end(&search, err));
    compare_end(&search);
    find_astray(&search, &facts->archiving);
    return OK;
}

enum status
health_reach_find(const struct health_reach_question *question, struct health_facts *facts,
                  struct error *err)
{
    TRY(look(question, facts, err));
    if (facts->reach.gaps == 0)
        return OK;
    /* Of two segments that came while names were listed, only the later may have been seen. */
    return look(question, facts, err);
}
