// SPDX-License-Identifier: PostgreSQL
#include "agent/restore_dump.h"

#include "agent/checks_report.h"
#include "agent/confirm.h"
#include "agent/dump_choice.h"
#include "agent/restore_dump_report.h"
#include "base/crash.h"
#include "base/log.h"
#include "config/repository.h"
#include "config/section_checks.h"
#include "pg/conninfo.h"
#include "pg/programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Programs of a later version read the archives of all earlier ones. */
#define LATER_MAJORS 10

#define JOBS_MAX 64

void
restore_dump_release(struct restore_dump *run)
{
    repo_freep(&run->repo);
    dump_document_release(&run->document);
    free(run->conninfo);
    free(run->programs);
    free(run->tables);
    free(run->beside);
    check_results_release(&run->checks);
}

static enum status
connect(struct restore_dump *run, struct pg_connection **connection, struct error *err)
{
    const char *server = options_text(&run->invocation->options, "server");
    const char *configured = run->invocation->config->postgres.connection;

    if (run->conninfo == NULL)
        TRY(pg_conninfo_with_database(server == NULL ? configured : server, "postgres",
                                      &run->conninfo, err));
    return pg_connection_open(connection, run->conninfo, PG_CONNECTION_SQL, err);
}

/* What an earlier run loaded says itself of which dump it is. */
static enum status
find_restored(struct restore_dump *run, const char *name, char id[DUMP_ID_SIZE], struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    if (strlen(name) >= sizeof(run->into))
        return error_set(err, STATUS_REFUSED, "there is no database \"%s\"", name);
    memcpy(run->into, name, strlen(name) + 1);
    run->restored = true;
    TRY(connect(run, &connection, err));
    return database_read_source(connection, name, id, err);
}

/* What says how to load means nothing for what is loaded. */
static enum status
check_restored_options(const struct options *given, struct error *err)
{
    const struct
    {
        const char *name;
        bool given;
    } others[] = {
        {"dump", options_text(given, "dump") != NULL},
        {"into", options_text(given, "into") != NULL},
        {"table", options_list(given, "table", 0) != NULL},
        {"schema-only", options_flag(given, "schema-only")},
        {"no-owner", options_flag(given, "no-owner")},
        {"jobs", options_u32(given, "jobs", 0) != 0},
    };

    for (size_t index = 0; index < sizeof(others) / sizeof(others[0]); index++)
        if (others[index].given)
            return error_set(err, STATUS_CONFIG,
                             "options \"--restored\" and \"--%s\" do not go together",
                             others[index].name);
    return OK;
}

/* "": the newest. */
static enum status
name_dump(struct restore_dump *run, char name[DUMP_ID_SIZE], struct error *err)
{
    const struct options *given = &run->invocation->options;
    const char *restored = options_text(given, "restored");
    const char *dump = options_text(given, "dump");

    if (restored != NULL)
    {
        TRY(check_restored_options(given, err));
        return find_restored(run, restored, name, err);
    }
    snprintf(name, DUMP_ID_SIZE, "%s", dump == NULL ? "" : dump);
    return OK;
}

enum status
restore_dump_choose(struct restore_dump *run, struct error *err)
{
    const struct invocation *invocation = run->invocation;
    char name[DUMP_ID_SIZE];
    SCOPED(catalog_release) struct catalog catalog = {0};
    const struct dump *dump = NULL;
    char id[DUMP_ID_SIZE];

    if (invocation->argument_count == 0)
    {
        error_set(err, STATUS_CONFIG, "argument DATABASE is missing");
        error_hint(err, "\"redoubt list\" shows all dumps.");
        return STATUS_CONFIG;
    }
    TRY(name_dump(run, name, err));
    TRY(repository_open(invocation->config, &run->repo, err));
    TRY(catalog_load(run->repo, &catalog, err));
    TRY(dump_choice_make(&catalog, invocation->arguments[0], name[0] == '\0' ? NULL : name, &dump,
                         err));
    if (dump->suspicious)
        log_warning("dump %s is suspicious: its size is far from that of the others", dump->name);
    dump_id(dump, id);
    return dump_document_load(run->repo, id, &run->document, err);
}

enum status
restore_dump_programs(struct restore_dump *run, struct error *err)
{
    const char *configured = run->invocation->config->postgres.bin_directory;
    int major = (int) run->document.dump.server_version / 10000;
    struct error ignored;

    if (pg_programs_find(configured, major, &run->programs, err) == OK)
        return OK;
    for (int later = 1; later <= LATER_MAJORS; later++)
        if (pg_programs_find(NULL, major + later, &run->programs, &ignored) == OK)
            return OK;
    return STATUS_CONFIG;
}

/* Another server's programs are not those of the configuration. */
static enum status
find_server(struct restore_dump *run, struct error *err)
{
    const struct config_postgres *postgres = &run->invocation->config->postgres;
    const char *server = options_text(&run->invocation->options, "server");
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(connect(run, &connection, err));
    run->server_version = pg_connection_version(connection);
    TRY(pg_programs_find(server == NULL ? postgres->bin_directory : NULL,
                         run->server_version / 10000, &run->programs, err));
    return database_list_beside(connection, run->document.dump.database, &run->beside,
                                &run->beside_count, err);
}

static enum status
read_tables(struct restore_dump *run, struct error *err)
{
    const struct options *given = &run->invocation->options;
    size_t count = 0;

    while (options_list(given, "table", count) != NULL)
        count++;
    if (count == 0)
        return OK;
    run->tables = calloc(count + 1, sizeof(*run->tables));
    if (run->tables == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < count; index++)
        run->tables[index] = options_list(given, "table", index);
    return OK;
}

static enum status
read_into(struct restore_dump *run, struct error *err)
{
    const char *into = options_text(&run->invocation->options, "into");

    if (run->restored || into == NULL)
        return OK;
    if (into[0] == '\0' || strlen(into) >= sizeof(run->into))
        return error_set(err, STATUS_CONFIG, "a database's name has 1 to %d bytes: \"%s\"",
                         DUMP_DATABASE_SIZE - 1, into);
    snprintf(run->into, sizeof(run->into), "%s", into);
    return OK;
}

static bool
is_beside(const struct restore_dump *run, const char *name)
{
    for (size_t index = 0; index < run->beside_count; index++)
        if (strcmp(run->beside[index].name, name) == 0)
            return true;
    return false;
}

/* Of two runs in one second, the later one takes the next. */
static void
make_up_into(struct restore_dump *run)
{
    time_us time = clock_now();

    for (; run->into[0] == '\0' || is_beside(run, run->into); time += US_PER_SECOND)
        namesake_make(run->document.dump.database, NAMESAKE_RESTORE, time, run->into);
}

/* Several jobs by themselves only where the archive comes to a disk anyway. */
static enum status
read_jobs(struct restore_dump *run, struct error *err)
{
    const struct dump *dump = &run->document.dump;
    unsigned fallback = load_needs_spool(dump, 1) ? run->invocation->config->workers : 1;

    run->jobs = options_u32(&run->invocation->options, "jobs", fallback);
    if (run->jobs >= 1 && run->jobs <= JOBS_MAX)
        return OK;
    return error_set(err, STATUS_CONFIG, "option \"--jobs\" is %u, expected 1 to %d", run->jobs,
                     JOBS_MAX);
}

/* What takes the place of a database must be all of it. */
static enum status
check_swap_options(const struct restore_dump *run, struct error *err)
{
    static const char *const partial[] = {"schema-only", "no-owner"};
    const struct options *given = &run->invocation->options;
    const char *with = run->tables != NULL ? "table" : NULL;

    for (size_t index = 0; index < sizeof(partial) / sizeof(partial[0]); index++)
        if (options_flag(given, partial[index]))
            with = partial[index];
    if (with == NULL)
        return confirm_possible(options_flag(given, "yes") || options_flag(given, "dry-run"), err);
    error_set(err, STATUS_CONFIG, "options \"--swap\" and \"--%s\" do not go together", with);
    error_hint(err, "Only the whole of a dump takes a database's place.");
    return STATUS_CONFIG;
}

static bool
begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* A dump of some schemas would leave the others behind.  Rows that are always left out may be. */
static enum status
require_whole(const struct dump_document *document, struct error *err)
{
    static const char *const partial[] = {
        "--schema=",  "--exclude-schema=",  "--table=",   "--exclude-table=",
        "--no-blobs", "--no-large-objects", "--no-owner", "--no-privileges",
    };

    for (size_t index = 0; index < document->arguments.count; index++)
    {
        const char *argument = document->arguments.items[index];

        if (begins(argument, "--exclude-table-data="))
            log_warning("dump %s was made with %s: these rows will be missing", document->dump.name,
                        argument);
        for (size_t row = 0; row < sizeof(partial) / sizeof(partial[0]); row++)
        {
            if (!begins(argument, partial[row]))
                continue;
            error_set(err, STATUS_REFUSED,
                      "dump %s is not the whole of database \"%s\": it was made with %s",
                      document->dump.name, document->dump.database, argument);
            error_hint(err, "Load it without --swap, and copy what is needed from there.");
            return STATUS_REFUSED;
        }
    }
    return OK;
}

static struct load_options
load_options_of(const struct restore_dump *run)
{
    const struct options *given = &run->invocation->options;

    return (struct load_options){
        .repo = run->repo,
        .conninfo = run->conninfo,
        .programs = run->programs,
        .into = run->into,
        .spool = run->invocation->config->spool,
        .jobs = run->jobs,
        .no_owner = options_flag(given, "no-owner"),
        .schema_only = options_flag(given, "schema-only"),
        .tables = run->tables,
    };
}

/* All that would stand in the way then can be known now, but for the restored one. */
static enum status
check_swap(const struct restore_dump *run, struct error *err)
{
    const struct swap_options options = {
        .conninfo = run->conninfo,
        .database = run->document.dump.database,
        .restored = run->restored ? run->into : NULL,
        .now = clock_now(),
    };

    TRY(check_swap_options(run, err));
    TRY(require_whole(&run->document, err));
    return swap_check(&options, err);
}

enum status
restore_dump_plan(struct restore_dump *run, struct error *err)
{
    struct load_options options;

    run->swap = options_flag(&run->invocation->options, "swap");
    TRY(read_tables(run, err));
    TRY(read_into(run, err));
    TRY(read_jobs(run, err));
    TRY(find_server(run, err));
    if (run->into[0] == '\0')
        make_up_into(run);
    if (run->swap)
        TRY(check_swap(run, err));
    if (run->restored)
        return OK;
    options = load_options_of(run);
    return load_check(&options, &run->document, err);
}

static enum status
load(struct restore_dump *run, struct error *err)
{
    struct load_options options = load_options_of(run);
    int64_t begun = clock_monotonic_ms();

    TRY(load_run(&options, &run->document, err));
    run->load_ms = clock_monotonic_ms() - begun;
    run->loaded = true;
    if (!run->invocation->json)
        restore_dump_report_loaded(run);
    return OK;
}

/* What was counted with the dump; the texts are the document's. */
static enum status
recorded_counts(const struct dump_document *document, struct checks_count **counts, size_t *count,
                struct error *err)
{
    *count = 0;
    *counts = calloc(document->table_count + 1, sizeof(**counts));
    if (*counts == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < document->table_count; index++)
    {
        const struct dump_table *table = &document->tables[index];

        if (table->rows >= 0)
            (*counts)[(*count)++] = (struct checks_count){table->schema, table->name,
                                                          (uint64_t) table->rows, table->counted};
    }
    return OK;
}

/* A part of a database would fail for what is not in it. */
static bool
is_to_be_checked(const struct restore_dump *run)
{
    const struct options *given = &run->invocation->options;

    return !options_flag(given, "no-checks") && !options_flag(given, "schema-only") &&
           run->tables == NULL;
}

static enum status
check(struct restore_dump *run, struct error *err)
{
    SCOPED(freep) struct checks_count *counts = NULL;
    const struct config *config = run->invocation->config;
    const char *database = run->document.dump.database;
    const struct checks_config *configured = config_checks_for(config, database);
    struct checks_request request = {
        .conninfo = run->conninfo,
        .database = run->into,
        .config = configured == NULL ? &checks_default : configured,
        .reference = run->document.dump.started,
        .workers = config->workers,
    };

    if (!is_to_be_checked(run))
        return OK;
    TRY(recorded_counts(&run->document, &counts, &request.count_count, err));
    request.counts = counts;
    TRY(checks_run(&request, &run->checks, err));
    run->checked = true;
    if (!run->invocation->json)
        TRY(checks_report_print(&run->checks, err));
    if (checks_report_conclude(&run->checks, run->into, err) == OK)
        return OK;
    error_hint(err, "Database \"%s\" stays for looking at it, \"%s\" was not touched.", run->into,
               database);
    return STATUS_CORRUPT;
}

static enum status
swap(struct restore_dump *run, struct error *err)
{
    const char *database = run->document.dump.database;
    const struct swap_options options = {
        .conninfo = run->conninfo,
        .database = database,
        .restored = run->into,
        .now = clock_now(),
    };
    char question[512];

    if (!run->swap)
        return OK;
    snprintf(question, sizeof(question),
             "%s \"%s\" will take the place of \"%s\", whose clients are disconnected. What was "
             "written there since the dump is not in it.",
             run->checked ? "Database" : "UNCHECKED database", run->into, database);
    TRY(confirm_name(options_flag(&run->invocation->options, "yes"), question, database, err));
    CRASH_POINT("load: nothing is swapped yet");
    TRY(swap_run(&options, &run->swap_result, err));
    run->swapped = true;
    return OK;
}

enum status
restore_dump_carry_out(struct restore_dump *run, struct error *err)
{
    if (run->restored)
        run->loaded = true;
    else
        TRY(load(run, err));
    TRY(check(run, err));
    fflush(stdout); /* before the question */
    return swap(run, err);
}
