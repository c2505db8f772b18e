// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_scan.h"

#include "base/stop.h"
#include "stream/sink.h"

/* Enough of a record's main data for all that is asked of it here. */
#define MAIN_LIMIT 65536

static enum status
feed_reader(void *arg, struct bytes chunk, struct error *err)
{
    return pg_wal_reader_feed(arg, chunk, err);
}

enum status
wal_scan_feed(const struct wal_chain *chain, struct pg_wal_segment segment,
              struct pg_wal_reader *reader, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    enum status status;

    TRY(sink_open_call(&sink, feed_reader, reader, err));
    status = wal_chain_read(chain, segment, &sink, err);
    if (status != OK && status != STATUS_CANCELLED)
    {
        pg_wal_segment_name(segment, chain->segment_size, name);
        error_context(err, "reading WAL segment %s", name);
    }
    return status;
}

/* A scan and whether it has met its end. */
struct progress_of_scan
{
    const struct wal_scan *scan;
    bool done;
};

static enum status
pass_record(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct progress_of_scan *state = arg;

    if (record->start >= state->scan->end)
    {
        state->done = true;
        return error_set(err, STATUS_CANCELLED, "the rest is of no interest");
    }
    if (record->start < state->scan->begin)
        return OK;
    return state->scan->record(state->scan->arg, record, err);
}

static enum status
refuse_hole(const struct wal_scan *scan, uint64_t number, struct error *err)
{
    struct pg_wal_segment segment = {.number = number};
    char name[PG_WAL_SEGMENT_NAME_SIZE];

    segment.timeline = pg_history_timeline_at(
        scan->path, pg_wal_segment_start(segment, scan->chain->segment_size));
    pg_wal_segment_name(segment, scan->chain->segment_size, name);
    return error_set(err, STATUS_REFUSED, "WAL segment %s is not in the archive", name);
}

static enum status
feed_next(const struct wal_scan *scan, uint64_t number, struct pg_wal_reader *reader,
          struct error *err)
{
    struct pg_wal_segment segment;

    TRY(stop_check(err));
    if (!wal_chain_find(scan->chain, scan->path, number, &segment))
        return refuse_hole(scan, number, err);
    return wal_scan_feed(scan->chain, segment, reader, err);
}

/* All of it was read, or what was not is padding that no record begins in. */
static enum status
check_end(struct pg_wal_end end, struct error *err)
{
    char text[PG_LSN_TEXT_SIZE];

    if (end.reason == PG_WAL_END_NONE)
        return OK;
    pg_lsn_format(end.at, text);
    return error_set(err, STATUS_REFUSED, "archived WAL ends at %s: %s", text,
                     pg_wal_end_reason_text(end.reason));
}

enum status
wal_scan_run(const struct wal_scan *scan, struct error *err)
{
    SCOPED(pg_wal_reader_freep) struct pg_wal_reader *reader = NULL;
    uint32_t size = scan->chain->segment_size;
    struct progress_of_scan state = {.scan = scan};
    struct pg_wal_reader_options options = {
        .segment_size = size,
        .system_identifier = scan->chain->system_identifier,
        .main_limit = MAIN_LIMIT,
        .record = pass_record,
        .arg = &state,
    };
    uint64_t number = scan->begin / size;
    uint64_t last = scan->tail != NULL ? scan->end / size : (scan->end + size - 1) / size;

    if (!wal_chain_find(scan->chain, scan->path, number, &options.first))
        return refuse_hole(scan, number, err);
    TRY(pg_wal_reader_create(&reader, &options, err));
    for (; number <= last && !state.done; number++)
    {
        enum status status = number < last ? feed_next(scan, number, reader, err)
                             : scan->tail != NULL
                                 ? scan->tail(scan->arg, number * size, reader, err)
                                 : OK;

        if (!state.done)
            TRY(status);
        TRY(check_end(pg_wal_reader_end(reader), err));
    }
    if (!state.done && pg_wal_reader_end(reader).at < scan->end)
        return error_set(err, STATUS_REFUSED, "the WAL at the end of the stretch did not come");
    return OK;
}
