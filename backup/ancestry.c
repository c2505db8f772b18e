// SPDX-License-Identifier: PostgreSQL
#include "backup/ancestry.h"

#include "backup/wal_tail.h"
#include "base/stop.h"
#include "pg/wal_summary.h"
#include "repo/wal_scan.h"

#include <stdlib.h>
#include <string.h>

/* How long the archiver may take for segments that are complete. */
#define ARCHIVER_WAIT_MS  60000
#define ARCHIVER_PAUSE_MS 200

/* Servers from this one on summarize WAL. */
#define SUMMARIES_MAJOR 17

struct backup_ancestry
{
    struct repo *repo; /* these are borrowed */
    const char *conninfo;
    const struct catalog *catalog;

    struct backup_parent *parent;
    struct pg_history history; /* of the server's timeline */
    pg_lsn written;            /* by the server, or received, when it was asked for its timeline */
    struct wal_chain chain;
    pg_lsn start; /* of the backup that is taken, while WAL is read up to it */
};

/* The answer's columns: src/backend/replication/walsender.c, IdentifySystem. */
static enum status
read_position(struct pg_connection *replication, struct pg_wal_position *position,
              struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(replication, "IDENTIFY_SYSTEM", &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) < 3)
        return error_set(err, STATUS_UNSUPPORTED, "unexpected answer to IDENTIFY_SYSTEM");
    position->timeline = (pg_timeline) strtoul(PQgetvalue(result, 0, 1), NULL, 10);
    return pg_lsn_parse(PQgetvalue(result, 0, 2), &position->lsn, err);
}

static enum status
read_history(struct backup_ancestry *ancestry, struct pg_connection *replication, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct pg_wal_position position = {0};
    char command[64];

    TRY(read_position(replication, &position, err));
    ancestry->written = position.lsn;
    ancestry->history = pg_history_root(position.timeline);
    if (position.timeline == 1)
        return OK;
    snprintf(command, sizeof(command), "TIMELINE_HISTORY %u", position.timeline);
    TRY(pg_query(replication, command, &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) < 2)
        return error_set(err, STATUS_CORRUPT, "the server sent no timeline history");
    return pg_history_parse(position.timeline,
                            (struct bytes){(const uint8_t *) PQgetvalue(result, 0, 1),
                                           (size_t) PQgetlength(result, 0, 1)},
                            &ancestry->history, err);
}

/* Settings that the server was built or made with. */
static enum status
check_layout(struct pg_connection *replication, struct error *err)
{
    char block_size[32];
    char segment_size[32];

    TRY(pg_query_text(replication, "SHOW block_size", block_size, sizeof(block_size), err));
    TRY(pg_query_text(replication, "SHOW segment_size", segment_size, sizeof(segment_size), err));
    if (strcmp(block_size, "8192") == 0 && strcmp(segment_size, "1GB") == 0)
        return OK;
    return error_set(err, STATUS_REFUSED,
                     "the server was built with blocks of %s bytes and relation files of %s",
                     block_size, segment_size);
}

static enum status
check_summaries(struct pg_connection *replication, uint32_t major, struct error *err)
{
    char setting[32];

    if (major < SUMMARIES_MAJOR)
        return OK;
    TRY(pg_query_text(replication, "SHOW summarize_wal", setting, sizeof(setting), err));
    if (strcmp(setting, "on") == 0)
        return OK;
    error_set(err, STATUS_REFUSED, "the server does not summarize its WAL");
    error_hint(err, "Set summarize_wal = on; it needs no restart.");
    return STATUS_REFUSED;
}

static enum status
load_chain(struct backup_ancestry *ancestry, const struct backup *parent, struct error *err)
{
    wal_chain_release(&ancestry->chain);
    return wal_chain_load(&ancestry->chain, ancestry->repo, ancestry->catalog,
                          parent->system_identifier, parent->wal_segment_size, err);
}

/* Had the archive its WAL at all, and the server goes on: what is missing may still come. */
static bool
may_grow(const struct backup_ancestry *ancestry, const struct wal_reach *reach)
{
    struct pg_wal_segment found;

    if (reach->gap)
        return false;
    return reach->end > reach->first ||
           wal_chain_find(&ancestry->chain, &ancestry->history, reach->first - 1, &found);
}

/*
 * Wait until the archive holds all WAL from the parent's start up to the segment
 * that an LSN of the server's is in: those before it are complete.
 */
static enum status
wait_for_archiver(struct backup_ancestry *ancestry, const struct backup *parent, pg_lsn lsn,
                  struct error *err)
{
    uint64_t needed = lsn / parent->wal_segment_size;
    int64_t until = clock_monotonic_ms() + ARCHIVER_WAIT_MS;

    for (;;)
    {
        struct wal_reach reach;

        TRY(stop_check(err));
        TRY(load_chain(ancestry, parent, err));
        reach = wal_chain_reach(&ancestry->chain, &ancestry->history, parent->start.lsn);
        if (reach.end >= needed)
            return OK;
        if (!may_grow(ancestry, &reach) || clock_monotonic_ms() > until)
            return error_set(err, STATUS_REFUSED,
                             "the archive does not hold all WAL since the last backup, %s",
                             parent->id);
        clock_pause_ms(ARCHIVER_PAUSE_MS);
    }
}

static enum status
choose(struct backup_ancestry *ancestry, const struct backup_ancestry_options *options,
       const struct backup **parent, struct error *err)
{
    const struct backup_parent_question question = {
        .catalog = options->catalog,
        .system_identifier = options->server.system_identifier,
        .major = options->server.major,
        .data_checksums = options->data_checksums,
        .history = &ancestry->history,
    };
    const char *reason;

    *parent = backup_parent_choose(&question, &reason);
    if (*parent == NULL)
        return error_set(err, STATUS_REFUSED, "%s", reason);
    return wait_for_archiver(ancestry, *parent, ancestry->written, err);
}

enum status
backup_ancestry_find(struct backup_ancestry **ancestry,
                     const struct backup_ancestry_options *options, struct error *err)
{
    SCOPED(backup_ancestry_freep) struct backup_ancestry *made = calloc(1, sizeof(*made));
    const struct backup *parent;

    if (made == NULL)
        return error_no_memory(err);
    made->repo = options->repo;
    made->conninfo = options->conninfo;
    made->catalog = options->catalog;
    TRY(check_layout(options->replication, err));
    TRY(check_summaries(options->replication, options->server.major, err));
    TRY(read_history(made, options->replication, err));
    TRY(choose(made, options, &parent, err));
    TRY(backup_parent_open(&made->parent, options->repo, parent, options->now, err));
    made->parent->by_page_lsn = options->server.major < SUMMARIES_MAJOR;
    made->parent->same_server = !options->from_standby && !parent->from_standby &&
                                parent->stop.timeline == made->history.timeline;
    made->parent->limits_unordered =
        pg_wal_summary_unordered(pg_connection_version(options->replication));
    *ancestry = made;
    made = NULL;
    return OK;
}

void
backup_ancestry_freep(struct backup_ancestry **ancestry)
{
    if (*ancestry == NULL)
        return;
    backup_parent_freep(&(*ancestry)->parent);
    pg_history_release(&(*ancestry)->history);
    wal_chain_release(&(*ancestry)->chain);
    free(*ancestry);
    *ancestry = NULL;
}

struct backup_parent *
backup_ancestry_parent(const struct backup_ancestry *ancestry)
{
    return ancestry->parent;
}

static enum status
judge_record(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct backup_ancestry *ancestry = arg;
    struct pg_unsound unsound;

    TRY(pg_unsound_wal_read(record, &unsound, err));
    if (unsound.kind == PG_UNSOUND_NONE)
        return OK;
    return pg_unsound_pages_add(ancestry->parent->unsound, &unsound, err);
}

/* What the server wrote of the segment that the backup starts in, no archiver has seen. */
static enum status
feed_tail(void *arg, pg_lsn from, struct pg_wal_reader *reader, struct error *err)
{
    const struct backup_ancestry *ancestry = arg;

    /* A segment in which the timeline began has all that went before it too. */
    return wal_tail_feed(ancestry->conninfo, ancestry->history.timeline, from, ancestry->start,
                         reader, err);
}

/* Look through archived WAL for pages that changed and kept an old LSN. */
static enum status
read_unsound(struct backup_ancestry *ancestry, pg_lsn start, struct error *err)
{
    struct backup_parent *parent = ancestry->parent;
    const struct wal_scan scan = {
        .chain = &ancestry->chain,
        .path = &ancestry->history,
        .begin = parent->backup.start.lsn,
        .end = start,
        .tail = feed_tail,
        .record = judge_record,
        .arg = ancestry,
    };

    ancestry->start = start;
    TRY(pg_unsound_pages_create(&parent->unsound, 0, err));
    TRY(wait_for_archiver(ancestry, &parent->backup, start, err));
    TRY(wal_scan_run(&scan, err));
    pg_unsound_pages_sort(parent->unsound);
    return OK;
}

/* In the place of what was read before. */
static enum status
read_limits(struct backup_ancestry *ancestry, pg_lsn start, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    struct backup_parent *parent = ancestry->parent;

    pg_limit_blocks_freep(&parent->limits);
    TRY(pg_connection_open(&connection, ancestry->conninfo, PG_CONNECTION_SQL, err));
    return pg_wal_summary_limits(connection, &ancestry->history, parent->backup.start, start,
                                 &parent->limits, err);
}

enum status
backup_ancestry_foresee(struct backup_ancestry *ancestry, struct error *err)
{
    return ancestry->parent->limits_unordered ? read_limits(ancestry, PG_LSN_NONE, err) : OK;
}

enum status
backup_ancestry_learn(struct backup_ancestry *ancestry, pg_lsn start, struct error *err)
{
    const struct backup_parent *parent = ancestry->parent;

    if (parent->by_page_lsn)
        return read_unsound(ancestry, start, err);
    return read_limits(ancestry, start, err);
}

enum status
backup_ancestry_prove(struct backup_ancestry *ancestry, pg_lsn start, struct error *err)
{
    return wait_for_archiver(ancestry, &ancestry->parent->backup, start, err);
}
