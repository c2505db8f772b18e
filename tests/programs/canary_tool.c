// SPDX-License-Identifier: PostgreSQL
/*
 * canary_tool.c - drill/canary.h as a program, for stories that need no drill.
 *
 *     canary_tool write CONNINFO KEEP COUNT
 *     canary_tool read CONNINFO
 *
 * "read" prints the newest row's time, LSN and host.  The exit code is 3 for what
 * is refused, 4 when there is nothing to read, and 1 for any other failure.
 */
#include "base/log.h"
#include "drill/canary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status
read_newest(struct pg_connection *connection, struct error *err)
{
    struct canary newest;
    char at[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    TRY(canary_read(connection, &newest, err));
    time_format(newest.at, at);
    pg_lsn_format(newest.lsn, lsn);
    printf("%s %s %s\n", at, lsn, newest.host);
    return OK;
}

static enum status
obey(int count, char **arguments, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    struct canary written;

    if (count != 3 && count != 5)
        return error_set(err, STATUS_CONFIG, "see the head of canary_tool.c");
    TRY(pg_connection_open(&connection, arguments[2], PG_CONNECTION_SQL, err));
    if (count == 3)
        return read_newest(connection, err);
    for (long times = strtol(arguments[4], NULL, 10); times > 0; times--)
        TRY(canary_write(connection, (uint32_t) strtoul(arguments[3], NULL, 10), "tool", &written,
                         err));
    return OK;
}

int
main(int argc, char **argv)
{
    struct error err = {0};
    enum status status = obey(argc, argv, &err);

    if (status != OK)
        log_error(LOG_ERROR, &err);
    if (status == STATUS_NOT_FOUND)
        return 4;
    return status == OK ? 0 : status == STATUS_REFUSED ? 3 : 1;
}
