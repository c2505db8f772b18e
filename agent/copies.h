// SPDX-License-Identifier: PostgreSQL
/*
 * copies.h - how the further repositories are doing: there, and up to date?
 *
 * Found by looking at both each time (copy/copy_debt.h).  One that cannot be
 * looked at is told as such, and is no failure.
 */
#pragma once

#include "base/json.h"
#include "config/config.h"
#include "copy/copy_debt.h"

enum copy_condition
{
    COPY_COMPLETE,
    COPY_BEHIND,
    COPY_EMPTY,       /* there is no repository yet */
    COPY_UNREACHABLE, /* nobody can say */
    COPY_REFUSED,     /* it is no copy of the main one */
};

struct copy_state
{
    const struct config_repository *where; /* borrowed */
    enum copy_condition condition;
    struct copy_debt debt; /* of one that is complete or behind */
    struct error problem;  /* of the others */
};

struct copies
{
    struct copy_state *items; /* owned; in the configuration's order */
    size_t count;
};

/* main is the open main repository, and catalog is its. */
NODISCARD enum status copies_state(const struct config *config, struct repo *main,
                                   const struct catalog *catalog, struct copies *copies,
                                   struct error *err);

/* An array; docs/json.md.  NULL when out of memory. */
json_t *copies_to_json(const struct copies *copies);

/* For people; nothing when there are none. */
void copies_print(const struct copies *copies);

/* For SCOPED on an initialised struct. */
void copies_release(struct copies *copies);
