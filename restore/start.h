// SPDX-License-Identifier: PostgreSQL
/*
 * start.h - start a restored cluster and wait until it has reached its target.
 */
#pragma once

#include "base/clock.h"
#include "pg/lsn.h"
#include "restore/plan.h"
#include "restore/server.h"

#define START_NEVER (-1)

struct start_options
{
    struct server_options server;
    const struct plan *plan;

    /* Roles to try, in order, to ask the server how far it is; ends with NULL. */
    const char *const *roles;

    /* "-c name=value ...", for a role that may set them; one that may not goes without; NULL: none.
     */
    const char *session_options;
};

enum start_state
{
    START_PAUSED,
    START_PROMOTED,
    START_SHUT_DOWN,
};

struct start_result
{
    enum start_state state;
    pg_lsn lsn;       /* replayed up to here; PG_LSN_NONE: not known */
    time_us time;     /* of the last transaction replayed; TIME_NONE: not known or none */
    char reason[256]; /* the server's own words on where it stopped; may be "" */
    char role[64];    /* that could connect; "" when none could */
    struct server_address address;
    char consistent[96];   /* the server's own words when it was consistent; "" before */
    int64_t consistent_ms; /* from the start until then; START_NEVER: it was not */
    int64_t reached_ms;    /* and until it was at its target */
    struct server server;  /* to be released */
};

/*
 * REFUSED: the server ended, came up or paused without having reached the target;
 * the error says how far it came, and has the end of its log.  CANCELLED: the
 * server was told to shut down again.
 */
NODISCARD enum status start_run(const struct start_options *options, struct start_result *result,
                                struct error *err);

/* For SCOPED on a zeroed or filled result. */
void start_result_release(struct start_result *result);

/* "paused" and the like. */
const char *start_state_name(enum start_state state);
