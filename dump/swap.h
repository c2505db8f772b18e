// SPDX-License-Identifier: PostgreSQL
/*
 * swap.h - putting a restored database in the place of another one.
 *
 * Both renames are one transaction: a crash at any point leaves exactly the old
 * or exactly the new state.  The old database stays, under another name, until
 * somebody drops it.
 *
 * PostgreSQL renames a database only while nobody uses it, and waits 5 s for that
 * with the database locked (CountOtherDBBackends in
 * src/backend/storage/ipc/procarray.c).  Meanwhile its clients are ended.  One
 * that connects then waits too, and is told "database does not exist ... just
 * been dropped or renamed" (InitPostgres in src/backend/utils/init/postinit.c);
 * from the commit on, connecting again leads to the restored database.  Sessions
 * on standbys are not ended: they see the old database until they connect again.
 */
#pragma once

#include "dump/namesake.h"

struct swap_options
{
    const char *conninfo; /* to the server; where it leads to one of the two, another is used */
    const char *database; /* whose place is taken */
    const char *restored; /* by this one; NULL, for a check only: it is yet to be made */
    time_us now;          /* for the name of the one that is put aside */
};

struct swap_result
{
    char aside[DUMP_DATABASE_SIZE]; /* "<database>_before_<UTC time>" */
    unsigned ended_clients;
};

/*
 * What would keep it from being swapped, before anything is changed: prepared
 * transactions, logical slots, subscriptions, another locale, a missing
 * privilege, a name that is taken.  REFUSED names all of them.
 */
NODISCARD enum status swap_check(const struct swap_options *options, struct error *err);

/*
 * Check again.  Then, in one transaction, give the restored database what belongs
 * to the database itself and no dump carries - owner, privileges, comment,
 * security labels, settings per database and per role, connection limit - and
 * both their new names.  Only a tablespace of its own is gone to before.
 *
 * On failure all is as it was, clients that were ended can come back, and the
 * text says so; TRANSIENT with a hint where it is not known, because a connection
 * broke during the commit and no new one could tell.
 */
NODISCARD enum status swap_run(const struct swap_options *options, struct swap_result *result,
                               struct error *err);

/*
 * Drop a database that a swap put aside or a restore left.  REFUSED: any other
 * name, and one that somebody is connected to; nobody is ended.  NOT_FOUND: there
 * is no such database.
 */
NODISCARD enum status swap_drop(const char *conninfo, const char *name, struct error *err);
