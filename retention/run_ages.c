// SPDX-License-Identifier: PostgreSQL
#include "retention/run_ages.h"

#include <stdlib.h>
#include <string.h>

void
run_ages_release(struct run_ages *ages)
{
    free(ages->items);
    *ages = (struct run_ages){0};
}

/* The first run whose tag is not below this one. */
static size_t
find(const struct run_ages *ages, uint32_t tag)
{
    size_t low = 0;
    size_t high = ages->count;

    while (low < high)
    {
        size_t middle = low + (high - low) / 2;

        if (ages->items[middle].tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum status
run_ages_see(struct run_ages *ages, uint32_t tag, time_us time, struct error *err)
{
    size_t index = find(ages, tag);
    struct run_age *grown;

    if (index < ages->count && ages->items[index].tag == tag)
    {
        if (ages->items[index].last_seen < time)
            ages->items[index].last_seen = time;
        return OK;
    }
    grown = realloc(ages->items, (ages->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    ages->items = grown;
    memmove(&grown[index + 1], &grown[index], (ages->count - index) * sizeof(*grown));
    grown[index] = (struct run_age){tag, time};
    ages->count++;
    return OK;
}

time_us
run_ages_last_seen(const struct run_ages *ages, uint32_t tag)
{
    size_t index = find(ages, tag);

    return index < ages->count && ages->items[index].tag == tag ? ages->items[index].last_seen
                                                                : TIME_NONE;
}
