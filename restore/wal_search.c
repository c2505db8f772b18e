// SPDX-License-Identifier: PostgreSQL
#include "restore/wal_search.h"

#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "repo/wal_scan.h"

#include <stdlib.h>
#include <string.h>

/* Of a commit's main data: 60,000 subtransactions and more. */
#define MAIN_LIMIT ((size_t) 256 * 1024)

/* One segment being read, and whatever of the next its last record needs. */
struct scan
{
    const struct wal_chain *chain;
    struct pg_wal_segment segment;
    struct pg_wal_segment read; /* itself, or one that completes its last record */
    pg_lsn end_lsn;             /* of the segment */
    bool done;                  /* a record of the next segment was met */

    enum status (*record)(void *arg, const struct pg_wal_record *record, struct error *err);
    void *arg;
};

static enum status
pass_record(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct scan *scan = arg;

    if (record->start >= scan->end_lsn)
    {
        /* Ends the reading: all that began in the segment was complete. */
        scan->done = true;
        return error_set(err, STATUS_CANCELLED, "the rest is of the next segment");
    }
    return scan->record(scan->arg, record, err);
}

/* Has the reader stopped, or is nothing left to complete? */
static bool
is_complete(const struct scan *scan, struct pg_wal_end end)
{
    return scan->done || end.reason != PG_WAL_END_NONE || end.lsn >= scan->end_lsn;
}

/* All records that begin in the segment. */
static enum status
scan_segment(struct scan *scan, struct error *err)
{
    SCOPED(pg_wal_reader_freep) struct pg_wal_reader *reader = NULL;
    struct pg_wal_segment segment = scan->segment;
    struct pg_wal_reader_options options = {
        .first = segment,
        .segment_size = scan->chain->segment_size,
        .system_identifier = scan->chain->system_identifier,
        .main_limit = MAIN_LIMIT,
        .record = pass_record,
        .arg = scan,
    };
    bool more = true;

    scan->end_lsn = pg_wal_segment_end(segment, options.segment_size);
    TRY(pg_wal_reader_create(&reader, &options, err));
    while (more)
    {
        enum status status;

        TRY(stop_check(err));
        scan->read = segment;
        status = wal_scan_feed(scan->chain, segment, reader, err);
        if (status != OK && !scan->done)
            return status;
        more = !is_complete(scan, pg_wal_reader_end(reader)) &&
               wal_chain_next(scan->chain, segment, &segment);
    }
    return OK;
}

static enum status
note_tail(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct wal_tail *tail = arg;
    struct pg_wal_event event;

    if (!tail->has_record || record->start >= tail->last_record)
    {
        tail->last_record = record->start;
        tail->end = record->end;
    }
    tail->has_record = true;
    TRY(pg_wal_record_event(record, &event, err));
    if (event.kind != PG_WAL_EVENT_COMMIT && event.kind != PG_WAL_EVENT_ABORT)
        return OK;
    /* Times do not strictly grow with the LSN. */
    if (tail->has_commit && event.time < tail->last_commit.time)
        return OK;
    tail->has_commit = true;
    tail->last_commit = (struct wal_found){
        .kind = event.kind,
        .position = {.lsn = record->start},
        .end = record->end,
        .time = event.time,
        .xid = event.xid,
    };
    return OK;
}

enum status
wal_search_tail(const struct wal_chain *chain, const struct pg_history *path,
                const struct wal_reach *reach, struct wal_tail *tail, struct error *err)
{
    struct scan scan = {.chain = chain, .record = note_tail, .arg = tail};
    enum status status;

    *tail = (struct wal_tail){0};
    for (uint64_t number = reach->end; number > reach->first && !tail->has_commit; number--)
    {
        if (!wal_chain_find(chain, path, number - 1, &scan.segment))
            continue;
        scan.done = false;
        status = scan_segment(&scan, err);
        if (status == STATUS_CORRUPT && scan.read.number >= reach->end)
            continue;
        tail->damaged = scan.read.number;
        TRY(status);
    }
    if (tail->has_commit)
        tail->last_commit.position.timeline =
            pg_history_timeline_at(path, tail->last_commit.position.lsn);
    return OK;
}

struct search
{
    const struct wal_wanted *wanted;
    bool matched;
    struct wal_found found;

    /* The newest segment that does not open, if the search went on past it. */
    bool skipped;
    pg_timeline skipped_timeline;
    struct error damage;
};

static bool
has_subxid(const struct pg_wal_event *event, uint32_t xid)
{
    for (size_t index = 0; index < pg_wal_event_subxid_count(event); index++)
        if (pg_wal_event_subxid(event, index) == xid)
            return true;
    return false;
}

static bool
matches(const struct wal_wanted *wanted, const struct pg_wal_event *event, uint32_t *parent_xid)
{
    *parent_xid = 0;
    if (wanted->xid == 0)
        return event->kind == PG_WAL_EVENT_RESTORE_POINT && strcmp(event->name, wanted->name) == 0;
    if (event->kind != PG_WAL_EVENT_COMMIT && event->kind != PG_WAL_EVENT_ABORT)
        return false;
    if (event->xid == wanted->xid)
        return true;
    *parent_xid = event->xid;
    return has_subxid(event, wanted->xid);
}

/* The last match of the segment stays: it is the newest. */
static enum status
note_match(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct search *search = arg;
    struct pg_wal_event event;
    uint32_t parent_xid;

    if (record->start < search->wanted->oldest)
        return OK;
    TRY(pg_wal_record_event(record, &event, err));
    if (event.kind == PG_WAL_EVENT_NONE || !matches(search->wanted, &event, &parent_xid))
        return OK;
    search->matched = true;
    search->found = (struct wal_found){
        .kind = event.kind,
        .position = {.lsn = record->start},
        .end = record->end,
        .time = event.time,
        .xid = event.xid,
        .parent_xid = parent_xid,
    };
    return OK;
}

/* Is the segment one that recovery along the path would read? */
static bool
on_path(const struct wal_chain *chain, const struct pg_history *path, struct pg_wal_segment segment)
{
    struct pg_wal_segment read;

    return path == NULL || (wal_chain_find(chain, path, segment.number, &read) &&
                            read.timeline == segment.timeline);
}

/* A record in a timeline's first segment may be a copy of its parent's. */
static void
settle_timeline(const struct wal_chain *chain, struct pg_wal_segment segment,
                struct wal_found *found)
{
    const struct pg_history *history = wal_chain_history(chain, segment.timeline);

    found->position.timeline = segment.timeline;
    if (history != NULL)
        found->position.timeline = pg_history_timeline_at(history, found->position.lsn);
}

static void
show_progress(const struct scan *scan, uint64_t *segments)
{
    char name[PG_WAL_SEGMENT_NAME_SIZE];

    pg_wal_segment_name(scan->segment, scan->chain->segment_size, name);
    if (++*segments % 4 == 0)
        log_progress("searching WAL, newest first: %s", name);
}

/*
 * May the search go on, the segment being damaged?  A transaction that is found further back
 * cannot be in it; of a restore point it may hold a newer one.  Timelines that went apart give
 * the same numbers, so damage is passed on one of them only.
 */
static bool
pass_damage(struct search *search, pg_timeline timeline, const struct error *damage)
{
    if (search->wanted->xid == 0 || (search->skipped && search->skipped_timeline != timeline))
        return false;
    if (!search->skipped)
        search->damage = *damage;
    search->skipped = true;
    search->skipped_timeline = timeline;
    return true;
}

/* Is what was found in the past of the timeline whose damage was passed? */
static bool
is_unique(const struct wal_chain *chain, const struct search *search)
{
    const struct pg_history *history;

    if (!search->skipped || search->skipped_timeline == search->found.position.timeline)
        return true;
    history = wal_chain_history(chain, search->skipped_timeline);
    return history != NULL && pg_history_timeline_at(history, search->found.position.lsn) ==
                                  search->found.position.timeline;
}

/* Search one run, from its end. */
static enum status
search_run(struct scan *scan, const struct wal_run *run, struct search *search, uint64_t *segments,
           struct error *err)
{
    uint64_t oldest = search->wanted->oldest / scan->chain->segment_size;
    enum status status;

    for (uint64_t number = run->last + 1; number > run->first && number > oldest; number--)
    {
        scan->segment = (struct pg_wal_segment){run->timeline, number - 1};
        scan->done = false;
        if (!on_path(scan->chain, search->wanted->path, scan->segment))
            continue;
        show_progress(scan, segments);
        status = scan_segment(scan, err);
        if (search->matched && search->wanted->xid != 0)
            return OK;
        if (status != STATUS_CORRUPT || !pass_damage(search, run->timeline, err))
            TRY(status);
        if (search->matched)
            return OK;
    }
    return OK;
}

enum status
wal_search_find(const struct wal_chain *chain, const struct wal_wanted *wanted,
                struct wal_found *found, struct error *err)
{
    struct search search = {.wanted = wanted};
    struct scan scan = {.chain = chain, .record = note_match, .arg = &search};
    uint64_t segments = 0;

    for (size_t index = chain->archived.count; index > 0 && !search.matched; index--)
        TRY(search_run(&scan, &chain->archived.items[index - 1], &search, &segments, err));
    progress_end();
    if (search.matched)
        settle_timeline(chain, scan.segment, &search.found);
    if (search.skipped && (!search.matched || !is_unique(chain, &search)))
    {
        *err = search.damage;
        return STATUS_CORRUPT;
    }
    if (!search.matched)
        return error_set(err, STATUS_NOT_FOUND, "not in the archived WAL");
    *found = search.found;
    return OK;
}
