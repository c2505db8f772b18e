// SPDX-License-Identifier: PostgreSQL
/*
 * database.h - the database that a dump is loaded into: made, marked and dropped.
 *
 * Making and dropping are not interrupted by a request to stop: otherwise nobody
 * would know whether it is there.
 */
#pragma once

#include "dump/document.h"
#include "dump/namesake.h"
#include "pg/connection.h"

/* CONFLICT: there is a database of this name. */
NODISCARD enum status database_require_free(struct pg_connection *connection, const char *name,
                                            struct error *err);

/*
 * Make it as the document describes: encoding, locale, provider, and the owner
 * unless no_owner.  Its comment says that it is not loaded yet.  CONFLICT: there
 * is one.  On every failure but TRANSIENT none was made.
 */
NODISCARD enum status database_create(const char *conninfo, const char *name,
                                      const struct dump_document *document, bool no_owner,
                                      struct error *err);

/* Let the comment say that it was loaded to the end, and whether all of the dump was wanted. */
NODISCARD enum status database_mark_loaded(const char *conninfo, const char *name,
                                           const struct dump_document *document, bool whole,
                                           struct error *err);

/* The dump of which that comment says that all of it was loaded.  REFUSED: it says no such thing.
 */
NODISCARD enum status database_read_source(struct pg_connection *connection, const char *name,
                                           char id[DUMP_ID_SIZE], struct error *err);

/* Drop what database_create made, with whoever is connected to it. */
NODISCARD enum status database_drop(const char *conninfo, const char *name, struct error *err);

/* One that earlier runs have left beside another one. */
struct database_beside
{
    char name[DUMP_DATABASE_SIZE];
    enum namesake kind;
    bool unfinished; /* its load was cut short, or goes on just now */
};

/* All that are beside this database, by name.  The list is the caller's to free. */
NODISCARD enum status database_list_beside(struct pg_connection *connection, const char *database,
                                           struct database_beside **list, size_t *count,
                                           struct error *err);
