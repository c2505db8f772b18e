// SPDX-License-Identifier: PostgreSQL
/*
 * reach.h - how far the archived WAL goes, and where it is interrupted.
 */
#pragma once

#include "health/server.h"
#include "repo/catalog.h"

struct health_reach_question
{
    struct repo *repo;
    const struct catalog *catalog;      /* accepts a cluster */
    const struct health_server *server; /* asked before: the archive may have more meanwhile */
    time_us window_start;               /* nobody minds what cannot be restored before it */
    int64_t window_us;
};

/*
 * Names decide; only the newest WAL is read, for its time.  Also says whether
 * WAL goes astray.
 */
NODISCARD enum status health_reach_find(const struct health_reach_question *question,
                                        struct health_facts *facts, struct error *err);
