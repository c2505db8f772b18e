// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/contract/store_contract.h"

static enum status
open_file(void *arg, struct store **store, void **context, struct error *err)
{
    (void) arg;
    *context = test_directory_create();
    return store_open_file(store, *context, err);
}

static void
remove_root(void *arg, void *context)
{
    (void) arg;
    test_directory_remove(context);
}

int
main(void)
{
    const struct store_contract contract = {
        .name = "the store contract, in files",
        .open = open_file,
        .close = remove_root,
        .part_size_bytes = 65536,
        .leaves_unfinished = true,
    };

    return store_contract_run(&contract);
}
