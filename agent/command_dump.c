// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "base/json.h"
#include "base/log.h"
#include "base/units.h"
#include "checks/table_name.h"
#include "config/repository.h"
#include "config/section_checks.h"
#include "config/section_dumps.h"
#include "dump/dump_run.h"
#include "pg/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec options[] = {
    {"format", 0, OPTION_TEXT, "FORMAT", "custom, plain or directory, whatever is configured"},
    {"compression", 0, OPTION_TEXT, "METHOD", "zstd or gzip, whatever is configured"},
    {"jobs", 'j', OPTION_U32, "N", "so many tables at a time; the directory format"},
    {"accept-size", 0, OPTION_FLAG, NULL,
     "this dump's size is right, however far from earlier ones"},
    {0},
};

static const struct command_argument arguments[] = {
    {.name = "DATABASE",
     .help = "what to dump; default: section \"dumps\", or the connection's own database",
     .optional = true,
     .repeated = true},
    {0},
};

static const struct command_example examples[] = {
    {"What is configured, as a timer does it:", "redoubt dump"},
    {"One database, now:", "redoubt dump shop"},
    {"As SQL that \"zcat | psql\" reads:", "redoubt dump --format plain --compression gzip shop"},
    {0},
};

/* One run of the command, over some databases. */
struct session
{
    const struct invocation *invocation;
    struct repo *repo;
    json_t *dumps; /* owned, like the other; reports */
    json_t *failures;
    size_t database_count;
    size_t failed;
    size_t suspicious;
    enum status first_failure;
};

static void
release_session(struct session *session)
{
    json_freep(&session->dumps);
    json_freep(&session->failures);
    repo_freep(&session->repo);
}

static enum status
choose(const char *given, const char *const *names, const char *what, unsigned *choice,
       struct error *err)
{
    if (given == NULL)
        return OK;
    for (unsigned index = 0; names[index] != NULL; index++)
        if (strcmp(names[index], given) == 0)
        {
            *choice = index;
            return OK;
        }
    return error_set(err, STATUS_CONFIG, "unknown %s \"%s\"", what, given);
}

/* What the command line says in the place of the configuration. */
static enum status
override(const struct options *given, struct config_dump *dump, struct error *err)
{
    static const char *const formats[] = {
        [DUMP_CUSTOM] = "custom", [DUMP_PLAIN] = "plain", [DUMP_DIRECTORY] = "directory", NULL};
    static const char *const compressions[] = {[DUMP_ZSTD] = "zstd", [DUMP_GZIP] = "gzip", NULL};

    TRY(choose(options_text(given, "format"), formats, "format", &dump->format, err));
    TRY(choose(options_text(given, "compression"), compressions, "compression", &dump->compression,
               err));
    dump->jobs = options_u32(given, "jobs", dump->format == DUMP_DIRECTORY ? dump->jobs : 1);
    if (dump->jobs == 0)
        return error_set(err, STATUS_CONFIG, "--jobs must be at least 1");
    if (dump->jobs > 1 && dump->format != DUMP_DIRECTORY)
        return error_set(err, STATUS_CONFIG, "several jobs need --format directory");
    return OK;
}

/* The tables whose rows the checks of a restore compare with those of the dump. */
struct counted
{
    struct table_name *names;    /* owned */
    struct dump_counted *tables; /* owned; they point into the names */
    size_t count;
};

static void
release_counted(struct counted *counted)
{
    free(counted->names);
    free(counted->tables);
}

static enum status
find_counted(const struct config *config, const char *database, struct counted *counted,
             struct error *err)
{
    const struct checks_config *checks = config_checks_for(config, database);

    if (checks == NULL)
        return OK;
    counted->names = calloc(checks->table_count + 1, sizeof(*counted->names));
    counted->tables = calloc(checks->table_count + 1, sizeof(*counted->tables));
    if (counted->names == NULL || counted->tables == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < checks->table_count; index++)
    {
        struct table_name *name = &counted->names[counted->count];

        if (checks->tables[index].change_percent == 0)
            continue;
        TRY(table_name_parse(checks->tables[index].name, name, err));
        counted->tables[counted->count++] = (struct dump_counted){name->schema, name->table};
    }
    return OK;
}

static enum status
make(struct session *session, const struct config_dump *how, struct dump *dump, struct error *err)
{
    const struct config *config = session->invocation->config;
    SCOPED(release_counted) struct counted counted = {0};
    struct dump_options dump_options = {
        .repo = session->repo,
        .conninfo = config->postgres.connection,
        .bin_directory = config->postgres.bin_directory,
        .database = how->database,
        .format = how->format,
        .compression = how->compression,
        .selection = how->selection,
        .jobs = how->jobs,
        .spool = config->spool,
        .arguments = how->arguments,
        .any_size = options_flag(&session->invocation->options, "accept-size"),
    };

    TRY(find_counted(config, how->database, &counted, err));
    dump_options.counted = counted.tables;
    dump_options.counted_count = counted.count;
    return dump_run(&dump_options, dump, err);
}

static void
print_text(const struct dump *dump)
{
    char id[DUMP_ID_SIZE];
    char raw[UNITS_TEXT_SIZE];
    char stored[UNITS_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    dump_id(dump, id);
    units_format_size(dump->raw_bytes, raw);
    units_format_size(dump->stored_bytes, stored);
    units_format_duration((dump->finished - dump->started) / 1000, duration);
    pg_lsn_format(dump->lsn, lsn);
    printf("dump %s%s\n", id, dump->suspicious ? " (suspicious)" : "");
    printf("  %s of %s, stored as %s, in %s, as of %s\n", raw, dump_extension(dump), stored,
           duration, lsn);
    fflush(stdout); /* the next one may take hours */
}

static enum status
report_dump(struct session *session, const struct dump *dump, struct error *err)
{
    session->suspicious += dump->suspicious;
    if (!session->invocation->json)
    {
        print_text(dump);
        return OK;
    }
    return json_array_append_new(session->dumps, dump_to_json(dump)) == 0 ? OK
                                                                          : error_no_memory(err);
}

/* One that failed does not keep the others from being dumped. */
static enum status
report_failure(struct session *session, const char *database, enum status status,
               const struct error *why, struct error *err)
{
    json_t *failure = json_pack("{s:s, s:s, s:s}", "database", database, "error", why->message,
                                "detail", why->detail);

    if (session->failed++ == 0)
        session->first_failure = status;
    if (session->database_count > 1)
        log_error(LOG_ERROR, why);
    return json_array_append_new(session->failures, failure) == 0 ? OK : error_no_memory(err);
}

static enum status
dump_one(struct session *session, struct config_dump how, struct error *err)
{
    struct error why = {0};
    struct dump dump;
    enum status status;

    TRY(override(&session->invocation->options, &how, err));
    status = make(session, &how, &dump, &why);
    if (status == OK)
        return report_dump(session, &dump, err);
    *err = why;
    if (status == STATUS_CANCELLED)
        return status;
    return report_failure(session, how.database, status, &why, err);
}

static enum status
dump_named(struct session *session, struct error *err)
{
    const struct invocation *invocation = session->invocation;

    session->database_count = invocation->argument_count;
    for (size_t index = 0; index < invocation->argument_count; index++)
    {
        const char *name = invocation->arguments[index];
        const struct config_dump *configured = config_dumps_find(&invocation->config->dumps, name);

        TRY(dump_one(session, configured != NULL ? *configured : config_dumps_default(name), err));
    }
    return OK;
}

static enum status
dump_configured(struct session *session, struct error *err)
{
    const struct config_dumps *dumps = &session->invocation->config->dumps;

    session->database_count = dumps->count;
    for (size_t index = 0; index < dumps->count; index++)
        TRY(dump_one(session, dumps->items[index], err));
    return OK;
}

/* Where the connection leads without being told a database. */
static enum status
dump_default(struct session *session, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    char name[DUMP_DATABASE_SIZE];

    TRY(pg_connection_open(&connection, session->invocation->config->postgres.connection,
                           PG_CONNECTION_SQL, err));
    TRY(pg_query_text(connection, "SELECT current_database()", name, sizeof(name), err));
    pg_connection_freep(&connection);
    log_info("there is no section \"dumps\": only the connection's own database \"%s\" is dumped",
             name);
    session->database_count = 1;
    return dump_one(session, config_dumps_default(name), err);
}

static enum status
print_json(const struct session *session, struct error *err)
{
    SCOPED(json_freep)
    json_t *report =
        json_pack("{s:O, s:O}", "dumps", session->dumps, "failures", session->failures);

    return report == NULL ? error_no_memory(err) : report_json(report, err);
}

/* err has the reason already when there was one database only. */
static enum status
conclude(const struct session *session, struct error *err)
{
    if (session->failed > 0 && session->database_count == 1)
        return session->first_failure;
    if (session->failed > 0)
        return error_set(err, session->first_failure, "%zu of %zu databases were not dumped",
                         session->failed, session->database_count);
    if (session->suspicious == 0)
        return OK;
    error_set(err, STATUS_CORRUPT, "%zu of %zu dumps %s of a suspicious size", session->suspicious,
              session->database_count, session->suspicious == 1 ? "is" : "are");
    error_hint(err, "It is kept, and not taken for a good one. Look whether rows are missing; if "
                    "they are not, run \"redoubt dump --accept-size\" once.");
    return STATUS_CORRUPT;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(release_session)
    struct session session = {
        .invocation = invocation,
        .dumps = json_array(),
        .failures = json_array(),
    };

    TRY(repository_open(invocation->config, &session.repo, err));
    if (invocation->argument_count > 0)
        TRY(dump_named(&session, err));
    else if (invocation->config->dumps.count > 0)
        TRY(dump_configured(&session, err));
    else
        TRY(dump_default(&session, err));
    if (invocation->json)
        TRY(print_json(&session, err));
    return conclude(&session, err);
}

const struct command command_dump = {
    .name = "dump",
    .summary = "dump databases with pg_dump",
    .topic = COMMAND_BACKUP,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Runs pg_dump of the server's own version and streams what it writes into the "
        "repository: compressed, sealed, nothing on a disk in between.  Roles and tablespaces "
        "go beside it, and a document that says all that is known of the dump.  A physical "
        "backup cannot bring back one schema or cross major versions; this can, and \"redoubt "
        "restore-dump\" "
        "loads it.\n\n"
        "How a database is dumped is said by the configuration's section \"dumps\".  Several "
        "databases are dumped one after the other, and one that fails does not keep the others "
        "from it.\n\n"
        "A dump exists only when pg_dump succeeded and everything is stored.  Every run, good or "
        "bad, is in the repository's log.  One that is less than half as large as the smallest "
        "of the last seven, or more than five times as large as the largest of at least three, is "
        "kept and marked "
        "as suspicious, and the exit code is that of damage.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .run = run,
};
