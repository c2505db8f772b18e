// SPDX-License-Identifier: PostgreSQL
/*
 * report.h - what commands tell on standard output: JSON, or a table for people.
 *
 * A table is filled row by row and printed once, each column as wide as its
 * widest cell.
 */
#pragma once

#include "base/json.h"

#include <stddef.h>

/* Print a value, several lines of it. */
NODISCARD enum status report_json(const json_t *value, struct error *err);

struct table_column
{
    const char *title;
    bool number; /* to the right */
};

struct table
{
    const struct table_column *columns; /* the last has no title; set at creation */
    char **cells;                       /* owned, row by row */
    size_t cell_count;
};

#define TABLE_INIT(its_columns) ((struct table){.columns = (its_columns)})

/* As many cells as there are columns; they are copied. */
NODISCARD enum status table_add(struct table *table, const char *const *cells, struct error *err);

/* Print it with its titles; nothing when it has no rows. */
void table_print(const struct table *table);

/* For SCOPED. */
void table_release(struct table *table);
