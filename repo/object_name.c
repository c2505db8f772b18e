// SPDX-License-Identifier: PostgreSQL
#include "repo/object_name.h"

#include "base/file.h"
#include "repo/wal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Each reader proves what it read by making the name again. */

static enum status
read_pack(const struct repo *repo, const char *key, struct object_name *name, struct error *err)
{
    char expected[STORE_KEY_MAX + 1];

    if (!hex_decode(path_name(key), name->pack, PACK_ID_SIZE))
        return OK;
    TRY(pack_key(repo, name->pack, expected, err));
    if (strcmp(key, expected) == 0)
        name->kind = OBJECT_KIND_PACK;
    return OK;
}

static enum status
read_wal(const struct repo *repo, const char *key, const char *rest, struct object_name *name,
         struct error *err)
{
    struct wal_file file = {.name = path_name(key)};
    char expected[STORE_KEY_MAX + 1];
    struct error ignored;
    int used = 0;

    if (sscanf(rest, "%20" SCNu64 "/%n", &file.system_identifier, &used) != 1 || used == 0)
        return OK;
    name->system_identifier = file.system_identifier;
    if (strcmp(rest + used, "lineage.json") == 0)
    {
        name->kind = OBJECT_KIND_LINEAGE;
        return OK;
    }
    if (pg_wal_file_parse(file.name, 0, &name->wal, &ignored) != OK)
        return OK;
    TRY(wal_key(repo, &file, expected, err));
    if (strcmp(key, expected) == 0)
        name->kind = OBJECT_KIND_WAL;
    return OK;
}

static enum object_kind
kind_in_folder(const char *rest, struct pg_wal_file *wal)
{
    struct error ignored;

    if (strcmp(rest, "manifest") == 0)
        return OBJECT_KIND_MANIFEST;
    if (strcmp(rest, "postgres-manifest") == 0 || strcmp(rest, "configuration") == 0)
        return OBJECT_KIND_BACKUP;
    if (strncmp(rest, "wal/", 4) == 0 && pg_wal_file_parse(rest + 4, 0, wal, &ignored) == OK)
        return OBJECT_KIND_BACKUP_WAL;
    return OBJECT_KIND_NONE;
}

static void
read_backup(const char *rest, struct object_name *name)
{
    size_t length = strcspn(rest, "/");

    if (length >= BACKUP_ID_SIZE || rest[length] == '\0')
        return;
    memcpy(name->backup, rest, length);
    if (backup_id_is_valid(name->backup))
        name->kind = kind_in_folder(rest + length + 1, &name->wal);
}

/* What stands behind a dump's id and a dot. */
static void
read_extension(const char *extension, struct object_name *name)
{
    if (strcmp(extension, DUMP_EXTENSION_GLOBALS) == 0)
        name->kind = OBJECT_KIND_DUMP_GLOBALS;
    if (strcmp(extension, DUMP_EXTENSION_DOCUMENT) == 0)
        name->kind = OBJECT_KIND_DUMP_DOCUMENT;
    for (int format = DUMP_CUSTOM; format <= DUMP_DIRECTORY; format++)
        for (int compression = DUMP_ZSTD; compression <= DUMP_GZIP; compression++)
        {
            const struct dump dump = {.format = (enum dump_format) format,
                                      .compression = (enum dump_compression) compression};

            if (strcmp(extension, dump_extension(&dump)) != 0)
                continue;
            name->kind = OBJECT_KIND_DUMP;
            name->gzip = compression == DUMP_GZIP;
        }
}

static void
read_dump(const char *rest, struct object_name *name)
{
    size_t length = strcspn(rest, ".");
    struct dump dump;
    struct error ignored;

    if (length >= DUMP_ID_SIZE || rest[length] == '\0')
        return;
    memcpy(name->dump, rest, length);
    if (dump_id_parse(name->dump, &dump, &ignored) == OK)
        read_extension(rest + length + 1, name);
}

static void
read_drill(const char *rest, struct object_name *name)
{
    size_t length = strcspn(rest, ".");

    if (length >= DRILL_ID_SIZE || strcmp(rest + length, ".json") != 0)
        return;
    memcpy(name->drill, rest, length);
    if (backup_id_is_valid(name->drill))
        name->kind = OBJECT_KIND_DRILL;
}

enum status
object_name_read(const struct repo *repo, const char *key, struct object_name *name,
                 struct error *err)
{
    size_t length = strlen(repo->cluster);
    const char *rest = key + length + 1;

    *name = (struct object_name){0};
    if (strncmp(key, repo->cluster, length) != 0 || key[length] != '/')
        return OK;
    if (strncmp(rest, "packs/", 6) == 0)
        return read_pack(repo, key, name, err);
    if (strncmp(rest, "wal/", 4) == 0)
        return read_wal(repo, key, rest + 4, name, err);
    if (strncmp(rest, "backups/", 8) == 0)
        read_backup(rest + 8, name);
    if (strncmp(rest, "dumps/", 6) == 0)
        read_dump(rest + 6, name);
    if (strncmp(rest, "drills/", 7) == 0)
        read_drill(rest + 7, name);
    return OK;
}
