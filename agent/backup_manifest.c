// SPDX-License-Identifier: PostgreSQL
#include "agent/backup_manifest.h"

#include "base/crash.h"
#include "base/sorter.h"
#include "pg/backup_manifest.h"
#include "repo/backup.h"
#include "repo/object.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

/* What the server says of a file; the sorter's key is its path. */
struct server_file
{
    uint64_t size_bytes;
    uint32_t crc32c;
};

struct backup_manifest
{
    struct repo *repo;
    const char *backup_id; /* borrowed */
    struct sink *object;   /* where the server's goes */
    struct pg_backup_manifest *parser;
    struct hasher *hasher;
    struct sorter *files;

    struct manifest_writer *writer; /* while committing */
};

static enum status
take_file(void *arg, const struct pg_backup_manifest_file *file, struct error *err)
{
    struct backup_manifest *manifest = arg;
    struct server_file value = {file->size_bytes, file->crc32c};

    if (file->algorithm != PG_MANIFEST_CHECKSUM_CRC32C)
        return error_set(err, STATUS_CORRUPT, "the server's manifest has no CRC-32C of \"%s\"",
                         file->path);
    return sorter_add(manifest->files, bytes_of(file->path),
                      (struct bytes){(uint8_t *) &value, sizeof(value)}, err);
}

static enum status
take_covered(void *arg, struct bytes bytes, struct error *err)
{
    return hasher_update(((struct backup_manifest *) arg)->hasher, bytes, err);
}

enum status
backup_manifest_create(struct backup_manifest **manifest, struct repo *repo, const char *backup_id,
                       size_t sort_memory, struct error *err)
{
    SCOPED(backup_manifest_freep) struct backup_manifest *made = calloc(1, sizeof(*made));
    const struct pg_backup_manifest_handler handler = {
        .file = take_file, .covered = take_covered, .arg = made};
    char key[STORE_KEY_MAX + 1];

    if (made == NULL)
        return error_no_memory(err);
    made->repo = repo;
    made->backup_id = backup_id;
    TRY(backup_key(repo, backup_id, "postgres-manifest", key, err));
    TRY(object_create(repo, key, OBJECT_COMPRESSED, NULL, &made->object, err));
    TRY(hasher_create(&made->hasher, NULL, err));
    TRY(sorter_create(&made->files, sort_memory, err));
    TRY(pg_backup_manifest_create(&made->parser, &handler, err));
    *manifest = made;
    made = NULL;
    return OK;
}

void
backup_manifest_freep(struct backup_manifest **manifest)
{
    struct backup_manifest *gone = *manifest;

    if (gone == NULL)
        return;
    sink_freep(&gone->object);
    manifest_writer_freep(&gone->writer);
    pg_backup_manifest_freep(&gone->parser);
    hasher_freep(&gone->hasher);
    sorter_freep(&gone->files);
    free(gone);
    *manifest = NULL;
}

enum status
backup_manifest_write(struct backup_manifest *manifest, struct bytes bytes, struct error *err)
{
    TRY(pg_backup_manifest_feed(manifest->parser, bytes, err));
    return sink_write(manifest->object, bytes, err);
}

enum status
backup_manifest_finish(struct backup_manifest *manifest, struct error *err)
{
    struct pg_backup_manifest_summary summary;
    struct digest digest;

    TRY(pg_backup_manifest_finish(manifest->parser, &summary, err));
    TRY(hasher_finish(manifest->hasher, &digest, err));
    if (memcmp(digest.bytes, summary.digest, DIGEST_SIZE) != 0)
        return error_set(err, STATUS_CORRUPT, "the server's manifest does not match its checksum");
    TRY(sorter_sort(manifest->files, err));
    return sink_finish(manifest->object, err);
}

static enum status
next_server_file(struct backup_manifest *manifest, bool *more, struct bytes *path,
                 struct server_file *file, struct error *err)
{
    struct bytes value;

    TRY(sorter_next(manifest->files, more, path, &value, err));
    if (*more)
        memcpy(file, value.data, sizeof(*file));
    return OK;
}

static enum status
check_file(struct backup_manifest *manifest, const struct manifest_file *file, struct error *err)
{
    struct server_file expected;
    struct bytes path;
    bool more;

    TRY(next_server_file(manifest, &more, &path, &expected, err));
    if (!more || !bytes_equal(path, bytes_of(file->path)))
        return error_set(err, STATUS_CORRUPT, "\"%s\" came, and the server's manifest has \"%.*s\"",
                         file->path, more ? (int) path.size : 7,
                         more ? (const char *) path.data : "nothing");
    if (file->size_bytes != expected.size_bytes || file->crc32c != expected.crc32c)
        return error_set(err, STATUS_CORRUPT,
                         "\"%s\" arrived with %llu bytes and CRC-32C %08x, the server sent %llu "
                         "and %08x",
                         file->path, (unsigned long long) file->size_bytes, file->crc32c,
                         (unsigned long long) expected.size_bytes, expected.crc32c);
    return OK;
}

static enum status
write_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct backup_manifest *manifest = arg;

    if (file->type == MANIFEST_FILE)
        TRY(check_file(manifest, file, err));
    return manifest_writer_file(manifest->writer, file, err);
}

static enum status
write_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
             struct error *err)
{
    (void) file;
    return manifest_writer_extent(((struct backup_manifest *) arg)->writer, extent, err);
}

static enum status
check_nothing_left(struct backup_manifest *manifest, struct error *err)
{
    struct server_file missing;
    struct bytes path;
    bool more;

    TRY(next_server_file(manifest, &more, &path, &missing, err));
    if (!more)
        return OK;
    return error_set(err, STATUS_CORRUPT, "\"%.*s\" is in the server's manifest and did not come",
                     (int) path.size, (const char *) path.data);
}

static enum status
open_writer(struct backup_manifest *manifest, const struct manifest_header *header,
            struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(manifest->repo, manifest->backup_id, "manifest", key, err));
    TRY(object_create(manifest->repo, key, OBJECT_COMPRESSED, NULL, &sink, err));
    return manifest_writer_create(&manifest->writer, &sink, header, err);
}

enum status
backup_manifest_commit(struct backup_manifest *manifest, struct backup_frames *frames,
                       const struct manifest_header *header, struct manifest_totals *totals,
                       struct error *err)
{
    const struct manifest_handler handler = {
        .file = write_file, .extent = write_extent, .arg = manifest};
    size_t pack_count;
    const struct pack *packs = backup_frames_packs(frames, &pack_count);

    TRY(open_writer(manifest, header, err));
    TRY(backup_frames_each(frames, &handler, err));
    for (size_t index = 0; index < pack_count; index++)
        TRY(manifest_writer_pack(manifest->writer, &packs[index], err));
    TRY(check_nothing_left(manifest, err));
    CRASH_POINT("backup: before the manifest exists"); /* packs are orphans */
    return manifest_writer_finish(manifest->writer, totals, err);
}
