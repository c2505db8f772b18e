// SPDX-License-Identifier: PostgreSQL
/*
 * swap_tool.c - dump/swap.h as a program, for stories that need no dump.
 *
 *     swap_tool check CONNINFO DATABASE RESTORED [TIME]
 *     swap_tool run CONNINFO DATABASE RESTORED [TIME]
 *     swap_tool drop CONNINFO NAME
 *
 * "run" prints the old database's new name and how many clients were ended.  The
 * exit code is 3 for what is refused, and 1 for any other failure, as redoubt's.
 */
#include "base/log.h"
#include "dump/swap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static enum status
run(const struct swap_options *options, struct error *err)
{
    struct swap_result result;

    TRY(swap_run(options, &result, err));
    printf("%s\n%u\n", result.aside, result.ended_clients);
    return OK;
}

static enum status
obey(int count, char **arguments, struct error *err)
{
    struct swap_options options = {.now = clock_now()};

    if (count == 4 && strcmp(arguments[1], "drop") == 0)
        return swap_drop(arguments[2], arguments[3], err);
    if (count < 5)
        return error_set(err, STATUS_CONFIG, "see the head of swap_tool.c");
    options.conninfo = arguments[2];
    options.database = arguments[3];
    options.restored = arguments[4];
    if (count > 5)
        TRY(time_parse(arguments[5], &options.now, err));
    return strcmp(arguments[1], "run") == 0 ? run(&options, err) : swap_check(&options, err);
}

int
main(int argc, char **argv)
{
    struct error err = {0};
    enum status status;

    signal(SIGPIPE, SIG_IGN);
    status = obey(argc, argv, &err);
    if (status != OK)
        log_error(LOG_ERROR, &err);
    return status == OK ? 0 : status == STATUS_REFUSED ? 3 : 1;
}
