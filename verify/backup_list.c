// SPDX-License-Identifier: PostgreSQL
#include "verify/backup_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
compare(const void *left, const void *right)
{
    const struct listed_backup *const *one = left;
    const struct listed_backup *const *other = right;

    return strcmp((*one)->id, (*other)->id);
}

enum status
backup_list_fill(struct backup_list *list, const struct catalog *catalog, const char *only,
                 struct error *err)
{
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        struct listed_backup *added;

        if (only != NULL && strcmp(backup->id, only) != 0)
            continue;
        TRY(backup_list_add(list, backup->id, &added, err));
        added->backup = backup;
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare);
    for (size_t index = 0; index < list->count; index++)
        list->items[index]->index = (uint32_t) index;
    return OK;
}

enum status
backup_list_add(struct backup_list *list, const char *id, struct listed_backup **added,
                struct error *err)
{
    struct listed_backup **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    list->items = grown;
    *added = calloc(1, sizeof(**added));
    if (*added == NULL)
        return error_no_memory(err);
    snprintf((*added)->id, sizeof((*added)->id), "%s", id);
    (*added)->manifest_verified = TIME_NONE;
    (*added)->index = (uint32_t) list->count;
    list->items[list->count++] = *added;
    return OK;
}

struct listed_backup *
backup_list_find(const struct backup_list *list, const char *id)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high)
    {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(list->items[middle]->id, id);

        if (order == 0)
            return list->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void
backup_list_release(struct backup_list *list)
{
    for (size_t index = 0; index < list->count; index++)
        free(list->items[index]);
    free(list->items);
    *list = (struct backup_list){0};
}

void
backup_list_name(const struct backup_list *list, uint32_t first, size_t count,
                 char text[BACKUP_LIST_NAMES_SIZE])
{
    char more[32] = "";

    if (count > 1)
        snprintf(more, sizeof(more), " and %zu more", count - 1);
    snprintf(text, BACKUP_LIST_NAMES_SIZE, "backup %s%s", list->items[first]->id, more);
}
