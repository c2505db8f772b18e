// SPDX-License-Identifier: PostgreSQL
#include "checks/record.h"

#include "base/stop.h"

#include <stdlib.h>

/* The table that a check counted; NULL: none that is listed. */
static struct pg_table *
counted_table(const struct check *check, struct pg_tables *tables)
{
    const struct pg_table *table;
    struct table_name name;
    struct error ignored = {0};

    if (table_name_parse(check->table->name, &name, &ignored) != OK)
        return NULL;
    table = pg_tables_find(tables, name.schema, name.table);
    return table == NULL ? NULL : &tables->items[table - tables->items];
}

static void
take_counts(const struct check_plan *plan)
{
    struct check_results *results = plan->results;

    for (size_t index = 0; index < results->count; index++)
    {
        const struct check_result *result = &results->items[index];
        struct pg_table *table = NULL;

        if (result->counted)
            table = counted_table(&plan->checks[index], &results->tables);
        if (table == NULL)
            continue;
        table->rows = (int64_t) result->rows;
        table->counted = true;
    }
}

/* A view asks others, and what it is asked for may take for ever. */
static void
count_unknown(struct pg_tables *tables, struct pg_connection *connection)
{
    for (size_t index = 0; index < tables->count; index++)
    {
        struct pg_table *table = &tables->items[index];
        bool countable = (table->kind == 'r' && !table->partition) || table->kind == 'm';
        struct error ignored = {0};
        uint64_t rows;

        if (table->rows >= 0 || !countable)
            continue;
        table->counted =
            pg_table_count(connection, table->schema, table->name, &rows, &ignored) == OK;
        table->rows = table->counted ? (int64_t) rows : -1;
    }
}

static enum status
list_counts(struct check_results *results, struct error *err)
{
    results->counts = calloc(results->tables.count + 1, sizeof(*results->counts));
    if (results->counts == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < results->tables.count; index++)
    {
        const struct pg_table *table = &results->tables.items[index];

        if (table->rows >= 0 && (table->counted || !table->partition))
            results->counts[results->count_count++] = (struct checks_count){
                table->schema, table->name, (uint64_t) table->rows, table->counted};
    }
    return OK;
}

enum status
record_counts(const struct check_plan *plan, struct pg_connection *connection, struct error *err)
{
    static const struct pg_tables_request all = {
        .all_kinds = true,
        .without_rows = "c.relpersistence = 'u'",
    };
    struct check_results *results = plan->results;

    TRY(pg_tables_read(connection, &all, &results->tables, err));
    take_counts(plan);
    count_unknown(&results->tables, connection);
    TRY(stop_check(err));
    return list_counts(results, err);
}
