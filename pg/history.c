// SPDX-License-Identifier: PostgreSQL
#include "pg/history.h"

#include "pg/line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Each ancestor takes a line; nobody has promoted this often. */
#define ANCESTORS_MAX 100000

struct pg_history
pg_history_root(pg_timeline timeline)
{
    return (struct pg_history){.timeline = timeline};
}

void
pg_history_release(struct pg_history *history)
{
    free(history->ancestors);
    *history = pg_history_root(history->timeline);
}

/* "1<tab>0/3000000<tab>why the timeline was left" */
static bool
read_entry(struct bytes line, struct pg_history_entry *entry)
{
    size_t before;

    if (!line_take_u32(&line, &entry->timeline))
        return false;
    before = line.size;
    line_take_blanks(&line);
    if (line.size == before || !line_take_lsn(&line, &entry->switch_lsn))
        return false;
    before = line.size;
    line_take_blanks(&line);
    return line.size == 0 || line.size < before;
}

static enum status
check_entry(const struct pg_history *history, const struct pg_history_entry *entry,
            struct error *err)
{
    const struct pg_history_entry *last =
        history->ancestor_count == 0 ? NULL : &history->ancestors[history->ancestor_count - 1];

    if (entry->timeline == 0 || entry->timeline >= history->timeline)
        return error_set(err, STATUS_CORRUPT,
                         "timeline %" PRIu32 " cannot have an ancestor %" PRIu32, history->timeline,
                         entry->timeline);
    if (last != NULL && entry->timeline <= last->timeline)
        return error_set(err, STATUS_CORRUPT,
                         "timeline %" PRIu32 " follows timeline %" PRIu32
                         ": timelines must increase",
                         entry->timeline, last->timeline);
    if (last != NULL && entry->switch_lsn < last->switch_lsn)
    {
        char text[PG_LSN_TEXT_SIZE];

        pg_lsn_format(entry->switch_lsn, text);
        return error_set(err, STATUS_CORRUPT,
                         "timeline %" PRIu32 " was left at %s, before it began", entry->timeline,
                         text);
    }
    if (history->ancestor_count == ANCESTORS_MAX)
        return error_set(err, STATUS_CORRUPT, "more than %d ancestors", ANCESTORS_MAX);
    return OK;
}

static enum status
append_entry(struct pg_history *history, const struct pg_history_entry *entry, struct error *err)
{
    size_t count = history->ancestor_count;

    /* The memory doubles whenever the count reaches a power of two. */
    if ((count & (count - 1)) == 0)
    {
        size_t capacity = count == 0 ? 1 : count * 2;
        struct pg_history_entry *grown =
            realloc(history->ancestors, capacity * sizeof(*history->ancestors));

        if (grown == NULL)
            return error_no_memory(err);
        history->ancestors = grown;
    }
    history->ancestors[history->ancestor_count++] = *entry;
    return OK;
}

static enum status
read_line(struct pg_history *history, struct bytes line, struct error *err)
{
    struct pg_history_entry entry;

    line_take_blanks(&line);
    if (line.size == 0 || line.data[0] == '#')
        return OK;
    if (memchr(line.data, '\0', line.size) != NULL || !read_entry(line, &entry))
        return error_set(err, STATUS_CORRUPT, "expected a timeline and an LSN, found \"%.*s\"",
                         (int) (line.size < 64 ? line.size : 64), (const char *) line.data);
    TRY(check_entry(history, &entry, err));
    return append_entry(history, &entry, err);
}

static enum status
read_lines(struct pg_history *history, struct bytes content, struct error *err)
{
    struct bytes line;

    for (size_t number = 1; line_next(&content, &line); number++)
    {
        enum status status = read_line(history, line, err);

        if (status != OK)
        {
            error_context(err, "line %zu", number);
            return status;
        }
    }
    if (history->ancestor_count == 0)
        return error_set(err, STATUS_CORRUPT, "no ancestor is named");
    return OK;
}

enum status
pg_history_parse(pg_timeline timeline, struct bytes content, struct pg_history *history,
                 struct error *err)
{
    SCOPED(pg_history_release) struct pg_history read = pg_history_root(timeline);
    enum status status = read_lines(&read, content, err);

    if (status != OK)
    {
        error_context(err, "invalid history file of timeline %" PRIu32, timeline);
        return status;
    }
    *history = read;
    read.ancestors = NULL;
    return OK;
}

pg_timeline
pg_history_timeline_at(const struct pg_history *history, pg_lsn lsn)
{
    for (size_t index = 0; index < history->ancestor_count; index++)
        if (lsn < history->ancestors[index].switch_lsn)
            return history->ancestors[index].timeline;
    return history->timeline;
}

bool
pg_history_contains(const struct pg_history *history, struct pg_wal_position position)
{
    pg_lsn begin = 0;

    for (size_t index = 0; index < history->ancestor_count; index++)
    {
        const struct pg_history_entry *entry = &history->ancestors[index];

        if (entry->timeline == position.timeline)
            return position.lsn >= begin && position.lsn <= entry->switch_lsn;
        begin = entry->switch_lsn;
    }
    return position.timeline == history->timeline && position.lsn >= begin;
}

bool
pg_history_fork(const struct pg_history *history, pg_timeline ancestor, pg_lsn *switch_lsn)
{
    for (size_t index = 0; index < history->ancestor_count; index++)
    {
        if (history->ancestors[index].timeline != ancestor)
            continue;
        *switch_lsn = history->ancestors[index].switch_lsn;
        return true;
    }
    return false;
}
