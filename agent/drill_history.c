// SPDX-License-Identifier: PostgreSQL
#include "agent/drill_history.h"

#include "agent/report.h"
#include "base/units.h"
#include "drill/trend.h"

#include <stdio.h>

#define NOT_KNOWN        "-"
#define BACKUP_TEXT_SIZE (BACKUP_ID_SIZE + sizeof(" in ") + DRILL_REPOSITORY_SIZE)

static const struct table_column columns[] = {
    {"STARTED", false}, {"DRILL", false},   {"BACKUP", false},  {"TARGET", false}, {"RTO", true},
    {"RPO", true},      {"FINDINGS", true}, {"VERDICT", false}, {NULL, false},
};

static void
format_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE])
{
    if (duration_ms == DRILL_UNKNOWN_MS)
        snprintf(text, UNITS_TEXT_SIZE, NOT_KNOWN);
    else
        units_format_duration(duration_ms, text);
}

/* "2026-11-21T02-12-34-1f3a in offsite" */
static void
format_backup(const struct drill *drill, char text[BACKUP_TEXT_SIZE])
{
    const bool copy = drill->repository[0] != '\0';

    snprintf(text, BACKUP_TEXT_SIZE, "%s%s%s",
             drill->backup_id[0] == '\0' ? NOT_KNOWN : drill->backup_id, copy ? " in " : "",
             drill->repository);
}

static enum status
add_row(struct table *table, const struct drill *drill, struct error *err)
{
    char started[TIME_TEXT_SIZE];
    char rto[UNITS_TEXT_SIZE];
    char rpo[UNITS_TEXT_SIZE];
    char findings[16];
    char backup[BACKUP_TEXT_SIZE];

    format_backup(drill, backup);
    time_format(drill->started / US_PER_SECOND * US_PER_SECOND, started);
    format_duration(drill->rto_ms, rto);
    format_duration(drill->rpo_ms, rpo);
    snprintf(findings, sizeof(findings), "%u", drill->findings);
    return table_add(table,
                     (const char *const[]){started, drill->id, backup, drill->target, rto, rpo,
                                           findings, drill_verdict_name(drill->verdict)},
                     err);
}

static enum status
print_text(const struct drill *drills, size_t count, const struct trend *trend, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(columns);
    char text[TREND_TEXT_SIZE];

    if (count == 0)
    {
        puts("No drill was ever made. \"redoubt drill\" makes one.");
        return OK;
    }
    for (size_t index = 0; index < count; index++)
        TRY(add_row(&table, &drills[index], err));
    table_print(&table);
    trend_describe(trend, text);
    printf("\n%s\n", text);
    return OK;
}

static json_t *
one_drill(const void *items, size_t index)
{
    return drill_to_json((const struct drill *) items + index);
}

static enum status
print_json(const struct drill *drills, size_t count, const struct trend *trend, struct error *err)
{
    SCOPED(json_freep)
    json_t *report = json_pack("{s:o, s:{s:o, s:o, s:o, s:o}}", "drills",
                               json_array_of(count, one_drill, drills), "trend", "drills",
                               json_u64(trend->drills), "passed", json_u64(trend->passed),
                               "median_rto_seconds", json_seconds(trend->median_rto_ms),
                               "longest_rto_seconds", json_seconds(trend->longest_rto_ms));

    return report == NULL ? error_no_memory(err) : report_json(report, err);
}

enum status
drill_history_print(const struct catalog *catalog, uint32_t last, bool json, struct error *err)
{
    size_t count = last == 0 || last > catalog->drill_count ? catalog->drill_count : last;
    const struct drill *drills = count == 0 ? NULL : &catalog->drills[catalog->drill_count - count];
    struct trend trend;

    trend_find(catalog->drills, catalog->drill_count, &trend);
    return json ? print_json(drills, count, &trend, err) : print_text(drills, count, &trend, err);
}
