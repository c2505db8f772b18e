// SPDX-License-Identifier: PostgreSQL
#include "repo/wal.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/group.h"
#include "stream/sink.h"

#include <stdio.h>
#include <string.h>

/* Up to here a file is compressed in memory; every usual segment is. */
#define WHOLE_OBJECT_LIMIT ((size_t) 64 << 20)

/*
 * "<cluster>/wal/<system identifier>/<timeline>/<log>/<name>"; history files,
 * which have no log, are in their timeline's folder.
 */
static enum status
wal_key(struct repo *repo, const struct wal_file *file, char key[STORE_KEY_MAX + 1],
        struct error *err)
{
    struct pg_wal_file parsed;

    TRY(pg_wal_file_parse(file->name, 0, &parsed, err));
    if (parsed.kind == PG_WAL_FILE_HISTORY)
        return repo_key(repo, key, err, "wal/%llu/%08X/%s",
                        (unsigned long long) file->system_identifier, parsed.timeline, file->name);
    return repo_key(repo, key, err, "wal/%llu/%08X/%08X/%s",
                    (unsigned long long) file->system_identifier, parsed.timeline, parsed.log,
                    file->name);
}

/* The digest of the whole file under a key. */
static enum status
digest_source(int source, const char *path, const struct object_digest_key *key,
              struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_digest(&sink, key->keyed ? &key->secret : NULL, digest, err));
    TRY(sink_pump_fd(sink, source, path, err));
    return sink_finish(sink, err);
}

static enum status
compare_with_key(struct repo *repo, const char *key, int source, const char *path,
                 struct digest digests[2], struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key digest_key = {0};

    TRY(object_digest(repo, key, &digests[0], &digest_key, err));
    return digest_source(source, path, &digest_key, &digests[1], err);
}

/* Somebody was first: the same file, or another one? */
static enum status
settle_conflict(struct repo *repo, const char *key, int source, const char *path,
                enum wal_push_result *result, struct error *err)
{
    struct digest digests[2];
    char stored[DIGEST_TEXT_SIZE];
    char offered[DIGEST_TEXT_SIZE];

    TRY(compare_with_key(repo, key, source, path, digests, err));
    *result = WAL_ALREADY_THERE;
    if (digest_equal(&digests[0], &digests[1]))
        return OK;
    digest_format(&digests[0], stored);
    digest_format(&digests[1], offered);
    error_set(err, STATUS_CONFLICT, "\"%s\" is in the archive already, with other content",
              path_name(key));
    error_detail(err, "The archive has digest %s, \"%s\" has %s. Nothing was overwritten.", stored,
                 path, offered);
    error_hint(err,
               "Two servers may be archiving the same timeline, such as an old primary after a "
               "failover. Find out which one is right before you remove anything.");
    return STATUS_CONFLICT;
}

/* What a thread needs to know the digest of a file. */
struct digesting
{
    int source;
    const char *path;
    const struct object_digest_key *key;
    struct digest digest; /* valid once the thread was joined */
};

static enum status
run_digest(void *arg, struct error *err)
{
    struct digesting *work = arg;

    return digest_source(work->source, work->path, work->key, &work->digest, err);
}

static enum status
compress_source(struct repo *repo, int source, const char *path, struct buffer *compressed,
                struct error *err)
{
    const int threads = repo->threads > 1 ? repo->threads : 0;
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, compressed, err));
    TRY(sink_push_zstd(&sink, object_effort(repo, threads), err));
    TRY(sink_pump_fd(sink, source, path, err));
    return sink_finish(sink, err);
}

/*
 * The seal begins with the digest, which takes as long as half the
 * compression: so both are made at once, and only then the object begins.
 */
static enum status
compress_and_digest(struct repo *repo, struct digesting *work, struct buffer *compressed,
                    struct error *err)
{
    SCOPED(group_freep) struct group *group = NULL;

    TRY(group_create(&group, err));
    TRY(group_start(group, run_digest, work, err));
    TRY(compress_source(repo, work->source, work->path, compressed, err));
    return group_join(group, err);
}

static enum status
store_compressed(struct repo *repo, const char *key, struct bytes compressed,
                 const struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(store_create(repo->store, key, &sink, err));
    TRY(object_push_stages(repo, key, OBJECT_PLAIN, digest, &sink, err));
    TRY(sink_write(sink, compressed, err));
    CRASH_POINT("wal push: before the object exists"); /* nothing is visible */
    TRY(sink_finish(sink, err));
    CRASH_POINT("wal push: after the object exists"); /* PostgreSQL offers it again */
    return OK;
}

static enum status
store_from_memory(struct repo *repo, const char *key, struct digesting *work, struct error *err)
{
    SCOPED(buffer_release) struct buffer compressed = BUFFER_INIT(WHOLE_OBJECT_LIMIT * 2);

    TRY(compress_and_digest(repo, work, &compressed, err));
    return store_compressed(repo, key, buffer_bytes(&compressed), &work->digest, err);
}

/* A file too large for memory is read twice. */
static enum status
store_streamed(struct repo *repo, const char *key, struct digesting *work, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(run_digest(work, err));
    TRY(object_create(repo, key, OBJECT_COMPRESSED, &work->digest, &sink, err));
    TRY(sink_pump_fd(sink, work->source, work->path, err));
    return sink_finish(sink, err);
}

enum status
wal_push_key(struct repo *repo, const char *key, int source, const char *path,
             enum wal_push_result *result, struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key digest_key = {0};
    struct digesting work = {.source = source, .path = path, .key = &digest_key};
    uint64_t size_bytes;
    enum status status;

    TRY(object_digest_key_active(repo, &digest_key, err));
    TRY(fd_size(source, &size_bytes, path, err));
    *result = WAL_STORED;
    status = size_bytes <= WHOLE_OBJECT_LIMIT ? store_from_memory(repo, key, &work, err)
                                              : store_streamed(repo, key, &work, err);
    if (status == STATUS_CONFLICT)
        return settle_conflict(repo, key, source, path, result, err);
    return status;
}

enum status
wal_push(struct repo *repo, const struct wal_file *file, int source, const char *path,
         enum wal_push_result *result, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(wal_key(repo, file, key, err));
    return wal_push_key(repo, key, source, path, result, err);
}

enum status
wal_read_key(struct repo *repo, const char *key, struct sink **sink, struct error *err)
{
    return object_read(repo, key, OBJECT_COMPRESSED, sink, err);
}

enum status
wal_read(struct repo *repo, const struct wal_file *file, struct sink **sink, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(wal_key(repo, file, key, err));
    return wal_read_key(repo, key, sink, err);
}

enum status
wal_compare(struct repo *repo, const struct wal_file *file, int source, const char *path,
            bool *equal, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    struct digest digests[2];

    TRY(wal_key(repo, file, key, err));
    TRY(compare_with_key(repo, key, source, path, digests, err));
    *equal = digest_equal(&digests[0], &digests[1]);
    return OK;
}

struct visitor
{
    enum status (*visit)(void *arg, const char *name, struct error *err);
    void *arg;
};

static enum status
visit_name(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct visitor *visitor = arg;
    struct pg_wal_file file;

    (void) size_bytes;
    /* The lineage's object lives here too. */
    if (pg_wal_file_parse(path_name(key), 0, &file, err) != OK)
        return OK;
    return visitor->visit(visitor->arg, path_name(key), err);
}

enum status
wal_list(struct repo *repo, uint64_t system_identifier, pg_timeline timeline,
         enum status (*visit)(void *arg, const char *name, struct error *err), void *arg,
         struct error *err)
{
    struct visitor visitor = {visit, arg};
    char prefix[STORE_KEY_MAX + 1];
    char folder[16] = "";

    if (timeline != 0)
        snprintf(folder, sizeof(folder), "%08X/", timeline);
    TRY(repo_key(repo, prefix, err, "wal/%llu/%s", (unsigned long long) system_identifier, folder));
    return store_list(repo->store, prefix, "", visit_name, &visitor, err);
}
