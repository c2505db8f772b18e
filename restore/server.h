// SPDX-License-Identifier: PostgreSQL
/*
 * server.h - a PostgreSQL server that we start on a restored data directory.
 *
 * The server outlives this program: it has a session of its own, and its log
 * goes to a file.  What it needs beside the data directory is in a run
 * directory that only its owner may enter: the log, the socket, and a pg_hba.conf
 * that lets in whoever can reach that socket.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <sys/types.h>

struct server_options
{
    const char *bin_directory; /* NULL: where this major version usually is */
    int major;
    const char *data; /* the data directory, absolute */

    /* With the cluster's own sockets, addresses and pg_hba.conf, not private ones. */
    bool public;

    const char *run;             /* absolute; NULL: "<data>.run", or in /tmp if that is too long */
    const char *const *settings; /* "name=value", over all others; ends with NULL; NULL: none */
    bool bound;                  /* it shuts down when the thread that started it is gone */
};

struct server
{
    pid_t pid;
    bool ended;
    int exit_status; /* as waitpid gives it, once ended */
    char *data;      /* owned, like all that follow */
    char *run;       /* the run directory */
    char *log;
};

NODISCARD enum status server_start(struct server *server, const struct server_options *options,
                                   struct error *err);

/* Can a server put its socket there?  Names of sockets are short, and settings have quotes. */
bool server_run_fits(const char *path);

/* For SCOPED on a zeroed or started server: releases memory, stops nothing. */
void server_release(struct server *server);

/* Has it ended?  Asks the system. */
bool server_has_ended(struct server *server);

/* A fast shutdown, waited for as long as one may take; false: it has not ended yet. */
#define SERVER_STOP_LIMIT_MS INT64_C(300000)

bool server_stop(struct server *server, int64_t limit_ms);

/* Where it listens, from its postmaster.pid; false while that is not known. */
struct server_address
{
    char host[512]; /* a socket's directory, or an address */
    unsigned port;
};

bool server_address(const struct server *server, struct server_address *address);

/*
 * A connection string of one's own to template1, which no variable of the environment
 * leads elsewhere.  options: "-c name=value ..." for the session; NULL: none.
 */
NODISCARD enum status server_conninfo(const struct server_address *address, const char *role,
                                      const char *options, char **conninfo, struct error *err);

/* The last lines of its log, for an error's detail. */
void server_log_tail(const struct server *server, char *text, size_t size);

/* The last line of its log with this text, without its prefix; false when there is none. */
bool server_log_find(const struct server *server, const char *wanted, char *line, size_t size);
