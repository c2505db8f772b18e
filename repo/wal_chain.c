// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_chain.h"

#include "base/file.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of at most a few hundred bytes for each ancestor. */
#define HISTORY_LIMIT ((size_t) 1 << 20)

static enum status load_histories(struct wal_chain *chain, struct error *err);
static enum status learn_histories(struct wal_chain *chain, const struct catalog *catalog,
                                   struct error *err);

void
wal_chain_release(struct wal_chain *chain)
{
    wal_runs_release(&chain->archived);
    wal_runs_release(&chain->kept);
    for (size_t index = 0; index < chain->history_count; index++)
        pg_history_release(&chain->histories[index]);
    free(chain->histories);
    *chain = (struct wal_chain){0};
}

static enum status
add_segment(struct wal_runs *runs, struct pg_wal_segment segment, struct error *err)
{
    return wal_runs_add(runs, (struct wal_run){segment.timeline, segment.number, segment.number},
                        err);
}

static enum status
add_history(struct wal_chain *chain, struct pg_history history, struct error *err)
{
    struct pg_history *grown =
        realloc(chain->histories, (chain->history_count + 1) * sizeof(*chain->histories));

    if (grown == NULL)
        return error_no_memory(err);
    chain->histories = grown;
    chain->histories[chain->history_count++] = history;
    return OK;
}

static enum status
note_archived(void *arg, const char *name, struct error *err)
{
    struct wal_chain *chain = arg;
    struct pg_wal_file file;

    /* Another cluster's or a foreign name is not an error: it is not this cluster's WAL. */
    if (pg_wal_file_parse(name, chain->segment_size, &file, err) != OK)
        return OK;
    if (file.kind == PG_WAL_FILE_SEGMENT)
        return add_segment(&chain->archived, (struct pg_wal_segment){file.timeline, file.number},
                           err);
    if (file.kind == PG_WAL_FILE_HISTORY)
        return add_history(chain, pg_history_root(file.timeline), err);
    return OK;
}

enum status
wal_chain_load(struct wal_chain *chain, struct repo *repo, const struct catalog *catalog,
               uint64_t system_identifier, uint32_t segment_size, struct error *err)
{
    *chain = (struct wal_chain){
        .repo = repo, .system_identifier = system_identifier, .segment_size = segment_size};
    TRY(add_history(chain, pg_history_root(1), err));
    TRY(wal_list(repo, system_identifier, 0, note_archived, chain, err));
    TRY(wal_runs_subtract(&chain->archived,
                          wal_set_runs(&catalog->condemned_wal, system_identifier), err));
    TRY(load_histories(chain, err));
    return learn_histories(chain, catalog, err);
}

/* Read a history file from the archive, or from a key of its own. */
static enum status
load_history(struct wal_chain *chain, const char *key, struct pg_history *history,
             struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(HISTORY_LIMIT);
    SCOPED(sink_freep) struct sink *sink = NULL;
    char name[PG_WAL_FILE_NAME_SIZE];
    struct wal_file file = {chain->system_identifier, name};

    pg_wal_history_name(history->timeline, name);
    TRY(sink_open_buffer(&sink, &content, err));
    TRY(key == NULL ? wal_read(chain->repo, &file, &sink, err)
                    : wal_read_key(chain->repo, key, &sink, err));
    return pg_history_parse(history->timeline, buffer_bytes(&content), history, err);
}

/*
 * A backup carries the history of its timeline where the archive had it not:
 * learn that, so that the backup has a path.
 */
static enum status
learn_history(struct wal_chain *chain, const struct backup *backup, struct error *err)
{
    SCOPED(pg_history_release)
    struct pg_history history = pg_history_root(backup->start.timeline);
    char name[PG_WAL_FILE_NAME_SIZE];
    char path[sizeof("wal/") + PG_WAL_FILE_NAME_SIZE];
    char key[STORE_KEY_MAX + 1];
    enum status status;

    if (backup->wal_kept == 0 || wal_chain_history(chain, history.timeline) != NULL)
        return OK;
    pg_wal_history_name(history.timeline, name);
    snprintf(path, sizeof(path), "wal/%s", name);
    TRY(backup_key(chain->repo, backup->id, path, key, err));
    status = load_history(chain, key, &history, err);
    if (status == STATUS_NOT_FOUND)
        return OK;
    TRY(status);
    TRY(add_history(chain, history, err));
    history.ancestors = NULL;
    return OK;
}

static enum status
learn_histories(struct wal_chain *chain, const struct catalog *catalog, struct error *err)
{
    for (size_t index = 0; index < catalog->backup_count; index++)
        if (catalog->backups[index].system_identifier == chain->system_identifier)
            TRY(learn_history(chain, &catalog->backups[index], err));
    return OK;
}

static enum status
load_histories(struct wal_chain *chain, struct error *err)
{
    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].timeline != 1)
            TRY(load_history(chain, NULL, &chain->histories[index], err));
    return OK;
}

static enum status
note_kept(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct wal_chain *chain = arg;
    struct pg_wal_segment segment;

    (void) size_bytes;
    if (pg_wal_segment_parse(path_name(key), chain->segment_size, &segment, err) != OK)
        return OK;
    return add_segment(&chain->kept, segment, err);
}

enum status
wal_chain_keep(struct wal_chain *chain, const struct backup *backup, struct error *err)
{
    char prefix[STORE_KEY_MAX + 1];

    wal_runs_release(&chain->kept);
    snprintf(chain->kept_by, sizeof(chain->kept_by), "%s", backup->id);
    chain->kept_stop = backup->stop.lsn;
    if (backup->wal_kept == 0)
        return OK;
    TRY(backup_key(chain->repo, backup->id, "wal/", prefix, err));
    return store_list(chain->repo->store, prefix, "", note_kept, chain, err);
}

const struct pg_history *
wal_chain_history(const struct wal_chain *chain, pg_timeline timeline)
{
    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].timeline == timeline)
            return &chain->histories[index];
    return NULL;
}

const struct pg_history *
wal_chain_newest(const struct wal_chain *chain, struct pg_wal_position position)
{
    const struct pg_history *newest = NULL;

    for (size_t index = 0; index < chain->history_count; index++)
    {
        const struct pg_history *history = &chain->histories[index];

        if ((newest == NULL || history->timeline > newest->timeline) &&
            pg_history_contains(history, position))
            newest = history;
    }
    return newest;
}

bool
wal_chain_has(const struct wal_chain *chain, struct pg_wal_segment segment)
{
    return wal_runs_have(&chain->archived, segment) || wal_runs_have(&chain->kept, segment);
}

bool
wal_chain_find(const struct wal_chain *chain, const struct pg_history *path, uint64_t number,
               struct pg_wal_segment *segment)
{
    pg_lsn start = number * chain->segment_size;
    pg_timeline newest = pg_history_timeline_at(path, start + chain->segment_size - 1);

    *segment = (struct pg_wal_segment){newest, number};
    return wal_chain_has(chain, *segment);
}

/* Was timeline left for the path's timeline inside this segment? */
static bool
forks_in(const struct pg_history *path, pg_timeline timeline, uint64_t number,
         uint32_t segment_size)
{
    pg_lsn switch_lsn;

    return pg_history_fork(path, timeline, &switch_lsn) && switch_lsn / segment_size == number;
}

bool
wal_chain_next(const struct wal_chain *chain, struct pg_wal_segment segment,
               struct pg_wal_segment *next)
{
    *next = (struct pg_wal_segment){segment.timeline, segment.number + 1};
    if (wal_chain_has(chain, *next))
        return true;
    for (size_t index = 0; index < chain->history_count; index++)
    {
        const struct pg_history *path = &chain->histories[index];

        if (forks_in(path, segment.timeline, next->number, chain->segment_size) &&
            wal_chain_find(chain, path, next->number, next))
            return true;
    }
    return false;
}

/* The next number after the hole at which the path has a segment; 0 when there is none. */
static uint64_t
find_resumption(const struct wal_chain *chain, const struct pg_history *path, uint64_t missing)
{
    uint64_t resumes = 0;

    for (size_t index = 0; index < chain->archived.count; index++)
    {
        const struct wal_run *run = &chain->archived.items[index];
        uint64_t number = run->first > missing ? run->first : missing + 1;
        struct pg_wal_segment found;

        /* Only the part of a run that the path passes through. */
        for (; number <= run->last && (resumes == 0 || number < resumes); number++)
        {
            if (!wal_chain_find(chain, path, number, &found) || found.timeline != run->timeline)
                continue;
            resumes = number;
        }
    }
    return resumes;
}

/* Could PostgreSQL take the missing segment from the timeline that the path left in it? */
static void
look_for_fork(const struct wal_chain *chain, const struct pg_history *path, struct wal_reach *reach)
{
    pg_lsn start = reach->end * chain->segment_size;
    struct pg_wal_segment parent = {pg_history_timeline_at(path, start), reach->end};
    pg_lsn switch_lsn;

    reach->lsn = start;
    if (!forks_in(path, parent.timeline, reach->end, chain->segment_size) ||
        !wal_chain_has(chain, parent) || !pg_history_fork(path, parent.timeline, &switch_lsn))
        return;
    reach->ends_at_fork = true;
    reach->lsn = switch_lsn;
}

/*
 * Is this the segment in which the backup ended, and only kept with it?  What
 * the server wrote into it later is missing.
 */
static bool
is_cut(const struct wal_chain *chain, struct pg_wal_segment segment)
{
    return chain->kept_stop / chain->segment_size == segment.number &&
           chain->kept_stop % chain->segment_size != 0 &&
           !wal_runs_have(&chain->archived, segment) && wal_runs_have(&chain->kept, segment);
}

struct wal_reach
wal_chain_reach(const struct wal_chain *chain, const struct pg_history *path, pg_lsn start)
{
    struct wal_reach reach = {.first = start / chain->segment_size};
    struct pg_wal_segment found;

    reach.end = reach.first;
    while (wal_chain_find(chain, path, reach.end, &found) && !is_cut(chain, found))
        reach.end++;
    reach.resumes = find_resumption(chain, path, reach.end);
    reach.gap = reach.resumes != 0;
    if (is_cut(chain, found))
        reach.lsn = chain->kept_stop;
    else
        look_for_fork(chain, path, &reach);
    return reach;
}

static void
name_on_path(const struct wal_chain *chain, const struct pg_history *path, uint64_t number,
             char name[PG_WAL_SEGMENT_NAME_SIZE])
{
    struct pg_wal_segment segment;

    wal_chain_find(chain, path, number, &segment);
    pg_wal_segment_name(segment, chain->segment_size, name);
}

enum status
wal_chain_describe_end(const struct wal_chain *chain, const struct pg_history *path,
                       const struct wal_reach *reach, struct error *err)
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];

    name_on_path(chain, path, reach->end, first);
    if (!reach->gap)
        return error_set(err, STATUS_REFUSED,
                         "the archived WAL of timeline %u ends before segment %s", path->timeline,
                         first);
    name_on_path(chain, path, reach->resumes - 1, last);
    if (reach->resumes == reach->end + 1)
        return error_set(err, STATUS_REFUSED, "WAL segment %s is missing from the archive", first);
    return error_set(err, STATUS_REFUSED, "WAL segments %s to %s are missing from the archive",
                     first, last);
}

enum status
wal_chain_read(const struct wal_chain *chain, struct pg_wal_segment segment, struct sink **sink,
               struct error *err)
{
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    char path[sizeof("wal/") + PG_WAL_SEGMENT_NAME_SIZE];
    char key[STORE_KEY_MAX + 1];
    struct wal_file file = {chain->system_identifier, name};

    pg_wal_segment_name(segment, chain->segment_size, name);
    if (wal_runs_have(&chain->archived, segment))
        return wal_read(chain->repo, &file, sink, err);
    snprintf(path, sizeof(path), "wal/%s", name);
    TRY(backup_key(chain->repo, chain->kept_by, path, key, err));
    return wal_read_key(chain->repo, key, sink, err);
}
