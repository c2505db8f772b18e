// SPDX-License-Identifier: PostgreSQL
#include "dump/document.h"
#include "repo/object.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "shop/backup-2026-11-21T03-00-00"

/* What loads is of the dump that was asked for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(dump_document_release) struct dump_document document = {0};
    struct repo repo = {.cluster = (char *) "fuzz", .conditional_create = true};
    SCOPED(store_freep) struct store *store = NULL;
    struct error err;

    if (store_open_memory(&store, &err) != OK)
        return 0;
    repo.store = store;
    if (object_put(&repo, "fuzz/dumps/" ID ".json", OBJECT_PLAIN, (struct bytes){data, size},
                   &err) == OK &&
        dump_document_load(&repo, ID, &document, &err) == OK &&
        strcmp(document.dump.database, "shop") != 0)
        __builtin_trap();
    return 0;
}
