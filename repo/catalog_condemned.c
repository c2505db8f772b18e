// SPDX-License-Identifier: PostgreSQL
#include "repo/catalog.h"

#include <string.h>

bool
catalog_condemned_pack(const struct catalog *catalog, const uint8_t id[PACK_ID_SIZE])
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (pack_set_has(&catalog->condemnations[index].packs, id))
            return true;
    return false;
}

bool
catalog_condemned_backup(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (condemnation_has_backup(&catalog->condemnations[index], id))
            return true;
    return false;
}

bool
catalog_condemned_dump(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (condemnation_has_dump(&catalog->condemnations[index], id))
            return true;
    return false;
}

bool
catalog_condemned_wal(const struct catalog *catalog, uint64_t system_identifier, struct wal_run run)
{
    return wal_runs_touch(wal_set_runs(&catalog->condemned_wal, system_identifier), run);
}

static enum status
refuse(const char *backup_id, const char *what, struct error *err)
{
    error_set(err, STATUS_REFUSED, "backup %s cannot be committed: %s is condemned", backup_id,
              what);
    error_hint(err, "\"redoubt expire\" overtook this backup, which may have slept for long. What "
                    "it needs will be deleted: take another one.");
    return STATUS_REFUSED;
}

/* A backup that saw a change of timeline needs WAL of both. */
static enum status
check_wal(const struct catalog *catalog, const struct backup *backup, struct error *err)
{
    const pg_timeline timelines[] = {backup->start.timeline, backup->stop.timeline};
    const uint32_t size = backup->wal_segment_size;

    for (size_t index = 0; index < sizeof(timelines) / sizeof(timelines[0]); index++)
    {
        struct wal_run run = {timelines[index], pg_wal_segment_of(backup->start, size).number,
                              pg_wal_segment_before(backup->stop, size).number};

        if (catalog_condemned_wal(catalog, backup->system_identifier, run))
            return refuse(backup->id, "WAL that makes it consistent", err);
    }
    return OK;
}

enum status
catalog_check_backup(const struct catalog *catalog, const struct backup *backup,
                     const struct pack *packs, size_t pack_count, struct error *err)
{
    if (catalog_condemned_backup(catalog, backup->id))
        return refuse(backup->id, "its own folder", err);
    for (size_t index = 0; index < pack_count; index++)
    {
        char pack[sizeof("pack ") + 2 * PACK_ID_SIZE] = "pack ";

        if (!catalog_condemned_pack(catalog, packs[index].id))
            continue;
        hex_encode((struct bytes){packs[index].id, PACK_ID_SIZE}, pack + strlen("pack "));
        return refuse(backup->id, pack, err);
    }
    return check_wal(catalog, backup, err);
}

enum status
catalog_check_dump(const struct catalog *catalog, const struct dump *dump, struct error *err)
{
    char id[DUMP_ID_SIZE];

    dump_id(dump, id);
    if (!catalog_condemned_dump(catalog, id))
        return OK;
    error_set(err, STATUS_REFUSED, "dump %s cannot be committed: its objects are condemned", id);
    error_hint(err, "\"redoubt expire\" took this run for dead, which may have slept for long. "
                    "What it stored will be deleted: make another one.");
    return STATUS_REFUSED;
}
