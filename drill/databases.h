// SPDX-License-Identifier: PostgreSQL
/*
 * databases.h - the databases of a restored server, and which can be connected to.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>

enum database_state
{
    DATABASE_MISSING,
    DATABASE_OPEN,
    DATABASE_CLOSED,  /* it allows no connections */
    DATABASE_DROPPED, /* by a "drop database" that was interrupted: it cannot be used any more */
};

struct database
{
    char name[64]; /* NAMEDATALEN in src/include/pg_config_manual.h */
    enum database_state state;
};

struct databases
{
    struct database *items; /* owned; by name */
    size_t count;
};

/* All but template0, which allows no connections by nature. */
NODISCARD enum status databases_read(const char *conninfo, struct databases *databases,
                                     struct error *err);

enum database_state databases_find(const struct databases *databases, const char *name);

/* For SCOPED on an initialised struct. */
void databases_release(struct databases *databases);

/* Those that can be connected to, by name, template1 too; stops at visit's first failure. */
NODISCARD enum status databases_each(const char *conninfo,
                                     enum status (*visit)(void *arg, const char *database,
                                                          struct error *err),
                                     void *arg, struct error *err);
