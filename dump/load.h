// SPDX-License-Identifier: PostgreSQL
/*
 * load.h - a dump out of the repository into a database that is made for it.
 *
 * One job is streamed: unsealed, decompressed and fed to pg_restore, or to psql
 * for SQL, and no disk is touched.  Several jobs, and the directory format, need
 * to seek: the archive goes to a spool first.  Any error that the program meets is
 * a failure of the load, and then the database is dropped again.
 */
#pragma once

#include "dump/document.h"

struct load_options
{
    struct repo *repo;
    const char *conninfo; /* to any database of the server but those made here */
    const char
        *programs;     /* the directory with pg_restore and psql, of the server's major version */
    const char *into;  /* the database that is made; must not exist */
    const char *spool; /* the operator's directory for it; NULL: $TMPDIR or /var/tmp */
    unsigned jobs;     /* 1: streamed, where the format allows; plain SQL takes no more */
    bool no_owner;     /* without owners and privileges: all belongs to who loads */
    bool schema_only;
    const char *const *tables; /* the rows of these only; patterns; ends with NULL; NULL: all */
};

/* May several jobs load it, and must it be on a disk for one? */
bool load_takes_jobs(const struct dump *dump);
bool load_needs_spool(const struct dump *dump, unsigned jobs);

/*
 * What would make the load fail, before anything is made: REFUSED with the names
 * of all roles and extensions that the dump needs and the server lacks, and for a
 * dump of a newer major version; CONFLICT when the database exists; NOT_FOUND
 * when one of the tables is none of the dump's; CONFIG for options that the
 * dump's format cannot fulfil.
 */
NODISCARD enum status load_check(const struct load_options *options,
                                 const struct dump_document *document, struct error *err);

/* Make the database and load it.  On failure it is dropped again, after a signal too. */
NODISCARD enum status load_run(const struct load_options *options,
                               const struct dump_document *document, struct error *err);
