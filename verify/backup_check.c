// SPDX-License-Identifier: PostgreSQL
#include "verify/backup_check.h"

#include "base/file.h"
#include "base/units.h"
#include "verify/manifest_check.h"
#include "verify/plain_check.h"
#include "verify/wal_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST        "manifest"
#define SERVER_MANIFEST "postgres-manifest"
#define CONFIGURATION   "configuration"
#define WAL_FOLDER      "wal/"

/* A folder that no committed backup has. */
struct stray_folder
{
    char id[BACKUP_ID_SIZE]; /* "" for none */
    uint64_t objects;
    uint64_t bytes;
};

struct folders
{
    struct verify_context *context;
    struct backup_list *backups;
    struct needs *needs;
    struct crew *crew;
    struct stray_folder stray;
};

static enum status
find_in_folder(struct verify_context *context, enum verify_severity severity, const char *kind,
               const char *name, const char *text, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {severity, kind, key, text, ""};

    TRY(repo_key(context->repo, key, err, "%s", name));
    return context_find(context, &finding, err);
}

/* "backups/<id>/<rest>"; false for what is no backup's. */
static bool
split_name(const char *name, char id[BACKUP_ID_SIZE], const char **rest)
{
    const char *begin = name + strlen("backups/");
    const char *slash = strchr(begin, '/');

    if (slash == NULL || slash - begin >= BACKUP_ID_SIZE)
        return false;
    snprintf(id, BACKUP_ID_SIZE, "%.*s", (int) (slash - begin), begin);
    *rest = slash + 1;
    return backup_id_is_valid(id);
}

static enum status
end_stray(struct folders *folders, struct error *err)
{
    struct stray_folder *stray = &folders->stray;
    char size[UNITS_TEXT_SIZE];
    char key[STORE_KEY_MAX + 1];
    struct error text;
    const struct verify_finding finding = {
        VERIFY_INFORMATION, "orphan", key, text.message,
        "A backup that failed leaves it behind, and one under way has one. \"redoubt expire\" "
        "collects it."};

    if (stray->id[0] == '\0')
        return OK;
    TRY(repo_key(folders->context->repo, key, err, "backups/%s/", stray->id));
    units_format_size(stray->bytes, size);
    error_set(&text, STATUS_CORRUPT,
              "%" PRIu64 " objects of %s belong to a backup that the log does not have",
              stray->objects, size);
    *stray = (struct stray_folder){0};
    return context_find(folders->context, &finding, err);
}

static enum status
visit_stray(struct folders *folders, const char *id, const struct inventory_item *item,
            struct error *err)
{
    struct stray_folder *stray = &folders->stray;

    if (folders->context->options->backup_id != NULL ||
        catalog_condemned_backup(folders->context->catalog, id))
        return OK;
    if (strcmp(stray->id, id) != 0)
    {
        TRY(end_stray(folders, err));
        snprintf(stray->id, sizeof(stray->id), "%s", id);
    }
    stray->objects++;
    stray->bytes += item->size_bytes;
    return OK;
}

static enum status
visit_kept(struct folders *folders, struct listed_backup *backup, const struct inventory_item *item,
           struct error *err)
{
    struct wal_owner owner = {0};
    struct pg_wal_file file;
    struct error ignored;

    if (backup->backup != NULL)
        owner =
            (struct wal_owner){backup->backup->system_identifier, backup->backup->wal_segment_size};
    if (pg_wal_file_parse(path_name(item->name), owner.segment_size, &file, &ignored) != OK)
        return find_in_folder(folders->context, VERIFY_INFORMATION, "unexpected", item->name,
                              "no WAL file has such a name", err);
    backup->wal_count++;
    return wal_job_send(folders->crew, folders->context, item, &owner, &file, err);
}

static enum status
visit_object(struct folders *folders, struct listed_backup *backup, const char *rest,
             const struct inventory_item *item, struct error *err)
{
    if (strcmp(rest, MANIFEST) == 0)
    {
        backup->has_manifest = true;
        backup->manifest_size = item->size_bytes;
        backup->manifest_verified = item->verified;
        backup->manifest_due = item->due;
        return manifest_check_send(folders->crew, folders->context, folders->needs, backup, err);
    }
    if (strcmp(rest, SERVER_MANIFEST) == 0)
    {
        backup->has_server_manifest = true;
        return plain_check_send(folders->crew, folders->context, item, err);
    }
    if (strcmp(rest, CONFIGURATION) == 0)
        return plain_check_send(folders->crew, folders->context, item, err);
    if (strncmp(rest, WAL_FOLDER, strlen(WAL_FOLDER)) == 0)
        return visit_kept(folders, backup, item, err);
    return find_in_folder(folders->context, VERIFY_INFORMATION, "unexpected", item->name,
                          "a backup has no object of this name", err);
}

/* An object of some backup's folder: the backup's, nobody's, or one of a list still to be made. */
static enum status
visit(struct folders *folders, const struct inventory_item *item, struct error *err)
{
    struct listed_backup *backup;
    char id[BACKUP_ID_SIZE];
    const char *rest;

    if (!item->present)
        return OK;
    if (!split_name(item->name, id, &rest))
        return find_in_folder(folders->context, VERIFY_INFORMATION, "unexpected", item->name,
                              "no backup has such a name", err);
    backup = backup_list_find(folders->backups, id);
    if (backup == NULL && folders->context->catalog != NULL)
        return visit_stray(folders, id, item, err);
    if (backup == NULL)
        TRY(backup_list_add(folders->backups, id, &backup, err));
    return visit_object(folders, backup, rest, item, err);
}

static enum status
check_presence(struct verify_context *context, struct listed_backup *backup, struct error *err)
{
    char name[64];
    struct error text;

    if (backup->backup == NULL)
        return OK;
    if (!backup->has_manifest)
    {
        atomic_store(&backup->failed, true);
        atomic_store(&backup->unread, true);
        snprintf(name, sizeof(name), "backups/%s/" MANIFEST, backup->id);
        TRY(find_in_folder(context, VERIFY_DAMAGE, "missing", name,
                           "the manifest is not there: the backup cannot be restored", err));
    }
    if (!backup->has_server_manifest)
    {
        snprintf(name, sizeof(name), "backups/%s/" SERVER_MANIFEST, backup->id);
        TRY(find_in_folder(
            context, VERIFY_DAMAGE, "missing", name,
            "the server's manifest is not there: the backup can be restored, and no incremental "
            "backup can follow it",
            err));
    }
    if (backup->wal_count >= backup->backup->wal_kept)
        return OK;
    snprintf(name, sizeof(name), "backups/%s/" WAL_FOLDER, backup->id);
    error_set(&text, STATUS_CORRUPT, "%u WAL files were kept with the backup, and %u are there",
              backup->backup->wal_kept, backup->wal_count);
    return find_in_folder(context, VERIFY_DAMAGE, "missing", name, text.message, err);
}

static enum status
walk(struct folders *folders, struct inventory *inventory, struct error *err)
{
    struct inventory_item item;
    bool more;

    TRY(inventory_next(inventory, "backups/", &more, &item, err));
    while (more)
    {
        TRY(visit(folders, &item, err));
        TRY(inventory_next(inventory, "backups/", &more, &item, err));
    }
    return end_stray(folders, err);
}

enum status
backup_check_run(struct verify_context *context, struct inventory *inventory,
                 struct backup_list *backups, struct needs *needs, struct error *err)
{
    SCOPED(crew_freep) struct crew *crew = NULL;
    struct folders folders = {.context = context, .backups = backups, .needs = needs};

    TRY(crew_start(&crew, context, err));
    folders.crew = crew;
    TRY(walk(&folders, inventory, err));
    TRY(crew_finish(crew, err));
    for (size_t index = 0; index < backups->count; index++)
        TRY(check_presence(context, backups->items[index], err));
    return needs_sort(needs, err);
}

enum status
backup_check_remember(struct verify_context *context, const struct backup_list *backups,
                      struct error *err)
{
    for (size_t index = 0; index < backups->count; index++)
    {
        struct listed_backup *backup = backups->items[index];
        char name[64];
        struct verified_record record = {
            .name = name, .size_bytes = backup->manifest_size, .at = backup->manifest_verified};

        snprintf(name, sizeof(name), "backups/%s/" MANIFEST, backup->id);
        if (atomic_load(&backup->failed) || !backup->has_manifest)
            continue;
        if (!backup->manifest_due)
        {
            TRY(verified_carry(context->verified, &record, err));
            continue;
        }
        record.at = context->started;
        TRY(verified_note(context->verified, &record, err));
    }
    return OK;
}
