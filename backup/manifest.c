// SPDX-License-Identifier: PostgreSQL
#include "backup/manifest.h"

#include "base/crash.h"
#include "base/sorter.h"
#include "pg/backup_manifest.h"
#include "pg/incremental_file.h"
#include "repo/backup.h"
#include "repo/object.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 1025

/* What the server says of a file; the sorter's key is the path of the file that it stands for. */
struct server_file
{
    uint64_t size_bytes;
    uint32_t crc32c;
    bool incremental;
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
    struct pack *packs;             /* owned: those that were listed */
    size_t pack_count;
    uint64_t live_bytes;
};

static enum status
take_file(void *arg, const struct pg_backup_manifest_file *file, struct error *err)
{
    struct backup_manifest *manifest = arg;
    struct server_file value = {file->size_bytes, file->crc32c, pg_incremental_name(file->path)};
    char plain[PATH_SIZE];

    if (strlen(file->path) >= sizeof(plain))
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", file->path);
    pg_incremental_plain_path(file->path, plain);
    if (file->algorithm != PG_MANIFEST_CHECKSUM_CRC32C)
        return error_set(err, STATUS_CORRUPT, "the server's manifest has no CRC-32C of \"%s\"",
                         file->path);
    return sorter_add(manifest->files, bytes_of(plain),
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
    free(gone->packs);
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
check_file(struct backup_manifest *manifest, const struct backup_file *file, struct error *err)
{
    const char *name = file->file.path;
    struct server_file expected;
    struct bytes path;
    bool more;

    TRY(next_server_file(manifest, &more, &path, &expected, err));
    if (!more || !bytes_equal(path, bytes_of(name)))
        return error_set(err, STATUS_CORRUPT, "\"%s\" came, and the server's manifest has \"%.*s\"",
                         name, more ? (int) path.size : 7,
                         more ? (const char *) path.data : "nothing");
    if (file->incremental != expected.incremental || file->sent_bytes != expected.size_bytes ||
        file->sent_crc32c != expected.crc32c)
        return error_set(err, STATUS_CORRUPT,
                         "\"%s\" arrived with %llu bytes and CRC-32C %08x, the server sent %llu "
                         "and %08x",
                         name, (unsigned long long) file->sent_bytes, file->sent_crc32c,
                         (unsigned long long) expected.size_bytes, expected.crc32c);
    return OK;
}

static enum status
write_file(void *arg, const struct backup_file *file, struct error *err)
{
    struct backup_manifest *manifest = arg;

    if (file->file.type == MANIFEST_FILE)
        TRY(check_file(manifest, file, err));
    return manifest_writer_file(manifest->writer, &file->file, err);
}

static enum status
write_extent(void *arg, const struct manifest_extent *extent, struct error *err)
{
    struct backup_manifest *manifest = arg;

    manifest->live_bytes += extent->length;
    return manifest_writer_extent(manifest->writer, extent, err);
}

static enum status
write_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct backup_manifest *manifest = arg;
    struct pack *grown = realloc(manifest->packs, (manifest->pack_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    manifest->packs = grown;
    manifest->packs[manifest->pack_count++] = *pack;
    return manifest_writer_pack(manifest->writer, pack, err);
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
backup_manifest_commit(struct backup_manifest *manifest,
                       const struct backup_overlay_options *overlay,
                       const struct manifest_header *header, struct manifest_totals *totals,
                       struct error *err)
{
    const struct backup_overlay_handler handler = {write_file, write_extent, write_pack, manifest};

    TRY(open_writer(manifest, header, err));
    TRY(backup_overlay_run(overlay, &handler, err));
    TRY(check_nothing_left(manifest, err));
    CRASH_POINT("backup: before the manifest exists"); /* packs are orphans */
    return manifest_writer_finish(manifest->writer, totals, err);
}

uint64_t
backup_manifest_live(const struct backup_manifest *manifest)
{
    return manifest->live_bytes;
}

const struct pack *
backup_manifest_packs(const struct backup_manifest *manifest, size_t *count)
{
    *count = manifest->pack_count;
    return manifest->packs;
}
