// SPDX-License-Identifier: PostgreSQL
#include "verify/pack_check.h"

#include "base/units.h"
#include "verify/pack_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Packs that nobody names. */
struct left_over
{
    uint64_t packs;
    uint64_t bytes;
};

/* Where the merge of needs and inventory is. */
struct merge
{
    struct pack_check *check;
    struct crew *crew;
    bool has_needs;
    struct pack_needs needs;
    bool has_item;
    struct inventory_item item;
    uint8_t item_id[PACK_ID_SIZE];
    struct left_over left_over;
};

static void
release_merge(struct merge *merge)
{
    needs_release(&merge->needs);
}

static enum status
next_needs(struct merge *merge, struct error *err)
{
    needs_release(&merge->needs);
    return needs_next(merge->check->needs, &merge->has_needs, &merge->needs, err);
}

/* "packs/aa/<id>", and the id begins with aa. */
static bool
parse_name(const char *name, uint8_t id[PACK_ID_SIZE])
{
    const size_t folder = strlen("packs/aa/");

    return strlen(name) == folder + (size_t) 2 * PACK_ID_SIZE && name[folder - 1] == '/' &&
           memcmp(name + strlen("packs/"), name + folder, 2) == 0 &&
           hex_decode(name + folder, id, PACK_ID_SIZE);
}

static enum status
unexpected(struct merge *merge, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {VERIFY_INFORMATION, "unexpected", key,
                                           "no pack has such a name", ""};

    TRY(repo_key(merge->check->context->repo, key, err, "%s", merge->item.name));
    return context_find(merge->check->context, &finding, err);
}

static enum status
next_item(struct merge *merge, struct error *err)
{
    for (;;)
    {
        TRY(inventory_next(merge->check->inventory, "packs/", &merge->has_item, &merge->item, err));
        /* What vanished is missed by whoever needs it. */
        if (merge->has_item && !merge->item.present)
            continue;
        if (!merge->has_item || parse_name(merge->item.name, merge->item_id))
            return OK;
        TRY(unexpected(merge, err));
    }
}

static enum status
missing(struct merge *merge, struct error *err)
{
    struct pack_check *check = merge->check;
    const struct pack_needs *needs = &merge->needs;
    char names[BACKUP_LIST_NAMES_SIZE];
    char key[STORE_KEY_MAX + 1];
    struct error reason;
    const struct verify_finding finding = {
        VERIFY_DAMAGE, "missing", key, reason.message,
        "Files in it cannot be restored from here. Copy it from another repository if there is "
        "one, and take a full backup now."};

    for (size_t index = 0; index < needs->user_count; index++)
        atomic_store(&check->backups->items[needs->users[index].backup]->failed, true);
    TRY(affected_add(check->affected, needs->id, 0, true, err));
    TRY(pack_key(check->context->repo, needs->id, key, err));
    backup_list_name(check->backups, needs->users[0].backup, needs->user_count, names);
    error_set(&reason, STATUS_CORRUPT, "the pack is not there; %s needs it", names);
    return context_find(check->context, &finding, err);
}

/* May a manifest that cannot be read name it?  The writing backup's certainly did. */
static bool
may_be_needed(const struct merge *merge)
{
    const char *only = merge->check->context->options->backup_id;

    if (merge->check->all_manifests)
        return false;
    return only == NULL || pack_id_tag(merge->item_id) == backup_tag(only);
}

/*
 * Nobody names it: of a backup that failed, or that is being made just now.  Or
 * nobody can be asked, and then it is read all the same.
 */
static enum status
leave(struct merge *merge, struct error *err)
{
    const struct catalog *catalog = merge->check->context->catalog;
    struct pack_needs nothing = {0};

    if (catalog != NULL && catalog_condemned_pack(catalog, merge->item_id))
        return OK;
    if (may_be_needed(merge))
    {
        memcpy(nothing.id, merge->item_id, PACK_ID_SIZE);
        return pack_job_send(merge->crew, merge->check, &merge->item, &nothing, err);
    }
    merge->left_over.packs++;
    merge->left_over.bytes += merge->item.size_bytes;
    return OK;
}

/* One step of the merge: whichever id comes first. */
static enum status
step(struct merge *merge, struct error *err)
{
    int order = !merge->has_item    ? -1
                : !merge->has_needs ? 1
                                    : memcmp(merge->needs.id, merge->item_id, PACK_ID_SIZE);

    if (order < 0)
    {
        TRY(missing(merge, err));
        return next_needs(merge, err);
    }
    if (order > 0)
    {
        TRY(leave(merge, err));
        return next_item(merge, err);
    }
    TRY(pack_job_send(merge->crew, merge->check, &merge->item, &merge->needs, err));
    TRY(next_needs(merge, err));
    return next_item(merge, err);
}

static enum status
tell_left_over(struct merge *merge, struct error *err)
{
    const struct left_over *left = &merge->left_over;
    struct pack_check *check = merge->check;
    char size[UNITS_TEXT_SIZE];
    char key[STORE_KEY_MAX + 1];
    struct error reason;
    const struct verify_finding finding = {
        VERIFY_INFORMATION, "orphan", key, reason.message,
        "Backups that failed leave them behind, and one under way has some. \"redoubt expire\" "
        "collects them."};

    /* Of one backup, or without all manifests, nothing is known about the others. */
    if (left->packs == 0 || !check->all_manifests || check->context->options->backup_id != NULL)
        return OK;
    TRY(repo_key(check->context->repo, key, err, "packs/"));
    units_format_size(left->bytes, size);
    error_set(&reason, STATUS_CORRUPT, "%" PRIu64 " packs of %s belong to no backup", left->packs,
              size);
    return context_find(check->context, &finding, err);
}

enum status
pack_check_run(struct pack_check *check, struct error *err)
{
    SCOPED(crew_freep) struct crew *crew = NULL;
    SCOPED(release_merge) struct merge merge = {.check = check};

    TRY(crew_start(&crew, check->context, err));
    merge.crew = crew;
    TRY(next_needs(&merge, err));
    TRY(next_item(&merge, err));
    while (merge.has_needs || merge.has_item)
        TRY(step(&merge, err));
    TRY(crew_finish(crew, err));
    return tell_left_over(&merge, err);
}
