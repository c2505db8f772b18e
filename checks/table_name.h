// SPDX-License-Identifier: PostgreSQL
/*
 * table_name.h - names as SQL writes them, out of the configuration.
 *
 * Without quotes ASCII letters are folded to lower case; with them a name is
 * taken as it is, and "" inside is one quote
 * (https://www.postgresql.org/docs/current/sql-syntax-lexical.html).  A name that
 * the server would cut short is refused.
 */
#pragma once

#include "base/bytes.h"

#define TABLE_NAME_SIZE 64 /* NAMEDATALEN in src/include/pg_config_manual.h */

struct table_name
{
    char schema[TABLE_NAME_SIZE]; /* "public" when the text has none */
    char table[TABLE_NAME_SIZE];
};

/* "orders", "sales.orders"; CONFIG, with what is wrong. */
NODISCARD enum status table_name_parse(const char *text, struct table_name *name,
                                       struct error *err);

/* One identifier by itself: a column. */
NODISCARD enum status table_name_parse_column(const char *text, char column[TABLE_NAME_SIZE],
                                              struct error *err);

/* "schema"."table", for SQL. */
NODISCARD enum status table_name_append(const struct table_name *name, struct buffer *sql,
                                        struct error *err);
