// SPDX-License-Identifier: PostgreSQL
#include "tests/contract/store_contract.h"

static enum status
open_memory(void *arg, struct store **store, void **context, struct error *err)
{
    (void) arg;
    (void) context;
    return store_open_memory(store, err);
}

int
main(void)
{
    const struct store_contract contract = {
        .name = "the store contract, in memory",
        .open = open_memory,
        .part_size_bytes = 65536,
    };

    return store_contract_run(&contract);
}
