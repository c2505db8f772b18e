// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_summary.h"

#include "pg/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_SIZE 512

/* No WAL comes so far. */
#define LSN_MAX UINT64_MAX

/* WAL of one timeline. */
struct stretch
{
    pg_timeline timeline;
    pg_lsn start;
    pg_lsn end;
};

/* The summaries that may matter, by timeline and start. */
struct summaries
{
    struct stretch *items;
    size_t count;
};

/* What one call goes through. */
struct reading
{
    struct pg_connection *connection;
    pg_lsn to; /* PG_LSN_NONE: as far as there are summaries */
    struct summaries summaries;
    struct pg_limit_blocks *limits;
};

static void
release(struct reading *reading)
{
    free(reading->summaries.items);
}

static enum status
unexpected(const char *what, const char *value, struct error *err)
{
    return error_set(err, STATUS_UNSUPPORTED,
                     "unexpected answer of the server: %s \"%.64s\" in a WAL summary", what, value);
}

static enum status
read_u32(const PGresult *result, int row, int column, uint32_t *number, struct error *err)
{
    const char *text = PQgetvalue(result, row, column);
    struct bytes left = bytes_of(text);

    if (!line_take_u32(&left, number) || left.size != 0)
        return unexpected(PQfname(result, column), text, err);
    return OK;
}

static enum status
read_lsn(const PGresult *result, int row, int column, pg_lsn *lsn, struct error *err)
{
    const char *text = PQgetvalue(result, row, column);
    struct bytes left = bytes_of(text);

    if (!line_take_lsn(&left, lsn) || left.size != 0)
        return unexpected(PQfname(result, column), text, err);
    return OK;
}

/* A missing function is an old server's, a missing right somebody's decision. */
static enum status
explain_failure(enum status status, struct error *err)
{
    if (status == STATUS_UNSUPPORTED)
        error_hint(err, "WAL summaries exist from PostgreSQL 17 on.");
    if (status == STATUS_DENIED)
        error_hint(err, "Give the role the right: GRANT EXECUTE ON FUNCTION "
                        "pg_available_wal_summaries(), "
                        "pg_wal_summary_contents(bigint, pg_lsn, pg_lsn) TO ...");
    error_context(err, "could not read WAL summaries");
    return status;
}

static enum status
query_rows(struct pg_connection *connection, const char *command, int columns, PGresult **result,
           struct error *err)
{
    SCOPED(pg_result_freep) PGresult *got = NULL;
    enum status status = pg_query(connection, command, &got, err);

    if (status != OK)
        return explain_failure(status, err);
    if (PQnfields(got) != columns)
        return error_set(err, STATUS_UNSUPPORTED,
                         "unexpected answer of the server: %d columns, expected %d", PQnfields(got),
                         columns);
    *result = got;
    got = NULL;
    return OK;
}

static enum status
list_summaries(struct reading *reading, pg_lsn from, pg_lsn to, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[COMMAND_SIZE];
    char start[PG_LSN_TEXT_SIZE];
    char end[PG_LSN_TEXT_SIZE];

    pg_lsn_format(from, start);
    pg_lsn_format(to, end);
    snprintf(command, sizeof(command),
             "SELECT tli, start_lsn, end_lsn FROM pg_catalog.pg_available_wal_summaries() "
             "WHERE end_lsn > '%s' AND start_lsn < '%s' ORDER BY tli, start_lsn",
             start, end);
    TRY(query_rows(reading->connection, command, 3, &result, err));
    reading->summaries.items = calloc((size_t) PQntuples(result) + 1, sizeof(struct stretch));
    if (reading->summaries.items == NULL)
        return error_no_memory(err);
    for (int row = 0; row < PQntuples(result); row++)
    {
        struct stretch *summary = &reading->summaries.items[reading->summaries.count++];

        TRY(read_u32(result, row, 0, &summary->timeline, err));
        TRY(read_lsn(result, row, 1, &summary->start, err));
        TRY(read_lsn(result, row, 2, &summary->end, err));
    }
    return OK;
}

static enum status
read_limit(struct reading *reading, const PGresult *result, int row, bool early, struct error *err)
{
    struct pg_limit_block limit = {.early = early};
    uint32_t fork;

    TRY(read_u32(result, row, 0, &limit.tablespace, err));
    TRY(read_u32(result, row, 1, &limit.database, err));
    TRY(read_u32(result, row, 2, &limit.relfilenode, err));
    TRY(read_u32(result, row, 3, &fork, err));
    TRY(read_u32(result, row, 4, &limit.block, err));
    if (fork > PG_FORK_INIT)
        return unexpected(PQfname(result, 3), PQgetvalue(result, row, 3), err);
    limit.fork = (uint16_t) fork;
    return pg_limit_blocks_add(reading->limits, &limit, err);
}

static enum status
read_summary(struct reading *reading, struct stretch summary, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[COMMAND_SIZE];
    char start[PG_LSN_TEXT_SIZE];
    char end[PG_LSN_TEXT_SIZE];
    enum status status;

    pg_lsn_format(summary.start, start);
    pg_lsn_format(summary.end, end);
    snprintf(command, sizeof(command),
             "SELECT reltablespace, reldatabase, relfilenode, relforknumber, relblocknumber "
             "FROM pg_catalog.pg_wal_summary_contents(%" PRIu32 ", '%s', '%s') "
             "WHERE is_limit_block",
             summary.timeline, start, end);
    status = query_rows(reading->connection, command, 5, &result, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_REFUSED; /* the server removed it since it was listed */
    TRY(status);
    for (int row = 0; row < PQntuples(result); row++)
        TRY(read_limit(reading, result, row, summary.end != reading->to, err));
    return OK;
}

static enum status
refuse_hole(struct stretch missing, struct error *err)
{
    char start[PG_LSN_TEXT_SIZE];
    char end[PG_LSN_TEXT_SIZE];

    pg_lsn_format(missing.start, start);
    pg_lsn_format(missing.end, end);
    error_set(err, STATUS_REFUSED, "WAL summaries are missing from %s to %s on timeline %" PRIu32,
              start, end, missing.timeline);
    error_hint(err, "Keep summarize_wal on, and wal_summary_keep_time longer than the time "
                    "between two backups.");
    return STATUS_REFUSED;
}

static enum status
refuse_overhang(struct stretch summary, pg_lsn end, struct error *err)
{
    char begin[PG_LSN_TEXT_SIZE];
    char middle[PG_LSN_TEXT_SIZE];

    pg_lsn_format(summary.start, begin);
    pg_lsn_format(end, middle);
    return error_set(err, STATUS_REFUSED,
                     "WAL summary from %s on timeline %" PRIu32 " does not end at %s", begin,
                     summary.timeline, middle);
}

/*
 * Read what overlaps a stretch, and see that nothing of it is left out.  A
 * summary that goes on behind it tells of what is not on this path, or comes
 * after the backup's start: what was cut off there is still needed.
 */
static enum status
read_stretch(struct reading *reading, struct stretch wanted, struct error *err)
{
    pg_lsn covered = wanted.start;

    for (size_t index = 0; index < reading->summaries.count; index++)
    {
        const struct stretch *summary = &reading->summaries.items[index];

        if (summary->timeline != wanted.timeline || summary->end <= wanted.start ||
            summary->start >= wanted.end)
            continue;
        if (summary->start > covered)
            return refuse_hole((struct stretch){wanted.timeline, covered, summary->start}, err);
        if (summary->end > wanted.end)
            return refuse_overhang(*summary, wanted.end, err);
        if (summary->end > covered)
            covered = summary->end;
        TRY(read_summary(reading, *summary, err));
    }
    if (covered < wanted.end && wanted.end != LSN_MAX)
        return refuse_hole((struct stretch){wanted.timeline, covered, wanted.end}, err);
    return OK;
}

/* The timelines of the path from the first position's on. */
static enum status
read_path(struct reading *reading, const struct pg_history *path, struct pg_wal_position from,
          pg_lsn end, struct error *err)
{
    pg_lsn begin = from.lsn;

    for (size_t index = 0; index < path->ancestor_count; index++)
    {
        const struct pg_history_entry *ancestor = &path->ancestors[index];

        if (ancestor->timeline < from.timeline)
            continue;
        TRY(read_stretch(reading, (struct stretch){ancestor->timeline, begin, ancestor->switch_lsn},
                         err));
        begin = ancestor->switch_lsn;
    }
    return read_stretch(reading, (struct stretch){path->timeline, begin, end}, err);
}

static enum status
check_path(const struct pg_history *path, struct pg_wal_position from, pg_lsn end,
           struct error *err)
{
    char start_text[PG_LSN_TEXT_SIZE];
    char end_text[PG_LSN_TEXT_SIZE];

    if (pg_history_contains(path, from) && from.lsn <= end &&
        pg_history_timeline_at(path, end) == path->timeline)
        return OK;
    pg_lsn_format(from.lsn, start_text);
    pg_lsn_format(end, end_text);
    return error_set(
        err, STATUS_REFUSED, "%s on timeline %" PRIu32 " does not lead to %s on timeline %" PRIu32,
        start_text, from.timeline, end == LSN_MAX ? "any LSN" : end_text, path->timeline);
}

enum status
pg_wal_summary_limits(struct pg_connection *connection, const struct pg_history *path,
                      struct pg_wal_position from, pg_lsn to, struct pg_limit_blocks **limits,
                      struct error *err)
{
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *read = NULL;
    SCOPED(release) struct reading reading = {.connection = connection, .to = to};
    pg_lsn end = to == PG_LSN_NONE ? LSN_MAX : to;

    TRY(check_path(path, from, end, err));
    TRY(pg_limit_blocks_create(&read, err));
    reading.limits = read;
    TRY(list_summaries(&reading, from.lsn, end, err));
    TRY(read_path(&reading, path, from, end, err));
    pg_limit_blocks_sort(read);
    *limits = read;
    read = NULL;
    return OK;
}

bool
pg_wal_summary_unordered(int server_version)
{
    int major = server_version / 10000;
    int minor = server_version % 10000;

    return (major == 17 && minor < 12) || (major == 18 && minor < 7) || (major == 19 && minor < 1);
}
