// SPDX-License-Identifier: PostgreSQL
#include "agent/checks_report.h"

#include "agent/report.h"

#include <stdio.h>

static const struct table_column columns[] = {
    {"STATE", false},    {"CHECK", false}, {"SECONDS", true},
    {"EXPECTED", false}, {"FOUND", false}, {NULL, false},
};

static const char *
mark_of(enum check_state state)
{
    static const char *const marks[] = {
        [CHECK_BROKEN] = "BROKEN",
        [CHECK_PASSED] = "ok",
        [CHECK_FAILED] = "FAILED",
        [CHECK_SKIPPED] = "skipped",
    };

    return marks[state];
}

static enum status
add_row(struct table *table, const struct check_result *result, struct error *err)
{
    char seconds[32];
    const char *cells[] = {mark_of(result->state), result->name, seconds, result->expected,
                           result->found};

    snprintf(seconds, sizeof(seconds), "%lld.%02lld", (long long) result->duration_ms / 1000,
             (long long) result->duration_ms % 1000 / 10);
    return table_add(table, cells, err);
}

enum status
checks_report_print(const struct check_results *results, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (size_t index = 0; index < results->count; index++)
        TRY(add_row(&table, &results->items[index], err));
    table_print(&table);
    printf("%zu %s, %zu failed", results->count, results->count == 1 ? "check" : "checks",
           results->failed);
    if (results->skipped > 0)
        printf(", %zu skipped", results->skipped);
    putchar('\n');
    return OK;
}

enum status
checks_report_conclude(const struct check_results *results, const char *database, struct error *err)
{
    if (results->failed == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "%zu of %zu checks of database \"%s\" failed",
                     results->failed, results->count, database);
}
