// SPDX-License-Identifier: PostgreSQL
#include "dump/load.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "base/similar.h"
#include "dump/archive.h"
#include "dump/contents.h"
#include "dump/database.h"
#include "dump/feed.h"
#include "dump/handover.h"
#include "dump/requirements.h"
#include "pg/conninfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 20

/* What it takes to load, made ready before the database is. */
struct load
{
    const struct load_options *options;
    const struct dump_document *document;
    struct spool spool;
    char *archive;        /* owned; in the spool; NULL: streamed */
    struct handover list; /* what pg_restore shall load; closed: all */
    struct progress progress;
};

static void
release_load(struct load *load)
{
    handover_close(&load->list);
    free(load->archive);
    spool_release(&load->spool);
}

bool
load_takes_jobs(const struct dump *dump)
{
    return dump->format != DUMP_PLAIN;
}

bool
load_needs_spool(const struct dump *dump, unsigned jobs)
{
    return dump->format == DUMP_DIRECTORY || jobs > 1;
}

static enum status
check_format(const struct load_options *options, const struct dump *dump, struct error *err)
{
    const char *what = NULL;

    if (options->schema_only && options->tables != NULL)
        return error_set(err, STATUS_CONFIG, "only the schema, or some tables: not both");
    if (dump->format != DUMP_PLAIN)
        return OK;
    if (options->jobs > 1)
        what = "by several jobs";
    else if (options->schema_only)
        what = "without its rows";
    else if (options->tables != NULL)
        what = "in part";
    else if (options->no_owner)
        what = "without its owners";
    if (what == NULL)
        return OK;
    error_set(err, STATUS_CONFIG, "a plain dump cannot be loaded %s", what);
    error_hint(err, "It is SQL: --to-file writes it to a file, which can be edited.");
    return STATUS_CONFIG;
}

/* Does any table match?  If not, which name did they mean? */
static enum status
check_table(const struct dump_document *document, const char *pattern, struct error *err)
{
    struct similar similar;

    similar_start(&similar, pattern);
    for (size_t index = 0; index < document->table_count; index++)
    {
        if (contents_match(pattern, &document->tables[index]))
            return OK;
        similar_offer(&similar, document->tables[index].name);
    }
    error_set(err, STATUS_NOT_FOUND, "no table \"%s\" is in the dump", pattern);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    else
        error_hint(err, "--list shows what is inside.");
    return STATUS_NOT_FOUND;
}

static enum status
check_version(int server_version, const struct dump *dump, struct error *err)
{
    int server = server_version / 10000;
    int dumped = (int) dump->server_version / 10000;

    if (dumped <= server)
        return OK;
    error_set(err, STATUS_REFUSED,
              "the dump is of PostgreSQL %d and cannot be loaded into PostgreSQL %d", dumped,
              server);
    error_hint(err, "A dump loads into its own major version and into later ones.");
    return STATUS_REFUSED;
}

enum status
load_check(const struct load_options *options, const struct dump_document *document,
           struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;

    TRY(check_format(options, &document->dump, err));
    for (const char *const *table = options->tables; table != NULL && *table != NULL; table++)
        TRY(check_table(document, *table, err));
    TRY(pg_connection_open(&connection, options->conninfo, PG_CONNECTION_SQL, err));
    TRY(check_version(pg_connection_version(connection), &document->dump, err));
    TRY(database_require_free(connection, options->into, err));
    return requirements_check(connection, document, options->no_owner, err);
}

/* The lines of what shall be loaded, where pg_restore finds them. */
static enum status
prepare_list(struct load *load, struct error *err)
{
    SCOPED(buffer_release) struct buffer all = BUFFER_INIT(CONTENTS_LIMIT);
    SCOPED(buffer_release) struct buffer chosen = BUFFER_INIT(CONTENTS_LIMIT);
    const struct load_options *options = load->options;
    const char *text;

    if (options->tables == NULL)
        return OK;
    TRY(contents_read(options->repo, &load->document->dump, options->programs, options->spool, &all,
                      err));
    TRY(buffer_text(&all, &text, err));
    TRY(contents_choose(text, load->document, options->tables, &chosen, err));
    TRY(handover_open(&load->list, err));
    return fd_write(load->list.fd, buffer_bytes(&chosen), load->list.path, err);
}

static enum status
prepare_archive(struct load *load, struct error *err)
{
    const struct load_options *options = load->options;
    const struct dump *dump = &load->document->dump;
    enum status status;

    if (!load_needs_spool(dump, options->jobs))
        return OK;
    TRY(spool_open(&load->spool, options->spool, err));
    progress_start(&load->progress, "fetching", dump->raw_bytes);
    status = archive_fetch(options->repo, dump, ARCHIVE_ALL, &load->spool, &load->progress,
                           &load->archive, err);
    progress_end();
    if (status == OK)
        CRASH_POINT("load: the archive is in the spool");
    return status;
}

/* An array that is filled from the left. */
struct arguments
{
    const char *items[ARGUMENTS_MAX];
    size_t count;
};

static void
add(struct arguments *arguments, const char *text)
{
    arguments->items[arguments->count++] = text;
}

/* A copy must follow nobody: subscriptions stay in the dump. */
static void
add_restore_options(struct arguments *arguments, const struct load *load, const char *jobs)
{
    add(arguments, "--exit-on-error");
    add(arguments, "--no-subscriptions");
    if (load->options->no_owner)
    {
        add(arguments, "--no-owner");
        add(arguments, "--no-privileges");
    }
    if (load->options->schema_only)
        add(arguments, "--schema-only");
    if (load->list.fd >= 0)
    {
        add(arguments, "--use-list");
        add(arguments, load->list.path);
    }
    if (load->options->jobs > 1)
    {
        add(arguments, "--jobs");
        add(arguments, jobs);
    }
}

static void
add_sql_options(struct arguments *arguments)
{
    add(arguments, "--no-psqlrc");
    add(arguments, "--quiet");
    add(arguments, "--set=ON_ERROR_STOP=1");
    add(arguments, "--single-transaction");
    add(arguments, "--file=-");
}

static enum status
run_program(struct load *load, const struct child_options *child_options, struct error *err)
{
    SCOPED(child_freep) struct child *child = NULL;
    const struct load_options *options = load->options;
    const struct dump *dump = &load->document->dump;
    enum status status;

    TRY(child_start(&child, child_options, err));
    if (load->archive != NULL)
        return feed_finish(child, err);
    progress_start(&load->progress, "loading", dump->raw_bytes);
    status = feed_run(options->repo, dump, options->schema_only ? FEED_ASKED : FEED_ALL, child,
                      &load->progress, err);
    progress_end();
    return status;
}

static enum status
fill(struct load *load, struct error *err)
{
    const struct load_options *options = load->options;
    bool plain = load->document->dump.format == DUMP_PLAIN;
    SCOPED(freep) char *program = path_join(options->programs, plain ? "psql" : "pg_restore");
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo conninfo = {0};
    struct arguments arguments = {0};
    char jobs[12];

    if (program == NULL)
        return error_no_memory(err);
    TRY(pg_conninfo_for_program(options->conninfo, options->into, &conninfo, err));
    snprintf(jobs, sizeof(jobs), "%u", options->jobs);
    add(&arguments, program);
    if (plain)
        add_sql_options(&arguments);
    else
        add_restore_options(&arguments, load, jobs);
    add(&arguments, "--dbname");
    add(&arguments, conninfo.database);
    if (load->archive != NULL)
        add(&arguments, load->archive);
    return run_program(load,
                       &(struct child_options){
                           .arguments = arguments.items,
                           .environment = (const char *const *) conninfo.environment,
                           .feed = load->archive == NULL,
                       },
                       err);
}

/* A dump has no statistics, and without them the first queries are slow.  Worth a warning. */
static enum status
analyze(const struct load_options *options, struct error *err)
{
    SCOPED(freep) char *program = path_join(options->programs, "vacuumdb");
    SCOPED(pg_program_conninfo_release) struct pg_program_conninfo conninfo = {0};
    SCOPED(child_freep) struct child *child = NULL;
    char jobs[12];
    enum status status;

    if (program == NULL)
        return error_no_memory(err);
    TRY(pg_conninfo_for_program(options->conninfo, options->into, &conninfo, err));
    snprintf(jobs, sizeof(jobs), "%u", options->jobs);

    const char *const arguments[] = {program, "--analyze-only", "--quiet",         "--jobs",
                                     jobs,    "--dbname",       conninfo.database, NULL};
    const struct child_options child_options = {
        .arguments = arguments, .environment = (const char *const *) conninfo.environment};

    status = child_start(&child, &child_options, err);
    if (status == OK)
        status = feed_finish(child, err);
    if (status == STATUS_CANCELLED)
        return status;
    if (status != OK)
        log_error(LOG_WARNING, err);
    return OK;
}

static enum status
fill_and_mark(struct load *load, struct error *err)
{
    const struct load_options *options = load->options;
    char id[DUMP_ID_SIZE];
    enum status status = fill(load, err);

    dump_id(&load->document->dump, id);
    if (status != OK)
    {
        error_context(err, "could not load dump %s", id);
        return status;
    }
    if (!options->schema_only)
        TRY(analyze(options, err));
    return database_mark_loaded(
        options->conninfo, options->into, load->document,
        !options->schema_only && !options->no_owner && options->tables == NULL, err);
}

enum status
load_run(const struct load_options *options, const struct dump_document *document,
         struct error *err)
{
    SCOPED(release_load)
    struct load load = {
        .options = options, .document = document, .spool = SPOOL_INIT, .list = HANDOVER_INIT};
    struct error failure;
    enum status status;

    TRY(prepare_list(&load, err));
    TRY(prepare_archive(&load, err));
    TRY(database_create(options->conninfo, options->into, document, options->no_owner, err));
    CRASH_POINT("load: the database is made");
    status = fill_and_mark(&load, err);
    if (status == OK)
        CRASH_POINT("load: the dump is loaded");
    else if (database_drop(options->conninfo, options->into, &failure) != OK)
        log_error(LOG_WARNING, &failure);
    return status;
}
