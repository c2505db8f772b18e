// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"
#include "checks/freshness.h"

#include "base/units.h"

#include <stdlib.h>

#define QUERY_LIMIT 2048

static enum status
find_newest(struct pg_connection *connection, const char *query, time_us *newest, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(connection, query, &result, err));
    *newest = PQgetisnull(result, 0, 0) ? TIME_NONE : strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    return OK;
}

enum status
check_freshness(const struct check_context *context, const struct check *check,
                struct check_result *result, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    const struct freshness freshness = {context->request->reference, check->table->fresh_within_ms};
    char column[TABLE_NAME_SIZE];
    char found[FRESHNESS_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];
    char reference[TIME_TEXT_SIZE];
    struct table_name name;
    const char *text;
    time_us newest;
    bool there;

    units_format_duration(freshness.within_ms, duration);
    time_format(freshness.reference, reference);
    check_result_expected(result, "within %s of %s", duration, reference);
    TRY(table_name_parse(check->table->name, &name, err));
    TRY(table_name_parse_column(check->table->fresh_column, column, err));
    TRY(check_exists_with_rows(context, &name, result, &there, err));
    if (!there)
        return OK;
    TRY(freshness_append_query(&freshness, &name, column, &sql, err));
    TRY(buffer_text(&sql, &text, err));
    TRY(find_newest(context->connection, text, &newest, err));
    check_result_judge(result, freshness_judge(&freshness, newest, found));
    check_result_found(result, "%s", found);
    return OK;
}
