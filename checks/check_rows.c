// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"
#include "checks/row_bounds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT 1024

static const struct checks_count *
recorded_count(const struct checks_request *request, const struct table_name *name)
{
    for (size_t index = 0; index < request->count_count; index++)
        if (strcmp(request->counts[index].schema, name->schema) == 0 &&
            strcmp(request->counts[index].table, name->table) == 0)
            return &request->counts[index];
    return NULL;
}

static enum status
count_rows(struct pg_connection *connection, const struct table_name *name, uint64_t *rows,
           struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    char answer[32];
    const char *text;

    TRY(buffer_append_text(&sql, err, "SELECT pg_catalog.count(*) FROM "));
    TRY(table_name_append(name, &sql, err));
    TRY(buffer_text(&sql, &text, err));
    TRY(pg_query_text(connection, text, answer, sizeof(answer), err));
    *rows = strtoull(answer, NULL, 10);
    return OK;
}

/* A view has no count in a dump, and a table that was made since has none either. */
static enum status
require_record(const struct checks_request *request, const struct checks_table *table,
               const struct checks_count *recorded, struct error *err)
{
    if (table->change_percent == 0 || recorded != NULL || request->counts == NULL)
        return OK;
    return error_set(err, STATUS_CONFIG, "no count was recorded to compare with");
}

enum status
check_rows(const struct check_context *context, const struct check *check,
           struct check_result *result, struct error *err)
{
    const struct checks_count *recorded;
    char text[ROW_BOUNDS_TEXT_SIZE];
    struct row_bounds bounds;
    struct table_name name;
    uint64_t rows;
    bool there;

    TRY(table_name_parse(check->table->name, &name, err));
    recorded = recorded_count(context->request, &name);
    bounds = row_bounds_of(check->table, recorded, text);
    check_result_expected(result, "%s", text);
    TRY(check_exists_with_rows(context, &name, result, &there, err));
    if (!there)
        return OK;
    TRY(require_record(context->request, check->table, recorded, err));
    TRY(count_rows(context->connection, &name, &rows, err));
    check_result_found(result, "%" PRIu64, rows);
    check_result_judge(result, rows >= bounds.minimum && rows <= bounds.maximum);
    return OK;
}
