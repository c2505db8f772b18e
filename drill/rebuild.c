// SPDX-License-Identifier: PostgreSQL
#include "drill/rebuild.h"

#include "base/file.h"
#include "base/stop.h"
#include "drill/room.h"
#include "repo/store_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void
note_plan(struct trial *trial)
{
    struct receipt *receipt = trial->receipt;

    memcpy(receipt->drill.backup_id, trial->plan.backup.id, sizeof(receipt->drill.backup_id));
    receipt->drill.system_identifier = trial->plan.backup.system_identifier;
    receipt->timeline = trial->plan.timeline;
}

enum status
rebuild_plan(struct trial *trial, bool *sound, struct error *err)
{
    struct trial_layer layer = trial_begin(trial, LAYER_PLAN);
    struct error reason = {0};
    char found[sizeof(layer.result->found)];
    enum status status = plan_make(trial->repo, &trial->options->target, &trial->plan, &reason);

    *sound = status == OK;
    if (trial_is_over(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
    {
        trial_end_by(&layer, CHECK_FAILED, &reason);
        return OK;
    }
    note_plan(trial);
    snprintf(found, sizeof(found), "backup %s and %" PRIu64 " WAL segments", trial->plan.backup.id,
             trial->plan.segment_count);
    trial_end(&layer, CHECK_PASSED, found);
    return OK;
}

/* Tablespaces go into the drill's own directory, wherever the original has them. */
struct remaps
{
    struct layout_remap *items;
    size_t count;
};

static void
release_remaps(struct remaps *remaps)
{
    for (size_t index = 0; index < remaps->count; index++)
        free((char *) remaps->items[index].location);
    free(remaps->items);
}

static enum status
remap_all(const struct trial *trial, struct remaps *remaps, struct error *err)
{
    const struct pg_tablespace_map *originals = &trial->plan.tablespaces;

    remaps->items = calloc(originals->count + 1, sizeof(*remaps->items));
    if (remaps->items == NULL)
        return error_no_memory(err);
    for (; remaps->count < originals->count; remaps->count++)
    {
        uint32_t oid = originals->entries[remaps->count].oid;
        char *location;

        if (asprintf(&location, "%s/%" PRIu32, trial->place->tablespaces, oid) < 0)
            return error_no_memory(err);
        remaps->items[remaps->count] = (struct layout_remap){oid, location};
    }
    return OK;
}

static enum status
plan_layout(struct trial *trial, struct error *err)
{
    SCOPED(release_remaps) struct remaps remaps = {0};
    struct layout_options options = {.into = trial->place->data};

    TRY(remap_all(trial, &remaps, err));
    options.remaps = remaps.items;
    options.remap_count = remaps.count;
    return layout_plan(&options, &trial->plan.tablespaces, &trial->layout, err);
}

static enum status
restore_files(struct trial *trial, struct error *err)
{
    const struct drill_options *options = trial->options;
    const struct restore_options restore_options = {
        .plan = &trial->plan,
        .layout = &trial->layout,
        .program = options->program,
        .config_path = options->config_path,
        .repository = options->repository,
        .workers = options->workers,
    };

    return restore_run(trial->repo, &restore_options, &trial->restored, err);
}

/* What is wrong with an object is a finding; what is wrong with our disk is a broken drill. */
static enum status
prove_objects(struct trial *trial, bool *sound, struct error *err)
{
    struct trial_layer layer = trial_begin(trial, LAYER_OBJECTS);
    struct receipt *receipt = trial->receipt;
    uint64_t before = store_view_bytes(trial->repo->store);
    struct error reason = {0};
    enum status status = restore_files(trial, &reason);

    *sound = status == OK;
    if (trial_is_over(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
    {
        reason.detail[0] = '\0'; /* of what remains: a drill takes that away */
        trial_end_by(&layer,
                     status == STATUS_CORRUPT || status == STATUS_NOT_FOUND ? CHECK_FAILED
                                                                            : CHECK_BROKEN,
                     &reason);
        return OK;
    }
    trial_end(&layer, CHECK_PASSED, "every one that was read");
    receipt->fetch.duration_ms = layer.result->duration_ms;
    receipt->fetch.bytes = store_view_bytes(trial->repo->store) - before;
    receipt->restored_bytes = trial->plan.totals.bytes;
    return OK;
}

/* The manifest once more, beside what lies on the disk. */
struct inventory
{
    const struct layout *layout;
    uint64_t looked_at;
    uint64_t wrong;
    char first[256];
};

static void
note_wrong(struct inventory *inventory, const char *format, const char *path)
{
    if (inventory->wrong++ == 0)
        snprintf(inventory->first, sizeof(inventory->first), format, path);
}

/* A restore adds its settings, and the new places of tablespaces. */
static bool
is_rewritten(const char *path)
{
    return strcmp(path, "postgresql.auto.conf") == 0 || strcmp(path, "tablespace_map") == 0;
}

static enum status
compare_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct inventory *inventory = arg;
    SCOPED(freep) char *path = NULL;
    const char *place;
    struct stat status;

    TRY(stop_check(err));
    TRY(layout_place(inventory->layout, file, &place, err));
    if (place == NULL)
        return OK;
    if (strcmp(place, LAYOUT_CONTROL_ASIDE) == 0)
        place = LAYOUT_CONTROL;
    path = path_join(inventory->layout->into, place);
    if (path == NULL)
        return error_no_memory(err);
    inventory->looked_at++;
    if (stat(path, &status) != 0)
        note_wrong(inventory, "\"%s\" is missing", file->path);
    else if (S_ISDIR(status.st_mode) != (file->type == MANIFEST_DIRECTORY))
        note_wrong(inventory, "\"%s\" is of another kind", file->path);
    else if (S_ISREG(status.st_mode) && !is_rewritten(place) &&
             (uint64_t) status.st_size != file->size_bytes)
        note_wrong(inventory, "\"%s\" has another size", file->path);
    return OK;
}

static enum status
prove_manifest(struct trial *trial, bool *sound, struct error *err)
{
    struct trial_layer layer = trial_begin(trial, LAYER_MANIFEST);
    struct inventory inventory = {.layout = &trial->layout};
    const struct manifest_handler handler = {.file = compare_file, .arg = &inventory};
    struct error reason = {0};
    char found[sizeof(layer.result->found)];
    enum status status = manifest_read(trial->repo, trial->plan.backup.id, &handler, &reason);

    *sound = status == OK && inventory.wrong == 0;
    if (trial_is_over(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
        trial_end_by(&layer, CHECK_FAILED, &reason);
    else if (inventory.wrong > 0)
    {
        layer.result->findings =
            inventory.wrong > UINT32_MAX ? UINT32_MAX : (uint32_t) inventory.wrong;
        trial_end(&layer, CHECK_FAILED, inventory.first);
    }
    else
    {
        snprintf(found, sizeof(found), "%" PRIu64 " files and directories", inventory.looked_at);
        trial_end(&layer, CHECK_PASSED, found);
    }
    return OK;
}

enum status
rebuild_files(struct trial *trial, bool *sound, struct error *err)
{
    TRY(room_check(trial->place->directory, room_needed(&trial->plan), err));
    TRY(plan_layout(trial, err));
    TRY(prove_objects(trial, sound, err));
    return *sound ? prove_manifest(trial, sound, err) : OK;
}
