// SPDX-License-Identifier: PostgreSQL
#include "dump/dump_run.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/units.h"
#include "dump/pack.h"
#include "dump/spool.h"
#include "dump/tool.h"
#include "dump/usual_size.h"
#include "repo/catalog.h"
#include "repo/object.h"
#include "stream/digest.h"
#include "stream/gzip.h"
#include "stream/sink.h"
#include "stream/thread.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Roles and tablespaces of any cluster that people look after. */
#define GLOBALS_LIMIT ((size_t) 256 << 20)

/* Others that started in the same second, and one by one later. */
#define NAME_TRIES 60

/*
 * Its indexes and its bloat make a database larger than its dump once that is
 * compressed; what the server compresses better makes it smaller.
 */
#define SIZE_MARGIN 2

#define REASON_SIZE                                                                                \
    (sizeof(((struct error *) 0)->message) + sizeof(((struct error *) 0)->detail) + 2)

struct run
{
    const struct dump_options *options;
    struct repo *repo;
    struct catalog catalog; /* loaded before the first object is written */
    struct dump_snapshot *snapshot;
    struct dump_tool tool;
    struct dump_document document;
    struct dump *dump; /* the document's */
};

static void
release_run(struct run *run)
{
    dump_document_release(&run->document);
    dump_tool_release(&run->tool);
    dump_snapshot_freep(&run->snapshot);
    catalog_release(&run->catalog);
}

static struct dump_tool_target
target_of(const struct run *run)
{
    return (struct dump_tool_target){
        .conninfo = run->options->conninfo,
        .database = run->options->database,
        .snapshot = dump_snapshot_name(run->snapshot),
    };
}

/*
 * The dump's cluster must be the repository's, if that has accepted any, and nothing of
 * the dump may be condemned; holds at the commit too.
 */
static enum status
check_commit(void *arg, const struct catalog *catalog, struct error *err)
{
    const struct dump *dump = arg;
    const struct lineage *present = catalog_present_lineage(catalog);

    if (present == NULL || present->system_identifier == dump->system_identifier)
        return catalog_check_dump(catalog, dump, err);
    error_set(err, STATUS_REFUSED,
              "this server has system identifier %llu, and the repository's cluster %llu",
              (unsigned long long) dump->system_identifier,
              (unsigned long long) present->system_identifier);
    error_hint(err, "If the cluster was upgraded or made anew, accept it with \"redoubt lineage "
                    "add\"; if not, this is the wrong server or the wrong repository.");
    return STATUS_REFUSED;
}

/* All that can be refused before anything is written. */
static enum status
prepare(struct run *run, struct error *err)
{
    const struct dump_options *options = run->options;

    TRY(dump_snapshot_open(&run->snapshot, options->conninfo, options->database, err));
    TRY(dump_tool_find(options->bin_directory, dump_snapshot_major(run->snapshot), &run->tool,
                       err));
    TRY(dump_snapshot_describe(run->snapshot, &options->selection, options->counted,
                               options->counted_count, &run->document, err));
    run->document.tool = run->tool.version;
    run->tool.version = NULL;
    return check_commit(run->dump, &run->catalog, err);
}

static enum status
key_of(const struct run *run, const char *extension, char key[STORE_KEY_MAX + 1], struct error *err)
{
    char id[DUMP_ID_SIZE];

    dump_id(run->dump, id);
    return dump_key(run->repo, id, extension, key, err);
}

static enum status
read_globals(struct run *run, struct buffer *sql, struct error *err)
{
    struct dump_tool_target target = target_of(run);
    bool passwords;

    TRY(dump_snapshot_reads_passwords(run->snapshot, &passwords, err));
    if (!passwords)
        log_info("the dump is without the roles' passwords: only a superuser may read them");
    return dump_tool_globals(&run->tool, &target, passwords, sql, err);
}

/* A name is ours once its globals are: who comes second takes the next second. */
static enum status
reserve_name(struct run *run, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(GLOBALS_LIMIT);
    enum status status = STATUS_CONFLICT;

    TRY(read_globals(run, &sql, err));
    CRASH_POINT("dump: before its name is reserved");
    for (int tries = 0; tries < NAME_TRIES && status == STATUS_CONFLICT; tries++)
    {
        char key[STORE_KEY_MAX + 1];

        dump_make_name(run->dump->started + tries * US_PER_SECOND, run->dump->name);
        TRY(key_of(run, DUMP_EXTENSION_GLOBALS, key, err));
        status = object_put(run->repo, key, OBJECT_COMPRESSED, buffer_bytes(&sql), err);
    }
    CRASH_POINT("dump: its name is reserved, and there is no data");
    return status;
}

static enum status
make_arguments(struct run *run, struct error *err)
{
    static const char *const formats[] = {
        [DUMP_CUSTOM] = "--format=custom",
        [DUMP_PLAIN] = "--format=plain",
        [DUMP_DIRECTORY] = "--format=directory",
    };
    struct dump_texts *arguments = &run->document.arguments;

    TRY(dump_texts_add(arguments, formats[run->dump->format], err));
    /* We compress, after a directory's files are packed. */
    TRY(dump_texts_add(arguments, "--compress=0", err));
    TRY(dump_selection_arguments(&run->options->selection, arguments, err));
    for (const char *const *more = run->options->arguments; more != NULL && *more != NULL; more++)
        TRY(dump_texts_add(arguments, *more, err));
    return OK;
}

static enum status
push_compression(struct run *run, const char *key, struct sink **sink, struct error *err)
{
    if (run->dump->compression == DUMP_ZSTD)
        return object_push_stages(run->repo, key, OBJECT_COMPRESSED, NULL, sink, err);
    TRY(object_push_stages(run->repo, key, OBJECT_PLAIN, NULL, sink, err));
    return sink_push_gzip(sink, err);
}

/* Uploading goes on in a thread while more is compressed and sealed. */
static enum status
open_chain(struct run *run, struct sink **sink, struct error *err)
{
    struct dump *dump = run->dump;
    SCOPED(sink_freep) struct sink *made = NULL;
    char key[STORE_KEY_MAX + 1];

    TRY(key_of(run, dump_extension(dump), key, err));
    TRY(store_create_sized(run->repo->store, key, dump->database_bytes * SIZE_MARGIN, &made, err));
    TRY(sink_push_thread(&made, err));
    TRY(sink_push_count(&made, &dump->stored_bytes, err));
    TRY(push_compression(run, key, &made, err));
    TRY(sink_push_count(&made, &dump->raw_bytes, err));
    TRY(sink_push_digest(&made, NULL, &dump->digest, err));
    *sink = made;
    made = NULL;
    return OK;
}

static enum status
stream_data(struct run *run, struct sink *sink, struct progress *progress, struct error *err)
{
    struct dump_tool_target target = target_of(run);

    return dump_tool_run(&run->tool, &target, &run->document.arguments, sink, progress,
                         &run->document.last_words, err);
}

/* pg_dump's own arguments, and those that only this run knows. */
static enum status
spool_arguments(const struct run *run, const struct spool *spool, struct dump_texts *arguments,
                struct error *err)
{
    char text[sizeof("--file=") + PATH_MAX];

    for (size_t index = 0; index < run->document.arguments.count; index++)
        TRY(dump_texts_add(arguments, run->document.arguments.items[index], err));
    snprintf(text, sizeof(text), "--jobs=%u", run->options->jobs);
    TRY(dump_texts_add(arguments, text, err));
    snprintf(text, sizeof(text), "--file=%s", spool->path);
    return dump_texts_add(arguments, text, err);
}

/* Several jobs write several files, which must all be there before they become one. */
static enum status
spool_data(struct run *run, struct sink *sink, struct progress *progress, struct error *err)
{
    SCOPED(spool_release) struct spool spool = SPOOL_INIT;
    SCOPED(dump_texts_release) struct dump_texts arguments = {0};
    struct dump_tool_target target = target_of(run);

    TRY(spool_open(&spool, run->options->spool, err));
    TRY(spool_arguments(run, &spool, &arguments, err));
    TRY(dump_tool_run(&run->tool, &target, &arguments, NULL, progress, &run->document.last_words,
                      err));
    CRASH_POINT("dump: the spool is filled, and nothing is stored");
    return pack_directory(spool.path, sink, progress, err);
}

/* Freed unfinished, the chain leaves nothing visible. */
static enum status
write_data(struct run *run, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct progress progress;
    enum status status;

    TRY(make_arguments(run, err));
    TRY(open_chain(run, &sink, err));
    progress_start(&progress, "dumping", run->dump->database_bytes);
    if (run->dump->format == DUMP_DIRECTORY)
        status = spool_data(run, sink, &progress, err);
    else
        status = stream_data(run, sink, &progress, err);
    progress_end();
    TRY(status);
    if (run->dump->raw_bytes == 0)
        return error_set(err, STATUS_IO, "pg_dump wrote nothing");
    if (run->document.last_words[0] != '\0')
        log_warning("pg_dump says of database \"%s\": %s", run->dump->database,
                    run->document.last_words);
    CRASH_POINT("dump: the data is written, and its object does not exist");
    return sink_finish(sink, err);
}

/* Before the commit: its entry says it, and nobody ever takes this dump for a good one. */
static void
judge_size(struct run *run)
{
    struct usual_size usual = usual_size_of(&run->catalog, run->dump);
    bool small = usual_size_is_small(&usual, run->dump->raw_bytes);
    char found[UNITS_TEXT_SIZE];
    char smallest[UNITS_TEXT_SIZE];
    char largest[UNITS_TEXT_SIZE];

    if (run->options->any_size || !(small || usual_size_is_large(&usual, run->dump->raw_bytes)))
        return;
    run->dump->suspicious = true;
    units_format_size(run->dump->raw_bytes, found);
    units_format_size(usual.smallest, smallest);
    units_format_size(usual.largest, largest);
    log_warning(
        "the dump of database \"%s\" is suspiciously %s: %s, where the last %u had %s to %s",
        run->dump->database, small ? "small" : "large", found, usual.count, smallest, largest);
}

static enum status
commit(struct run *run, struct error *err)
{
    struct catalog_entry entry = {.dump = run->dump};
    struct catalog_check check = {check_commit, run->dump};

    run->dump->finished = clock_now();
    judge_size(run);
    CRASH_POINT("dump: the data exists, and its document does not");
    TRY(dump_document_store(run->repo, &run->document, err));
    CRASH_POINT("dump: all objects exist, and the log does not say so");
    return catalog_append(run->repo, &run->catalog, &entry, check, err);
}

static enum status
make_dump(struct run *run, struct error *err)
{
    TRY(prepare(run, err));
    TRY(reserve_name(run, err));
    TRY(write_data(run, err));
    return commit(run, err);
}

/* What the audit trail says of it.  The failure itself is the caller's to report. */
static void
record_failure(struct run *run, const struct error *why)
{
    char reason[REASON_SIZE];
    struct dump_failure failure = {
        .database = run->dump->database,
        .name = run->dump->name,
        .started = run->dump->started,
        .finished = clock_now(),
        .reason = reason,
    };
    struct catalog_entry entry = {.dump_failure = &failure};
    struct error err;

    snprintf(reason, sizeof(reason), "%s%s%s", why->message, why->detail[0] != '\0' ? "\n" : "",
             why->detail);
    if (catalog_append(run->repo, &run->catalog, &entry, (struct catalog_check){0}, &err) != OK)
    {
        error_context(&err, "the log does not say that the dump failed");
        log_error(LOG_WARNING, &err);
    }
}

enum status
dump_run(const struct dump_options *options, struct dump *dump, struct error *err)
{
    SCOPED(release_run)
    struct run run = {
        .options = options,
        .repo = options->repo,
        .document.dump =
            {
                .format = options->format,
                .compression = options->compression,
                .started = clock_now(),
            },
    };
    enum status status;

    if (strlen(options->database) >= DUMP_DATABASE_SIZE)
        return error_set(err, STATUS_CONFIG, "a database's name is shorter than \"%s\"",
                         options->database);
    run.dump = &run.document.dump;
    memcpy(run.dump->database, options->database, strlen(options->database) + 1);
    TRY(catalog_load(run.repo, &run.catalog, err));
    dump_make_name(run.dump->started, run.dump->name);
    status = make_dump(&run, err);
    if (status != OK)
    {
        error_context(err, "database \"%s\"", options->database);
        record_failure(&run, err);
    }
    *dump = *run.dump;
    return status;
}
