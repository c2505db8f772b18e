// SPDX-License-Identifier: PostgreSQL
/*
 * selection.h - which of a database's schemas and tables a dump holds.
 *
 * Names are written as in SQL: without quotes they are folded to lower case, with
 * them taken as they are; a table without a schema is in "public".  Outside of
 * quotes '*' stands for any characters and '?' for any one.  pg_dump gets them as
 * its patterns and the server as a condition, which mean the same.
 */
#pragma once

#include "dump/document.h"

/* Each ends with NULL; NULL: none. */
struct dump_selection
{
    const char *const *schemas; /* only these; NULL: all */
    const char *const *exclude_schemas;
    const char *const *tables; /* only these, and then no schemas */
    const char *const *exclude_tables;
    const char *const *exclude_table_data; /* the tables without their rows */
};

/* Can it be read as the name of a schema, or of a table?  CONFIG, with what is wrong. */
NODISCARD enum status dump_selection_check_schema(const char *text, struct error *err);
NODISCARD enum status dump_selection_check_table(const char *text, struct error *err);

/* Is it the whole database, apart from rows?  Only then does a dump create extensions. */
bool dump_selection_is_whole(const struct dump_selection *selection);

/* What pg_dump is told of it. */
NODISCARD enum status dump_selection_arguments(const struct dump_selection *selection,
                                               struct dump_texts *arguments, struct error *err);

/* Conditions in SQL on n.nspname and c.relname: is the table in the dump, are its rows left out? */
NODISCARD enum status dump_selection_condition(const struct dump_selection *selection,
                                               struct buffer *sql, struct error *err);
NODISCARD enum status dump_selection_without_rows(const struct dump_selection *selection,
                                                  struct buffer *sql, struct error *err);
