// SPDX-License-Identifier: PostgreSQL
#include "repo/wal.h"

#include "base/crash.h"
#include "base/file.h"
#include "stream/sink.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Up to here a file goes in one request from memory; every usual segment does. */
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

static enum status
rewind_source(int source, const char *path, struct error *err)
{
    if (lseek(source, 0, SEEK_SET) != 0)
        return error_errno(err, "could not seek in \"%s\"", path);
    return OK;
}

/* The digest of the whole file under a key. */
static enum status
digest_source(int source, const char *path, const struct object_digest_key *key,
              struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(rewind_source(source, path, err));
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

static enum status
pump_object(struct repo *repo, const char *key, int source, const char *path,
            const struct digest *digest, struct sink **sink, struct error *err)
{
    TRY(object_push_stages(repo, key, OBJECT_COMPRESSED, digest, sink, err));
    TRY(rewind_source(source, path, err));
    TRY(sink_pump_fd(*sink, source, path, err));
    return sink_finish(*sink, err);
}

static enum status
store_whole(struct repo *repo, const char *key, int source, const char *path,
            const struct digest *digest, struct error *err)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(WHOLE_OBJECT_LIMIT * 2);
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, &stored, err));
    TRY(pump_object(repo, key, source, path, digest, &sink, err));
    CRASH_POINT("wal push: before the object exists"); /* nothing is visible */
    TRY(store_put(repo->store, key, buffer_bytes(&stored), err));
    CRASH_POINT("wal push: after the object exists"); /* PostgreSQL offers it again */
    return OK;
}

static enum status
store_streamed(struct repo *repo, const char *key, int source, const char *path,
               const struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(store_create(repo->store, key, &sink, err));
    return pump_object(repo, key, source, path, digest, &sink, err);
}

enum status
wal_push_key(struct repo *repo, const char *key, int source, const char *path,
             enum wal_push_result *result, struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key digest_key = {0};
    struct digest digest;
    uint64_t size_bytes;
    enum status status;

    TRY(object_digest_key_active(repo, &digest_key, err));
    TRY(digest_source(source, path, &digest_key, &digest, err));
    TRY(fd_size(source, &size_bytes, path, err));
    *result = WAL_STORED;
    status = size_bytes <= WHOLE_OBJECT_LIMIT
                 ? store_whole(repo, key, source, path, &digest, err)
                 : store_streamed(repo, key, source, path, &digest, err);
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
