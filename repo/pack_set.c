// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_set.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void
pack_set_release(struct pack_set *set)
{
    free(set->ids);
    *set = (struct pack_set){0};
}

enum status
pack_set_add(struct pack_set *set, const uint8_t id[PACK_ID_SIZE], struct error *err)
{
    if (set->count == set->capacity)
    {
        size_t capacity = set->capacity == 0 ? FIRST_CAPACITY : 2 * set->capacity;
        uint8_t(*grown)[PACK_ID_SIZE] = realloc(set->ids, capacity * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        set->ids = grown;
        set->capacity = capacity;
    }
    memcpy(set->ids[set->count++], id, PACK_ID_SIZE);
    return OK;
}

static int
compare_ids(const void *left, const void *right)
{
    return memcmp(left, right, PACK_ID_SIZE);
}

void
pack_set_sort(struct pack_set *set)
{
    size_t kept = 0;

    if (set->count == 0)
        return;
    qsort(set->ids, set->count, sizeof(*set->ids), compare_ids);
    for (size_t index = 1; index < set->count; index++)
        if (compare_ids(set->ids[kept], set->ids[index]) != 0)
            memmove(set->ids[++kept], set->ids[index], PACK_ID_SIZE);
    set->count = kept + 1;
}

bool
pack_set_find(const struct pack_set *set, const uint8_t id[PACK_ID_SIZE], size_t *index)
{
    const uint8_t(*found)[PACK_ID_SIZE] = NULL;

    if (set->count > 0)
        found = bsearch(id, set->ids, set->count, sizeof(*set->ids), compare_ids);
    if (found == NULL)
        return false;
    *index = (size_t) (found - set->ids);
    return true;
}

bool
pack_set_has(const struct pack_set *set, const uint8_t id[PACK_ID_SIZE])
{
    size_t index;

    return pack_set_find(set, id, &index);
}
