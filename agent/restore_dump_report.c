// SPDX-License-Identifier: PostgreSQL
#include "agent/restore_dump_report.h"

#include "base/log.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

static const char *const namesake_names[] = {
    [NAMESAKE_RESTORE] = "restore",
    [NAMESAKE_BEFORE] = "before",
};

void
restore_dump_report_beside(const struct restore_dump *run)
{
    for (size_t index = 0; index < run->beside_count; index++)
    {
        const struct database_beside *beside = &run->beside[index];

        if (beside->unfinished)
            log_warning("database \"%s\" is being loaded by another run, or was left by one that "
                        "was killed",
                        beside->name);
        else if (beside->kind == NAMESAKE_BEFORE)
            log_info("database \"%s\" was put aside by an earlier swap", beside->name);
        else
            log_info("database \"%s\" is of an earlier restore", beside->name);
    }
    if (run->beside_count > 0)
        log_info("\"redoubt restore-dump --drop-old NAME\" drops what nobody needs any more");
}

static void
print_then(const struct restore_dump *run)
{
    if (run->swap)
        printf("  then        it takes the place of \"%s\"\n", run->document.dump.database);
}

static void
print_how(const struct restore_dump *run)
{
    bool spooled = load_needs_spool(&run->document.dump, run->jobs);

    printf("  by          %u %s, %s\n", run->jobs, run->jobs == 1 ? "job" : "jobs",
           spooled ? "through the spool on disk" : "streamed");
    if (options_flag(&run->invocation->options, "schema-only"))
        puts("  only        definitions, no rows");
    for (size_t index = 0; run->tables != NULL && run->tables[index] != NULL; index++)
        printf("  %-10s  %s\n", index == 0 ? "rows of" : "", run->tables[index]);
    print_then(run);
}

static void
print_restored(const struct restore_dump *run)
{
    printf("  in          \"%s\", which an earlier run loaded\n", run->into);
    print_then(run);
    fflush(stdout);
}

void
restore_dump_report_plan(const struct restore_dump *run)
{
    const struct dump *dump = &run->document.dump;
    char started[TIME_TEXT_SIZE];
    char raw[UNITS_TEXT_SIZE];
    char stored[UNITS_TEXT_SIZE];

    time_format(dump->started / US_PER_SECOND * US_PER_SECOND, started);
    units_format_size(dump->raw_bytes, raw);
    units_format_size(dump->stored_bytes, stored);
    printf("Restore of database \"%s\" as it was at %s.\n", dump->database, started);
    if (run->restored)
    {
        print_restored(run);
        return;
    }
    printf("  dump        %s, of PostgreSQL %u%s\n", dump->name, dump->server_version / 10000,
           dump->suspicious ? ", SUSPICIOUS" : "");
    printf("  size        %s; %s to fetch\n", raw, stored);
    printf("  into        \"%s\", on PostgreSQL %d\n", run->into, run->server_version / 10000);
    print_how(run);
    fflush(stdout);
}

void
restore_dump_report_loaded(const struct restore_dump *run)
{
    char took[UNITS_TEXT_SIZE];

    units_format_duration(run->load_ms, took);
    printf("\nLoaded in %s.\n", took);
    fflush(stdout);
}

static void
print_swapped(const struct restore_dump *run)
{
    unsigned ended = run->swap_result.ended_clients;

    printf("\nThe restored database is \"%s\" now; %u %s disconnected.\n"
           "What had the name before is kept as \"%s\". When nobody needs it any more:\n"
           "  redoubt restore-dump --drop-old '%s'\n",
           run->document.dump.database, ended, ended == 1 ? "client was" : "clients were",
           run->swap_result.aside, run->swap_result.aside);
}

static bool
is_whole(const struct restore_dump *run)
{
    const struct options *given = &run->invocation->options;

    return run->tables == NULL && !options_flag(given, "schema-only") &&
           !options_flag(given, "no-owner");
}

void
restore_dump_report_done(const struct restore_dump *run)
{
    const char *database = run->document.dump.database;

    if (run->swapped)
    {
        print_swapped(run);
        return;
    }
    printf("\nIt is in database \"%s\"; \"%s\" was not touched. Look at it:\n  psql -d '%s'\n",
           run->into, database, run->into);
    if (is_whole(run))
        printf("Let it take the place of \"%s\":\n"
               "  redoubt restore-dump '%s' --restored '%s' --swap\n",
               database, database, run->into);
}

static json_t *
tables_json(const struct restore_dump *run)
{
    json_t *array;

    if (run->tables == NULL)
        return json_null();
    array = json_array();
    for (size_t index = 0; run->tables[index] != NULL; index++)
        json_array_append_new(array, json_string(run->tables[index]));
    return array;
}

static json_t *
swapped_json(const struct restore_dump *run)
{
    if (!run->swapped)
        return json_null();
    return json_pack("{s:s, s:I}", "aside", run->swap_result.aside, "ended_clients",
                     (json_int_t) run->swap_result.ended_clients);
}

static json_t *
checks_json(const struct restore_dump *run)
{
    return run->checked ? check_results_to_json(&run->checks) : json_null();
}

static json_t *
beside_json(const void *items, size_t index)
{
    const struct database_beside *beside = (const struct database_beside *) items + index;

    return json_pack("{s:s, s:s, s:b}", "name", beside->name, "kind", namesake_names[beside->kind],
                     "unfinished", beside->unfinished);
}

json_t *
restore_dump_report_json(const struct restore_dump *run)
{
    const struct dump *dump = &run->document.dump;

    return json_pack(
        "{s:o, s:s, s:I, s:I, s:b, s:b, s:o, s:b, s:f, s:o, s:o, s:o}", "dump", dump_to_json(dump),
        "into", run->into, "server_version", (json_int_t) run->server_version, "jobs",
        (json_int_t) run->jobs, "spooled", load_needs_spool(dump, run->jobs), "schema_only",
        options_flag(&run->invocation->options, "schema-only"), "tables", tables_json(run),
        "loaded", run->loaded, "seconds", (double) run->load_ms / 1000.0, "checks",
        checks_json(run), "swapped", swapped_json(run), "beside",
        json_array_of(run->beside_count, beside_json, run->beside));
}
