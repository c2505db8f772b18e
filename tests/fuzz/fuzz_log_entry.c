// SPDX-License-Identifier: PostgreSQL
#include "base/json.h"
#include "repo/catalog.h"
#include "repo/object.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One entry, in a repository of its own that has nothing else. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct repo repo = {.cluster = (char *) "fuzz", .conditional_create = true};
    SCOPED(store_freep) struct store *store = NULL;
    struct error err;

    if (store_open_memory(&store, &err) != OK)
        return 0;
    repo.store = store;
    if (object_put(&repo, "fuzz/log/00000000000000000001.json", OBJECT_PLAIN,
                   (struct bytes){data, size}, &err) == OK &&
        catalog_load(&repo, &catalog, &err) == OK && catalog.last_number != 1)
        __builtin_trap();
    return 0;
}
