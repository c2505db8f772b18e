// SPDX-License-Identifier: PostgreSQL
/*
 * init.h - what one run of init learned and did, and how that is told.
 *
 * Used by command_init.c, which fills it, and init_report.c.
 */
#pragma once

#include "agent/command.h"
#include "agent/settings.h"
#include "repo/lineage.h"

struct init
{
    const struct invocation *invocation;
    const struct config *config; /* the invocation's, or made */
    struct config *made;
    struct buffer made_text; /* of the configuration that is yet to be written */
    bool config_written;
    bool key_written;
    bool created; /* false: it was there, and only the server is to be set up */

    struct pg_connection *connection; /* NULL: the server is down */
    struct error down;                /* why */
    struct store_dialect dialect;
    bool identified;
    struct lineage lineage;

    struct settings settings;
    struct setting_change changes[SETTINGS_CHANGE_MAX];
    size_t change_count;
    bool applied;
};

/* On standard output, as JSON or for people. */
NODISCARD enum status init_report(const struct init *init, struct error *err);
