// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"
#include "checks/relation.h"

enum status
check_exists(const struct check_context *context, const struct check *check,
             struct check_result *result, struct error *err)
{
    struct table_name name;
    char kind;

    check_result_expected(result, "a table or view");
    TRY(table_name_parse(check->table->name, &name, err));
    TRY(relation_find(context->connection, &name, &kind, err));
    check_result_found(result, "%s", relation_kind_name(kind));
    check_result_judge(result, relation_has_rows(kind));
    return OK;
}

enum status
check_exists_with_rows(const struct check_context *context, const struct table_name *name,
                       struct check_result *result, bool *there, struct error *err)
{
    char kind;

    TRY(relation_find(context->connection, name, &kind, err));
    check_result_found(result, "%s", relation_kind_name(kind));
    check_result_judge(result, false);
    *there = relation_has_rows(kind);
    /* A restored copy must not ask production. */
    if (kind == RELATION_FOREIGN)
        return error_set(err, STATUS_UNSUPPORTED, "a foreign table: its rows are elsewhere");
    return OK;
}
