// SPDX-License-Identifier: PostgreSQL
#include "checks/relation.h"

#define QUERY_LIMIT 1024

/* https://www.postgresql.org/docs/current/catalog-pg-class.html */
static const struct
{
    char kind;
    bool has_rows;
    const char *name;
} kinds[] = {
    {'r', true, "a table"},
    {'p', true, "a partitioned table"},
    {'v', true, "a view"},
    {'m', true, "a materialized view"},
    {RELATION_FOREIGN, true, "a foreign table"},
    {'i', false, "an index"},
    {'I', false, "an index"},
    {'S', false, "a sequence"},
    {'t', false, "a TOAST table"},
    {'c', false, "a composite type"},
    {RELATION_NONE, false, "no such table"},
};

static size_t
place_of(char kind)
{
    size_t place = 0;

    while (kinds[place].kind != kind && kinds[place].kind != RELATION_NONE)
        place++;
    return place;
}

enum status
relation_find(struct pg_connection *connection, const struct table_name *name, char *kind,
              struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(buffer_append_text(&sql, err,
                           "SELECT c.relkind FROM pg_catalog.pg_class c"
                           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                           " WHERE n.nspname = "));
    TRY(pg_quote_literal(name->schema, &sql, err));
    TRY(buffer_append_text(&sql, err, " AND c.relname = "));
    TRY(pg_quote_literal(name->table, &sql, err));
    TRY(buffer_text(&sql, &text, err));
    TRY(pg_query(connection, text, &result, err));
    *kind = PQntuples(result) == 0 ? RELATION_NONE : PQgetvalue(result, 0, 0)[0];
    return OK;
}

const char *
relation_kind_name(char kind)
{
    return kinds[place_of(kind)].name;
}

bool
relation_has_rows(char kind)
{
    return kinds[place_of(kind)].has_rows;
}
