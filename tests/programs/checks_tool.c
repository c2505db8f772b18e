// SPDX-License-Identifier: PostgreSQL
/*
 * checks_tool.c - checks/checks.h as a program, for stories that need no drill.
 *
 *     checks_tool CONNINFO DATABASE present|any [TABLE...] <recorded
 *
 * Counts the rows of each TABLE and records those of all; "present" says that no
 * recorded table may be gone.  Standard input has what was recorded, a line
 * "schema table rows" for each.  Prints {"checks": [...], "counts": [...]}.
 */
#include "base/log.h"
#include "checks/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 16
#define COUNTS_MAX 64

struct recorded
{
    char schema[64];
    char table[64];
    uint64_t rows;
};

static size_t
read_recorded(struct recorded *recorded, struct checks_count *counts)
{
    size_t count = 0;

    while (count < COUNTS_MAX && scanf("%63s %63s %lu", recorded[count].schema,
                                       recorded[count].table, &recorded[count].rows) == 3)
    {
        counts[count] = (struct checks_count){recorded[count].schema, recorded[count].table,
                                              recorded[count].rows, true};
        count++;
    }
    return count;
}

static json_t *
counts_to_json(const void *items, size_t index)
{
    const struct checks_count *count = (const struct checks_count *) items + index;

    return json_pack("{s:s, s:s, s:I, s:b}", "schema", count->schema, "table", count->table, "rows",
                     (json_int_t) count->rows, "counted", count->counted);
}

static enum status
run(const struct checks_request *request, struct error *err)
{
    SCOPED(check_results_release) struct check_results results = {0};
    SCOPED(json_freep) json_t *report = NULL;

    TRY(checks_run(request, &results, err));
    report = json_pack("{s:o, s:o}", "checks", check_results_to_json(&results), "counts",
                       json_array_of(results.count_count, counts_to_json, results.counts));
    if (report == NULL)
        return error_no_memory(err);
    json_dumpf(report, stdout, 0);
    return OK;
}

static enum status
obey(int count, char **arguments, struct error *err)
{
    struct recorded recorded[COUNTS_MAX];
    struct checks_count counts[COUNTS_MAX];
    struct checks_table tables[TABLES_MAX] = {0};
    struct checks_config config = {.tables = tables, .limit_ms = CHECKS_LIMIT_MS};
    struct checks_request request = {.config = &config, .workers = 2, .record = true};

    if (count < 4 || count > 4 + TABLES_MAX)
        return error_set(err, STATUS_CONFIG, "see the head of checks_tool.c");
    request.conninfo = arguments[1];
    request.database = arguments[2];
    config.tables_present = strcmp(arguments[3], "present") == 0;
    for (int index = 4; index < count; index++)
        tables[config.table_count++] =
            (struct checks_table){.name = arguments[index], .change_percent = 10};
    request.counts = counts;
    request.count_count = read_recorded(recorded, counts);
    return run(&request, err);
}

int
main(int argc, char **argv)
{
    struct error err = {0};
    enum status status = obey(argc, argv, &err);

    if (status != OK)
        log_error(LOG_ERROR, &err);
    return status == OK ? 0 : 1;
}
