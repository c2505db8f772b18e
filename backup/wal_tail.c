// SPDX-License-Identifier: PostgreSQL
#include "backup/wal_tail.h"

#include "base/clock.h"
#include "pg/connection.h"
#include "pg/wal_message.h"

#include <stdio.h>

#define READ_TIMEOUT_MS 500

/* All of it is on the server, so for so long nothing need come. */
#define STALL_LIMIT_MS 30000

static enum status
start(struct pg_connection *connection, pg_timeline timeline, pg_lsn from, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    char lsn[PG_LSN_TEXT_SIZE];
    char command[128];

    pg_lsn_format(from, lsn);
    snprintf(command, sizeof(command), "START_REPLICATION PHYSICAL %s TIMELINE %u", lsn, timeline);
    TRY(pg_send(connection, command, err));
    return pg_next_result(connection, PGRES_COPY_BOTH, &result, err);
}

static enum status
feed(struct bytes message, pg_lsn *next, struct pg_wal_reader *reader, struct error *err)
{
    struct pg_wal_message parsed;

    TRY(pg_wal_message_parse(message, &parsed, err));
    if (parsed.wal.size == 0)
        return OK;
    if (parsed.start != *next)
        return error_set(err, STATUS_CORRUPT, "the server left WAL out");
    *next += parsed.wal.size;
    return pg_wal_reader_feed(reader, parsed.wal, err);
}

enum status
wal_tail_feed(const char *conninfo, pg_timeline timeline, pg_lsn from, pg_lsn to,
              struct pg_wal_reader *reader, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    int64_t until = clock_monotonic_ms() + STALL_LIMIT_MS;

    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_REPLICATION, err));
    TRY(start(connection, timeline, from, err));
    while (from < to)
    {
        struct bytes message;
        bool more;

        TRY(pg_copy_read_timeout(connection, READ_TIMEOUT_MS, &message, &more, err));
        if (!more || clock_monotonic_ms() > until)
            return error_set(err, STATUS_TRANSIENT, "the server streamed no more WAL");
        if (message.size > 0)
            TRY(feed(message, &from, reader, err));
    }
    return OK;
}
