// SPDX-License-Identifier: PostgreSQL
#include "pg/tables.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT ((size_t) 1 << 20)

enum field
{
    FIELD_SCHEMA,
    FIELD_NAME,
    FIELD_ROWS,
    FIELD_KIND,
    FIELD_PARTITION,
    FIELD_WITHOUT_ROWS,
};

/* Autovacuum analyzes partitions, but never what they are part of. */
static const char columns[] =
    "SELECT n.nspname, c.relname, CASE WHEN c.relkind = 'p' AND c.reltuples < 0 THEN"
    " coalesce((SELECT pg_catalog.sum(l.reltuples) FILTER (WHERE l.reltuples >= 0)"
    " FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid"
    " WHERE t.isleaf), -1) WHEN c.relkind = 'v' THEN -1 ELSE c.reltuples END::bigint,"
    " c.relkind, c.relispartition, ";

static const char tables[] =
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relpersistence <> 't' AND n.nspname <> 'information_schema'"
    " AND n.nspname NOT LIKE 'pg\\_%'";

static const char any_kind[] = " AND c.relkind IN ('r', 'p', 'v', 'm')";

/* Tables of extensions are made by those. */
static const char own_tables[] =
    " AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e"
    " WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid"
    " AND e.deptype = 'e')";

static enum status
append_query(const struct pg_tables_request *request, struct buffer *sql, struct error *err)
{
    const char *without_rows = request->without_rows == NULL ? "false" : request->without_rows;
    const char *condition = request->condition == NULL ? "true" : request->condition;

    return buffer_append_text(sql, err, "%s%s%s%s AND (%s) ORDER BY 1, 2", columns, without_rows,
                              tables, request->all_kinds ? any_kind : own_tables, condition);
}

static enum status
read_table(const PGresult *result, int row, struct pg_table *table, struct error *err)
{
    table->schema = strdup(PQgetvalue(result, row, FIELD_SCHEMA));
    table->name = strdup(PQgetvalue(result, row, FIELD_NAME));
    if (table->schema == NULL || table->name == NULL)
        return error_no_memory(err);
    table->counted = PQgetvalue(result, row, FIELD_WITHOUT_ROWS)[0] == 't';
    table->rows = table->counted ? 0 : strtoll(PQgetvalue(result, row, FIELD_ROWS), NULL, 10);
    table->kind = PQgetvalue(result, row, FIELD_KIND)[0];
    table->partition = PQgetvalue(result, row, FIELD_PARTITION)[0] == 't';
    return OK;
}

enum status
pg_tables_read(struct pg_connection *connection, const struct pg_tables_request *request,
               struct pg_tables *read, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *query;

    TRY(append_query(request, &sql, err));
    TRY(buffer_text(&sql, &query, err));
    TRY(pg_query(connection, query, &result, err));
    read->items = calloc((size_t) PQntuples(result) + 1, sizeof(*read->items));
    if (read->items == NULL)
        return error_no_memory(err);
    for (int row = 0; row < PQntuples(result); row++)
        TRY(read_table(result, row, &read->items[read->count++], err));
    return OK;
}

struct key
{
    const char *schema;
    const char *name;
};

/* Columns of type name sort by their bytes, whatever the database's collation. */
static int
compare(const void *wanted, const void *item)
{
    const struct key *key = wanted;
    const struct pg_table *table = item;
    int schemas = strcmp(key->schema, table->schema);

    return schemas != 0 ? schemas : strcmp(key->name, table->name);
}

const struct pg_table *
pg_tables_find(const struct pg_tables *among, const char *schema, const char *name)
{
    const struct key wanted = {schema, name};

    return bsearch(&wanted, among->items, among->count, sizeof(*among->items), compare);
}

void
pg_tables_release(struct pg_tables *read)
{
    for (size_t index = 0; index < read->count; index++)
    {
        free(read->items[index].schema);
        free(read->items[index].name);
    }
    free(read->items);
    *read = (struct pg_tables){0};
}

enum status
pg_table_count(struct pg_connection *connection, const char *schema, const char *name,
               uint64_t *rows, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    const char *query;
    char answer[32];

    TRY(buffer_append_text(&sql, err, "SELECT pg_catalog.count(*) FROM "));
    TRY(pg_quote_identifier(schema, &sql, err));
    TRY(buffer_append(&sql, BYTES("."), err));
    TRY(pg_quote_identifier(name, &sql, err));
    TRY(buffer_text(&sql, &query, err));
    TRY(pg_query_text(connection, query, answer, sizeof(answer), err));
    *rows = strtoull(answer, NULL, 10);
    return OK;
}
