// SPDX-License-Identifier: PostgreSQL
#include "backup/wal.h"

#include "backup/identity.h"
#include "backup/keep.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "pg/connection.h"
#include "pg/wal_message.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_INTERVAL_MS 10000
#define READ_TIMEOUT_MS    500

/* With all of it flushed on the server, no WAL for so long means that it is stuck. */
#define STALL_LIMIT_MS 120000

struct backup_wal
{
    struct repo *repo;
    struct pg_connection *connection; /* the streaming thread's, once it runs */
    struct backup_keep *keep;
    uint32_t segment_size;
    bool has_slot;
    char slot[64];
    bool prove;
    struct pg_wal_position reserved; /* from here on the slot keeps WAL; 0: unknown */
    struct pg_wal_position start;

    _Atomic pg_lsn stop_lsn; /* 0 while the backup runs */

    struct pg_wal_segment segment; /* the streaming thread's: what it writes */
    int fd;                        /* its temporary file; -1 between segments */
    pg_lsn next;                   /* the next byte expected */
    int64_t reported_ms;
    int64_t received_ms;
};

static enum status
check_server(struct backup_wal *wal, const struct backup_wal_options *options, struct error *err)
{
    struct lineage lineage;

    TRY(identity_of_replication(wal->connection, &lineage, err));
    if (lineage.system_identifier == options->system_identifier)
        return OK;
    return error_set(err, STATUS_REFUSED, "a second connection reached another cluster");
}

/* Without a slot the backup works too, as long as the server keeps enough WAL. */
static void
reserve_wal(struct backup_wal *wal)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[160];
    struct error err = {0};

    snprintf(wal->slot, sizeof(wal->slot), "redoubt_backup_%ld", (long) getpid());
    snprintf(command, sizeof(command),
             "CREATE_REPLICATION_SLOT %s TEMPORARY PHYSICAL (RESERVE_WAL)", wal->slot);
    wal->has_slot = pg_query(wal->connection, command, &result, &err) == OK;
    if (!wal->has_slot)
        log_warning("could not create a temporary replication slot: %s", err.message);
}

/* From where on the slot keeps WAL: the last checkpoint's redo. */
static enum status
read_reserved(struct backup_wal *wal, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[160];

    if (!wal->prove || !wal->has_slot)
        return OK;
    snprintf(command, sizeof(command), "READ_REPLICATION_SLOT %s", wal->slot);
    TRY(pg_query(wal->connection, command, &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) < 3 || PQgetisnull(result, 0, 1))
        return OK;
    wal->reserved.timeline = (pg_timeline) strtoul(PQgetvalue(result, 0, 2), NULL, 10);
    return pg_lsn_parse(PQgetvalue(result, 0, 1), &wal->reserved.lsn, err);
}

enum status
backup_wal_open(struct backup_wal **wal, const struct backup_wal_options *options,
                struct error *err)
{
    SCOPED(backup_wal_freep) struct backup_wal *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->fd = -1;
    made->repo = options->repo;
    made->segment_size = options->segment_size;
    made->prove = options->prove;
    TRY(pg_connection_open(&made->connection, options->conninfo, PG_CONNECTION_REPLICATION, err));
    TRY(check_server(made, options, err));
    reserve_wal(made);
    TRY(read_reserved(made, err));
    TRY(backup_keep_create(&made->keep, options, err));
    *wal = made;
    made = NULL;
    return OK;
}

void
backup_wal_freep(struct backup_wal **wal)
{
    if (*wal == NULL)
        return;
    pg_connection_freep(&(*wal)->connection);
    backup_keep_freep(&(*wal)->keep);
    fd_closep(&(*wal)->fd);
    free(*wal);
    *wal = NULL;
}

/* A standby status update: all of it is ours, so that the slot may move on. */
static enum status
report(struct backup_wal *wal, struct error *err)
{
    uint8_t message[34] = {'r'};
    uint64_t position = htobe64(wal->next);

    memcpy(message + 1, &position, sizeof(position));
    memcpy(message + 9, &position, sizeof(position));
    wal->reported_ms = clock_monotonic_ms();
    return pg_copy_write(wal->connection, (struct bytes){message, sizeof(message)}, err);
}

static enum status
finish_segment(struct backup_wal *wal, struct error *err)
{
    struct kept_segment segment = {
        wal->segment, wal->fd, wal->next - pg_wal_segment_start(wal->segment, wal->segment_size)};

    /* The rest of a segment that the backup's end cut is zeros, as after a switch. */
    if (ftruncate(wal->fd, wal->segment_size) != 0)
        return error_errno(err, "could not extend a temporary file");
    wal->fd = -1;
    wal->segment.number++;
    return backup_keep_send(wal->keep, &segment, err);
}

static enum status
take_wal(struct backup_wal *wal, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        pg_lsn start = pg_wal_segment_start(wal->segment, wal->segment_size);
        uint64_t offset = wal->next - start;
        size_t size = wal->segment_size - offset < bytes.size
                          ? (size_t) (wal->segment_size - offset)
                          : bytes.size;

        if (wal->fd < 0)
            TRY(file_temporary(&wal->fd, err));
        TRY(fd_pwrite(wal->fd, (struct bytes){bytes.data, size}, offset, "temporary file", err));
        wal->next += size;
        bytes.data += size;
        bytes.size -= size;
        if (wal->next == start + wal->segment_size)
            TRY(finish_segment(wal, err));
    }
    return OK;
}

static enum status
take_message(struct backup_wal *wal, struct bytes message, struct error *err)
{
    struct pg_wal_message parsed;

    TRY(pg_wal_message_parse(message, &parsed, err));
    if (parsed.reply_wanted)
        return report(wal, err);
    if (parsed.wal.size == 0)
        return OK;
    if (parsed.start != wal->next)
        return error_set(err, STATUS_CORRUPT, "the server sent WAL from %llX, expected %llX",
                         (unsigned long long) parsed.start, (unsigned long long) wal->next);
    wal->received_ms = clock_monotonic_ms();
    return take_wal(wal, parsed.wal, err);
}

/* Recovery to a timeline reads its history first; timeline 1 has none. */
static enum status
keep_history(struct backup_wal *wal, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[64];

    if (wal->start.timeline == 1)
        return OK;
    snprintf(command, sizeof(command), "TIMELINE_HISTORY %u", wal->start.timeline);
    TRY(pg_query(wal->connection, command, &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) < 2)
        return error_set(err, STATUS_CORRUPT, "the server sent no timeline history");
    return backup_keep_history(wal->keep, wal->start.timeline,
                               (struct bytes){(const uint8_t *) PQgetvalue(result, 0, 1),
                                              (size_t) PQgetlength(result, 0, 1)},
                               err);
}

/* The one that replay starts in, or the one before it, as proof. */
static struct pg_wal_segment
first_segment(const struct backup_wal *wal)
{
    struct pg_wal_segment first = pg_wal_segment_of(wal->start, wal->segment_size);

    if (wal->reserved.timeline == first.timeline &&
        wal->reserved.lsn / wal->segment_size < first.number)
        first.number--;
    return first;
}

static enum status
start_streaming(struct backup_wal *wal, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char command[160];
    char lsn[PG_LSN_TEXT_SIZE];

    wal->segment = first_segment(wal);
    wal->next = pg_wal_segment_start(wal->segment, wal->segment_size);
    pg_lsn_format(wal->next, lsn);
    snprintf(command, sizeof(command), "START_REPLICATION %s%s PHYSICAL %s TIMELINE %u",
             wal->has_slot ? "SLOT " : "", wal->has_slot ? wal->slot : "", lsn,
             wal->start.timeline);
    TRY(keep_history(wal, err));
    TRY(pg_send(wal->connection, command, err));
    return pg_next_result(wal->connection, PGRES_COPY_BOTH, &result, err);
}

/* The server ended the stream although the backup needs more. */
static enum status
stream_ended(struct backup_wal *wal, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_copy_end(wal->connection, err));
    TRY(pg_next_result(wal->connection, PGRES_TUPLES_OK, &result, err));
    error_set(err, STATUS_TRANSIENT, "timeline %u ended while its WAL was streamed",
              wal->start.timeline);
    error_hint(err, "The server followed a promotion. Run the backup again.");
    return STATUS_TRANSIENT;
}

/* OK while there is more to come. */
static enum status
check_stall(struct backup_wal *wal, pg_lsn stop, struct error *err)
{
    char at[PG_LSN_TEXT_SIZE];
    char wanted[PG_LSN_TEXT_SIZE];

    TRY(stop_check(err));
    if (stop == PG_LSN_NONE || clock_monotonic_ms() - wal->received_ms < STALL_LIMIT_MS)
        return OK;
    pg_lsn_format(wal->next, at);
    pg_lsn_format(stop, wanted);
    return error_set(err, STATUS_TRANSIENT,
                     "the server streams no WAL after %s, and the backup stopped at %s", at,
                     wanted);
}

static enum status
stream(struct backup_wal *wal, struct error *err)
{
    struct bytes message;
    bool more;

    wal->received_ms = clock_monotonic_ms();
    for (;;)
    {
        pg_lsn stop = atomic_load(&wal->stop_lsn);

        if (stop != PG_LSN_NONE && wal->next >= stop)
            return OK;
        if (stop == PG_LSN_NONE)
            wal->received_ms = clock_monotonic_ms();
        TRY(pg_copy_read_timeout(wal->connection, READ_TIMEOUT_MS, &message, &more, err));
        if (!more)
            return stream_ended(wal, err);
        if (message.size > 0)
            TRY(take_message(wal, message, err));
        else
            TRY(check_stall(wal, stop, err));
        if (clock_monotonic_ms() - wal->reported_ms >= STATUS_INTERVAL_MS)
            TRY(report(wal, err));
    }
}

static enum status
run_stream(void *arg, struct error *err)
{
    struct backup_wal *wal = arg;
    enum status status = start_streaming(wal, err);

    if (status == OK)
        status = stream(wal, err);
    if (status == OK && wal->fd >= 0)
        status = finish_segment(wal, err);
    if (status != OK)
    {
        error_context(err, "streaming the backup's WAL");
        return status;
    }
    backup_keep_end(wal->keep);
    return OK;
}

enum status
backup_wal_start(struct backup_wal *wal, struct pg_wal_position start, struct group *group,
                 struct error *err)
{
    wal->start = start;
    TRY(backup_keep_start(wal->keep, pg_wal_segment_of(start, wal->segment_size), group, err));
    return group_start(group, run_stream, wal, err);
}

void
backup_wal_stop_at(struct backup_wal *wal, pg_lsn stop)
{
    atomic_store(&wal->stop_lsn, stop);
}

bool
backup_wal_proven(const struct backup_wal *wal)
{
    return backup_keep_proven(wal->keep);
}

uint32_t
backup_wal_kept(const struct backup_wal *wal)
{
    return backup_keep_count(wal->keep);
}
