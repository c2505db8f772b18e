// SPDX-License-Identifier: PostgreSQL
/*
 * tables.h - the tables of a database, and how many rows they have: what dumps
 * and drills record, for later ones to be compared with.
 *
 * The server's own estimate costs nothing; counting reads a table whole.
 */
#pragma once

#include "pg/connection.h"

struct pg_table
{
    char *schema; /* owned */
    char *name;   /* owned */
    int64_t rows; /* -1: not known */
    bool counted; /* exactly, else the server's estimate */
    char kind;    /* pg_class.relkind: 'r', 'p', 'v', 'm' */
    bool partition;
};

struct pg_tables
{
    struct pg_table *items; /* owned; by schema and name, as strcmp orders them */
    size_t count;
};

/* Conditions are SQL about c, a row of pg_class, and n, its row of pg_namespace. */
struct pg_tables_request
{
    const char *condition;    /* only these; NULL: all */
    const char *without_rows; /* has none here, which is as good as a count; NULL: no table */
    bool all_kinds;           /* views, materialized ones and what extensions made too */
};

/* Neither system tables nor temporary ones.  A partitioned table has what its partitions have. */
NODISCARD enum status pg_tables_read(struct pg_connection *connection,
                                     const struct pg_tables_request *request,
                                     struct pg_tables *tables, struct error *err);

/* NULL: there is none. */
const struct pg_table *pg_tables_find(const struct pg_tables *tables, const char *schema,
                                      const char *name);

/* For SCOPED on an initialised struct. */
void pg_tables_release(struct pg_tables *tables);

/* Exactly, in the present transaction. */
NODISCARD enum status pg_table_count(struct pg_connection *connection, const char *schema,
                                     const char *name, uint64_t *rows, struct error *err);
