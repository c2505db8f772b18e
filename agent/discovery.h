// SPDX-License-Identifier: PostgreSQL
/*
 * discovery.h - the PostgreSQL cluster of this machine, for a first
 * configuration.
 *
 * libpq's environment decides when it names a server.  Else every socket in the
 * usual directories is tried, and those that data directories in their usual
 * places tell of.  When no server runs, a data directory alone will do.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>

struct discovery
{
    char *connection;     /* libpq's string */
    char *data_directory; /* NULL: the server keeps it to itself */
    char *name;           /* fit to be a repository's cluster */
    bool running;
};

/*
 * NOT_FOUND: there is none.  REFUSED: there are several.  Otherwise why the only
 * one did not let us in.
 */
NODISCARD enum status discovery_find(struct discovery *found, struct error *err);

/* For SCOPED on an initialised struct. */
void discovery_release(struct discovery *found);

/* "15/Main DB" is "main-db": the last part, in the letters a cluster's name may have. */
char *discovery_name(const char *text);
