// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"
#include "checks/row_bounds.h"

#include <inttypes.h>
#include <string.h>

static const struct checks_count *
recorded_count(const struct checks_request *request, const struct table_name *name)
{
    for (size_t index = 0; index < request->count_count; index++)
        if (strcmp(request->counts[index].schema, name->schema) == 0 &&
            strcmp(request->counts[index].table, name->table) == 0)
            return &request->counts[index];
    return NULL;
}

/*
 * A dump records all that it has, so a change of anything else, a view's, is a
 * mistake in the configuration.  Who records for the next time begins with what is new.
 */
static enum status
require_record(const struct checks_request *request, const struct checks_table *table,
               const struct checks_count *recorded, struct error *err)
{
    if (table->change_percent == 0 || recorded != NULL || request->counts == NULL ||
        request->record)
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
    bool there;

    TRY(table_name_parse(check->table->name, &name, err));
    recorded = recorded_count(context->request, &name);
    bounds = row_bounds_of(check->table, recorded, text);
    check_result_expected(result, "%s", text);
    TRY(check_exists_with_rows(context, &name, result, &there, err));
    if (!there)
        return OK;
    TRY(require_record(context->request, check->table, recorded, err));
    TRY(pg_table_count(context->connection, name.schema, name.table, &result->rows, err));
    result->counted = true;
    check_result_found(result, "%" PRIu64, result->rows);
    check_result_judge(result, result->rows >= bounds.minimum && result->rows <= bounds.maximum);
    return OK;
}
