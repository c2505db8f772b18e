// SPDX-License-Identifier: PostgreSQL
#include "checks/freshness.h"

#include "base/units.h"
#include "pg/connection.h"

#include <stdio.h>

#define US_PER_MS INT64_C(1000)

/* The column stands alone in the comparison, so that an index on it serves. */
enum status
freshness_append_query(const struct freshness *freshness, const struct table_name *table,
                       const char *column, struct buffer *sql, struct error *err)
{
    char latest[TIME_TEXT_SIZE];

    time_format_postgres(freshness->reference + freshness->within_ms * US_PER_MS, latest);
    TRY(buffer_append_text(sql, err,
                           "SELECT (extract(epoch FROM pg_catalog.max(t.column_)"
                           "::pg_catalog.timestamptz) * 1000000)::pg_catalog.int8"
                           " FROM (SELECT c."));
    TRY(pg_quote_identifier(column, sql, err));
    TRY(buffer_append_text(sql, err, " AS column_ FROM "));
    TRY(table_name_append(table, sql, err));
    return buffer_append_text(sql, err,
                              " AS c) AS t WHERE t.column_ <= '%s'::pg_catalog.timestamptz"
                              " AND t.column_ > '-infinity'",
                              latest);
}

bool
freshness_judge(const struct freshness *freshness, time_us newest, char text[FRESHNESS_TEXT_SIZE])
{
    char duration[UNITS_TEXT_SIZE];
    char time[TIME_TEXT_SIZE];
    int64_t age_ms;

    if (newest == TIME_NONE)
    {
        snprintf(text, FRESHNESS_TEXT_SIZE, "no value until then");
        return false;
    }
    age_ms = (freshness->reference - newest) / US_PER_MS;
    time_format(newest, time);
    units_format_duration(age_ms < 0 ? -age_ms : age_ms, duration);
    snprintf(text, FRESHNESS_TEXT_SIZE, "%s, %s %s", time, duration,
             age_ms < 0 ? "after" : "before");
    return age_ms <= freshness->within_ms;
}
