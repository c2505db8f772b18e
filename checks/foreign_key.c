// SPDX-License-Identifier: PostgreSQL
#include "checks/foreign_key.h"

#include "pg/connection.h"

#include <inttypes.h>

/* Of one key's text; so that a huge one does not come to us whole. */
#define KEY_TEXT_MAX 200

static enum status
append(struct buffer *sql, const char *text, struct error *err)
{
    return buffer_append(sql, bytes_of(text), err);
}

static enum status
append_object(const struct foreign_key_object *object, struct buffer *sql, struct error *err)
{
    TRY(pg_quote_identifier(object->schema, sql, err));
    TRY(append(sql, ".", err));
    return pg_quote_identifier(object->name, sql, err);
}

/* ONLY: the rows of inheriting tables are under no constraint of their parent's. */
static enum status
append_table(const struct foreign_key_table *table, struct buffer *sql, struct error *err)
{
    const struct foreign_key_object object = {table->schema, table->name};

    TRY(append(sql, table->partitioned ? " FROM " : " FROM ONLY ", err));
    return append_object(&object, sql, err);
}

static enum status
append_column(const char *alias, const char *name, struct buffer *sql, struct error *err)
{
    TRY(append(sql, alias, err));
    TRY(append(sql, ".", err));
    return pg_quote_identifier(name, sql, err);
}

static enum status
append_cast(const struct foreign_key_object *type, struct buffer *sql, struct error *err)
{
    if (type->name[0] == '\0')
        return OK;
    TRY(append(sql, "::", err));
    return append_object(type, sql, err);
}

/* The names of operators cannot be quoted, and consist of nothing but signs. */
static enum status
append_match(const struct foreign_key_column *column, struct buffer *sql, struct error *err)
{
    TRY(append_column("pk", column->key, sql, err));
    TRY(append_cast(&column->key_cast, sql, err));
    TRY(append(sql, " OPERATOR(", err));
    TRY(pg_quote_identifier(column->equal.schema, sql, err));
    TRY(buffer_append_text(sql, err, ".%s) ", column->equal.name));
    TRY(append_column("fk", column->name, sql, err));
    TRY(append_cast(&column->cast, sql, err));
    if (column->collation.name[0] == '\0')
        return OK;
    TRY(append(sql, " COLLATE ", err));
    return append_object(&column->collation, sql, err);
}

/* What is found: a count, and one key. */
static enum status
append_answer(const struct foreign_key *key, struct buffer *sql, struct error *err)
{
    TRY(append(sql,
               "SELECT pg_catalog.count(*), pg_catalog.min(pg_catalog.left(pg_catalog.format('",
               err));
    for (size_t index = 0; index < key->column_count; index++)
        TRY(append(sql, index == 0 ? "%L" : ", %L", err));
    TRY(append(sql, "'", err));
    for (size_t index = 0; index < key->column_count; index++)
    {
        TRY(append(sql, ", ", err));
        TRY(append_column("fk", key->columns[index].name, sql, err));
    }
    return buffer_append_text(sql, err, "), %d) COLLATE pg_catalog.\"C\")", KEY_TEXT_MAX);
}

/* A row without a key refers to nothing by right; with MATCH FULL, none of it may be there then. */
static enum status
append_has_key(const struct foreign_key *key, struct buffer *sql, struct error *err)
{
    for (size_t index = 0; index < key->column_count; index++)
    {
        TRY(append(sql, index == 0 ? " WHERE (" : key->match_full ? " OR " : " AND ", err));
        TRY(append_column("fk", key->columns[index].name, sql, err));
        TRY(append(sql, " IS NOT NULL", err));
    }
    return append(sql, ")", err);
}

static enum status
append_is_orphan(const struct foreign_key *key, struct buffer *sql, struct error *err)
{
    TRY(append(sql, " AND NOT EXISTS (SELECT", err));
    TRY(append_table(&key->key_table, sql, err));
    TRY(append(sql, " AS pk", err));
    for (size_t index = 0; index < key->column_count; index++)
    {
        TRY(append(sql, index == 0 ? " WHERE " : " AND ", err));
        TRY(append_match(&key->columns[index], sql, err));
    }
    return append(sql, ")", err);
}

enum status
foreign_key_append_query(const struct foreign_key *key, uint32_t sample, struct buffer *sql,
                         struct error *err)
{
    TRY(append_answer(key, sql, err));
    TRY(append_table(&key->table, sql, err));
    TRY(append(sql, " AS fk", err));
    if (sample < FOREIGN_KEY_WHOLE)
        TRY(buffer_append_text(sql, err, " TABLESAMPLE SYSTEM (%" PRIu32 ".%04" PRIu32 ")",
                               sample / 10000, sample % 10000));
    TRY(append_has_key(key, sql, err));
    return append_is_orphan(key, sql, err);
}

enum status
foreign_key_append_estimate(const struct foreign_key *key, struct buffer *sql, struct error *err)
{
    TRY(append(sql, "EXPLAIN (FORMAT JSON) SELECT", err));
    return append_table(&key->table, sql, err);
}

uint32_t
foreign_key_sample(uint64_t estimated_rows, uint32_t wanted_rows)
{
    uint64_t sample;

    if (wanted_rows == 0 || estimated_rows <= wanted_rows)
        return FOREIGN_KEY_WHOLE;
    sample = (uint64_t) wanted_rows * FOREIGN_KEY_WHOLE / estimated_rows;
    return sample == 0 ? 1 : (uint32_t) sample;
}
