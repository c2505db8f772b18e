// SPDX-License-Identifier: PostgreSQL
/*
 * foreign_key.h - the query that finds rows which refer to nothing.
 *
 * It is what the server asks when a constraint is added (RI_Initial_Check in
 * src/backend/utils/adt/ri_triggers.c): the constraint's own operators with the
 * same casts and collations, and ONLY where a table is not partitioned.
 */
#pragma once

#include "checks/table_name.h"

/* A name in a schema, of anything; without quotes. */
struct foreign_key_object
{
    const char *schema;
    const char *name; /* "": there is none */
};

/* One pair of columns. */
struct foreign_key_column
{
    const char *name;
    const char *key;                    /* that it refers to */
    struct foreign_key_object equal;    /* the operator of: key = name */
    struct foreign_key_object key_cast; /* the types that it takes, where the columns' are others */
    struct foreign_key_object cast;
    struct foreign_key_object collation; /* of the key, where the column's is another */
};

/* One side of it. */
struct foreign_key_table
{
    const char *schema;
    const char *name;
    bool partitioned;
};

/* Everything is borrowed. */
struct foreign_key
{
    const char *name;
    struct foreign_key_table table;
    struct foreign_key_table key_table; /* that it refers to */
    bool match_full;
    const char *unjudged; /* why it cannot be judged; NULL: it can */
    const struct foreign_key_column *columns;
    size_t column_count;
};

/* Parts of a million of the blocks that are looked at. */
#define FOREIGN_KEY_WHOLE UINT32_C(1000000)

/*
 * One row: how many rows of table refer to nothing, and the least of their keys,
 * as "'1', 'a'", NULL for none.
 */
NODISCARD enum status foreign_key_append_query(const struct foreign_key *key, uint32_t sample,
                                               struct buffer *sql, struct error *err);

/* The planner's estimate of the rows in table, in JSON. */
NODISCARD enum status foreign_key_append_estimate(const struct foreign_key *key, struct buffer *sql,
                                                  struct error *err);

/* The sample that about this many rows are; 0: the whole table, however large. */
uint32_t foreign_key_sample(uint64_t estimated_rows, uint32_t wanted_rows);
