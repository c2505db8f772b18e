// SPDX-License-Identifier: PostgreSQL
#include "checks/foreign_keys.h"

#include <stdlib.h>
#include <string.h>

/* One row for each pair of columns: what FIELD_* name. */
enum field
{
    FIELD_OID,
    FIELD_NAME,
    FIELD_SCHEMA,
    FIELD_TABLE,
    FIELD_TABLE_KIND,
    FIELD_KEY_SCHEMA,
    FIELD_KEY_TABLE,
    FIELD_KEY_TABLE_KIND,
    FIELD_MATCH,
    FIELD_UNJUDGED,
    FIELD_COLUMN,
    FIELD_KEY_COLUMN,
    FIELD_EQUAL, /* these have their schema first */
    FIELD_KEY_CAST = FIELD_EQUAL + 2,
    FIELD_CAST = FIELD_KEY_CAST + 2,
    FIELD_COLLATION = FIELD_CAST + 2,
};

/*
 * conpfeqop compares a key's column with the referring one.  Its types are cast
 * to as the server does it, except to polymorphic ones, which take what they get.
 * conenforced and conperiod are PostgreSQL 18's; to_jsonb spares asking which it is.
 */
static const char list_query[] =
    "SELECT con.oid, con.conname, fn.nspname, fc.relname, fc.relkind, kn.nspname, kc.relname,"
    " kc.relkind, con.confmatchtype,"
    " CASE WHEN to_jsonb(con) ->> 'conenforced' = 'false' THEN 'NOT ENFORCED'"
    " WHEN to_jsonb(con) ->> 'conperiod' = 'true' THEN 'PERIOD'"
    " WHEN NOT con.convalidated THEN 'NOT VALID' ELSE '' END,"
    " fa.attname, ka.attname, opn.nspname, op.oprname, ktn.nspname, kt.typname, ftn.nspname,"
    " ft.typname, cn.nspname, co.collname"
    " FROM pg_catalog.pg_constraint con"
    " CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop)"
    " WITH ORDINALITY AS pair (referring, key, equal, place)"
    " JOIN pg_catalog.pg_class fc ON fc.oid = con.conrelid"
    " JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace"
    " JOIN pg_catalog.pg_class kc ON kc.oid = con.confrelid"
    " JOIN pg_catalog.pg_namespace kn ON kn.oid = kc.relnamespace"
    " JOIN pg_catalog.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = pair.referring"
    " JOIN pg_catalog.pg_attribute ka ON ka.attrelid = kc.oid AND ka.attnum = pair.key"
    " JOIN pg_catalog.pg_operator op ON op.oid = pair.equal"
    " JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace"
    " LEFT JOIN pg_catalog.pg_type kt ON kt.oid = op.oprleft AND kt.oid <> ka.atttypid"
    " AND kt.typtype <> 'p'"
    " LEFT JOIN pg_catalog.pg_namespace ktn ON ktn.oid = kt.typnamespace"
    " LEFT JOIN pg_catalog.pg_type ft ON ft.oid = op.oprright AND ft.oid <> fa.atttypid"
    " AND ft.typtype <> 'p'"
    " LEFT JOIN pg_catalog.pg_namespace ftn ON ftn.oid = ft.typnamespace"
    " LEFT JOIN pg_catalog.pg_collation co ON co.oid = ka.attcollation"
    " AND co.oid <> fa.attcollation"
    " LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace"
    " WHERE con.contype = 'f' AND con.conparentid = 0 AND fc.relpersistence <> 't'"
    " ORDER BY fn.nspname, fc.relname, con.conname, con.oid, pair.place";

static const struct
{
    const char *kind;
    const char *reason;
} unjudged[] = {
    {"NOT VALID", "NOT VALID: the database itself does not promise it"},
    {"NOT ENFORCED", "NOT ENFORCED: the database itself does not promise it"},
    {"PERIOD", "with PERIOD: such a key is not judged"},
};

static const char *
text_at(const PGresult *rows, int row, int field)
{
    return PQgetvalue(rows, row, field); /* "" for NULL */
}

static struct foreign_key_object
object_at(const PGresult *rows, int row, int field)
{
    return (struct foreign_key_object){text_at(rows, row, field), text_at(rows, row, field + 1)};
}

static const char *
reason_at(const PGresult *rows, int row)
{
    for (size_t index = 0; index < sizeof(unjudged) / sizeof(unjudged[0]); index++)
        if (strcmp(unjudged[index].kind, text_at(rows, row, FIELD_UNJUDGED)) == 0)
            return unjudged[index].reason;
    return NULL;
}

static struct foreign_key_table
table_at(const PGresult *rows, int row, int field)
{
    return (struct foreign_key_table){
        .schema = text_at(rows, row, field),
        .name = text_at(rows, row, field + 1),
        .partitioned = strcmp(text_at(rows, row, field + 2), "p") == 0,
    };
}

/* A row of another constraint than the last one's begins the next. */
static void
take_row(struct foreign_keys *keys, int row)
{
    const PGresult *rows = keys->texts;
    struct foreign_key_column *column = &keys->columns[row];

    *column = (struct foreign_key_column){
        .name = text_at(rows, row, FIELD_COLUMN),
        .key = text_at(rows, row, FIELD_KEY_COLUMN),
        .equal = object_at(rows, row, FIELD_EQUAL),
        .key_cast = object_at(rows, row, FIELD_KEY_CAST),
        .cast = object_at(rows, row, FIELD_CAST),
        .collation = object_at(rows, row, FIELD_COLLATION),
    };
    if (row == 0 || strcmp(text_at(rows, row, FIELD_OID), text_at(rows, row - 1, FIELD_OID)) != 0)
        keys->items[keys->count++] = (struct foreign_key){
            .name = text_at(rows, row, FIELD_NAME),
            .table = table_at(rows, row, FIELD_SCHEMA),
            .key_table = table_at(rows, row, FIELD_KEY_SCHEMA),
            .match_full = strcmp(text_at(rows, row, FIELD_MATCH), "f") == 0,
            .unjudged = reason_at(rows, row),
            .columns = column,
        };
    keys->items[keys->count - 1].column_count++;
}

enum status
foreign_keys_read(struct pg_connection *connection, struct foreign_keys *keys, struct error *err)
{
    int rows;

    TRY(pg_query(connection, list_query, &keys->texts, err));
    rows = PQntuples(keys->texts);
    keys->items = calloc((size_t) rows + 1, sizeof(*keys->items));
    keys->columns = calloc((size_t) rows + 1, sizeof(*keys->columns));
    if (keys->items == NULL || keys->columns == NULL)
        return error_no_memory(err);
    for (int row = 0; row < rows; row++)
        take_row(keys, row);
    return OK;
}

void
foreign_keys_release(struct foreign_keys *keys)
{
    free(keys->items);
    free(keys->columns);
    pg_result_freep(&keys->texts);
    *keys = (struct foreign_keys){0};
}
