// SPDX-License-Identifier: PostgreSQL
/*
 * relation.h - what a name in the configuration stands for in a database.
 */
#pragma once

#include "checks/table_name.h"
#include "pg/connection.h"

/* pg_class.relkind, such as 'f', or NONE. */
#define RELATION_FOREIGN 'f'
#define RELATION_NONE    '\0'

NODISCARD enum status relation_find(struct pg_connection *connection, const struct table_name *name,
                                    char *kind, struct error *err);

/* "a partitioned table", "an index"; "no such table" for NONE. */
const char *relation_kind_name(char kind);

/* Are there rows to ask for, tables' or views'? */
bool relation_has_rows(char kind);
