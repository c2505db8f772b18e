// SPDX-License-Identifier: PostgreSQL
#include "tests/support/stub_backup.h"

#include "repo/manifest.h"
#include "repo/object.h"
#include "repo/pack_format.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <stdio.h>
#include <string.h>

enum status
stub_accept_cluster(struct repo *repo, struct catalog *catalog, struct error *err)
{
    const struct lineage lineage = {STUB_SYSTEM_IDENTIFIER, STUB_SEGMENT_SIZE, 17};
    const struct catalog_entry entry = {.lineage = &lineage};

    return catalog_append(repo, catalog, &entry, (struct catalog_check){0}, err);
}

struct stub_backup
stub_backup_make(time_us started, unsigned serial, uint64_t segment)
{
    struct stub_backup made = {
        .backup =
            {
                .system_identifier = STUB_SYSTEM_IDENTIFIER,
                .major = 17,
                .wal_segment_size = STUB_SEGMENT_SIZE,
                .start = {1, segment * STUB_SEGMENT_SIZE + 40},
                .stop = {1, segment * STUB_SEGMENT_SIZE + 400},
                .started = started,
                .stopped = started + US_PER_SECOND,
            },
    };
    char time[TIME_TEXT_SIZE];

    time_format_name(started, time);
    snprintf(made.backup.id, sizeof(made.backup.id), "%.19s-%04x", time, serial);
    return made;
}

void
stub_backup_share(struct stub_backup *backup, const struct stub_backup *parent, size_t index)
{
    memcpy(backup->backup.parent, parent->backup.id, BACKUP_ID_SIZE);
    backup->packs[backup->pack_count++] = parent->packs[index];
}

enum status
stub_backup_add_pack(struct repo *repo, struct stub_backup *backup, time_us time, struct error *err)
{
    struct pack *pack = &backup->packs[backup->pack_count];
    char key[STORE_KEY_MAX + 1];

    *pack = (struct pack){.size_bytes = 4};
    pack->id[0] = (uint8_t) backup->pack_count;
    pack_id_format(backup_tag(backup->backup.id), time, pack->id);
    backup->pack_count++;
    TRY(pack_key(repo, pack->id, key, err));
    return store_put(repo->store, key, BYTES("pack"), err);
}

static enum status
write_manifest(struct repo *repo, const struct stub_backup *backup, struct error *err)
{
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    const struct manifest_header header = {
        .backup_id = backup->backup.id, .system_identifier = STUB_SYSTEM_IDENTIFIER, .major = 17};
    struct manifest_totals totals;
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, backup->backup.id, "manifest", key, err));
    TRY(object_create(repo, key, OBJECT_COMPRESSED, NULL, &sink, err));
    TRY(manifest_writer_create(&writer, &sink, &header, err));
    for (size_t index = 0; index < backup->pack_count; index++)
        TRY(manifest_writer_pack(writer, &backup->packs[index], err));
    return manifest_writer_finish(writer, &totals, err);
}

enum status
stub_backup_write(struct repo *repo, const struct stub_backup *backup, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, backup->backup.id, "postgres-manifest", key, err));
    TRY(store_put(repo->store, key, BYTES("{}"), err));
    return write_manifest(repo, backup, err);
}

static enum status
check(void *arg, const struct catalog *catalog, struct error *err)
{
    const struct stub_backup *backup = arg;

    return catalog_check_backup(catalog, &backup->backup, backup->packs, backup->pack_count, err);
}

enum status
stub_backup_commit(struct repo *repo, struct catalog *catalog, const struct stub_backup *backup,
                   bool checked, struct error *err)
{
    struct stub_backup copy = *backup;
    const struct catalog_entry entry = {.backup = &copy.backup};
    const struct catalog_check with = {checked ? check : NULL, &copy};

    return catalog_append(repo, catalog, &entry, with, err);
}

enum status
stub_archive(struct repo *repo, const char *name, struct error *err)
{
    const struct wal_file file = {STUB_SYSTEM_IDENTIFIER, name};
    char key[STORE_KEY_MAX + 1];

    TRY(wal_key(repo, &file, key, err));
    return object_put(repo, key, OBJECT_COMPRESSED, BYTES(""), err);
}

enum status
stub_archive_segments(struct repo *repo, uint64_t first, uint64_t last, struct error *err)
{
    for (uint64_t number = first; number <= last; number++)
    {
        char name[PG_WAL_SEGMENT_NAME_SIZE];

        pg_wal_segment_name((struct pg_wal_segment){1, number}, STUB_SEGMENT_SIZE, name);
        TRY(stub_archive(repo, name, err));
    }
    return OK;
}
