// SPDX-License-Identifier: PostgreSQL
#include "verify/inventory.h"

#include "base/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SORTER_MEMORY ((size_t) 8 * 1024 * 1024)

struct inventory
{
    struct sorter *sorter;
    time_us since;
    uint64_t due_bytes;
    struct frame_table frames;
    bool has_item; /* one that was read ahead */
    char name[STORE_KEY_MAX + 1];
    struct inventory_item item;
};

/* The listing, merged with what was verified: both come in the order of names. */
struct taking
{
    struct inventory *inventory;
    struct verified_past *past;
    size_t prefix_size; /* of the cluster's name and a slash */
    bool has_record;
    struct verified_record record;
};

void
inventory_freep(struct inventory **inventory)
{
    if (*inventory == NULL)
        return;
    sorter_freep(&(*inventory)->sorter);
    frame_table_release(&(*inventory)->frames);
    free(*inventory);
    *inventory = NULL;
}

/* Sorted as a record that says whether the object is there. */
static enum status
add(struct taking *taking, const struct verified_record *record, bool present, struct error *err)
{
    char name[STORE_KEY_MAX + 2];
    struct verified_record marked = *record;

    if (present && record->at < taking->inventory->since)
        taking->inventory->due_bytes += record->size_bytes;
    /* Behind the name, so that the order stays. */
    snprintf(name, sizeof(name), "%s%c", record->name, present ? '\1' : '\2');
    marked.name = name;
    return verified_record_sort(taking->inventory->sorter, &marked, err);
}

static enum status
next_record(struct taking *taking, struct error *err)
{
    return verified_past_next(taking->past, &taking->has_record, &taking->record, err);
}

/* Take what was verified and sorts before this name: it is not there any more. */
static enum status
add_vanished(struct taking *taking, const char *name, struct error *err)
{
    while (taking->has_record && (name == NULL || strcmp(taking->record.name, name) < 0))
    {
        TRY(add(taking, &taking->record, false, err));
        TRY(next_record(taking, err));
    }
    return OK;
}

static enum status
add_present(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct taking *taking = arg;
    const char *name = key + taking->prefix_size;
    struct verified_record record = {.name = name, .size_bytes = size_bytes, .at = TIME_NONE};

    TRY(stop_check(err));
    TRY(add_vanished(taking, name, err));
    if (!taking->has_record || strcmp(taking->record.name, name) != 0)
        return add(taking, &record, true, err);
    /* Another size than it had when it was verified is news. */
    if (taking->record.size_bytes == size_bytes)
        record = taking->record;
    TRY(add(taking, &record, true, err));
    return next_record(taking, err);
}

enum status
inventory_take(struct inventory **inventory, struct repo *repo, struct verified_past *past,
               time_us since, struct error *err)
{
    SCOPED(inventory_freep) struct inventory *made = calloc(1, sizeof(*made));
    struct taking taking = {.inventory = made, .past = past};
    char prefix[STORE_KEY_MAX + 1];

    if (made == NULL)
        return error_no_memory(err);
    made->since = since;
    TRY(sorter_create(&made->sorter, SORTER_MEMORY, err));
    TRY(repo_key(repo, prefix, err, "%s", ""));
    taking.prefix_size = strlen(prefix);
    TRY(next_record(&taking, err));
    TRY(store_list(repo->store, prefix, "", add_present, &taking, err));
    TRY(add_vanished(&taking, NULL, err));
    TRY(sorter_sort(made->sorter, err));
    *inventory = made;
    made = NULL;
    return OK;
}

uint64_t
inventory_due_bytes(const struct inventory *inventory)
{
    return inventory->due_bytes;
}

/* Read the next item ahead, if there is one. */
static enum status
look_ahead(struct inventory *inventory, struct error *err)
{
    struct verified_record record;
    struct bytes name;
    struct bytes value;

    if (inventory->has_item)
        return OK;
    TRY(sorter_next(inventory->sorter, &inventory->has_item, &name, &value, err));
    if (!inventory->has_item)
        return OK;
    snprintf(inventory->name, sizeof(inventory->name), "%.*s", (int) name.size - 1,
             (const char *) name.data);
    TRY(verified_record_decode(inventory->name, value, &inventory->frames, &record, err));
    inventory->item = (struct inventory_item){.name = inventory->name,
                                              .size_bytes = record.size_bytes,
                                              .present = name.data[name.size - 1] == '\1',
                                              .verified = record.at,
                                              .due = record.at < inventory->since,
                                              .frames = record.frames};
    return OK;
}

enum status
inventory_next(struct inventory *inventory, const char *folder, bool *more,
               struct inventory_item *item, struct error *err)
{
    size_t size = strlen(folder);
    int order;

    do
    {
        TRY(look_ahead(inventory, err));
        *more = false;
        if (!inventory->has_item)
            return OK;
        order = strncmp(inventory->name, folder, size);
        if (order > 0)
            return OK;
        *item = inventory->item;
        inventory->has_item = false;
    } while (order < 0);
    *more = true;
    return OK;
}
