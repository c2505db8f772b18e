// SPDX-License-Identifier: PostgreSQL
/*
 * store_contract.h - what every driver of repo/store.h must do, as tests.
 *
 * One test program per driver calls store_contract_run.  Each test gets a store
 * of its own, open and empty, and shares nothing with the others.
 */
#pragma once

#include "repo/store.h"

struct store_contract
{
    const char *name;

    /* Open an empty store; context may keep what close needs. */
    enum status (*open)(void *arg, struct store **store, void **context, struct error *err);

    /* After the store is freed; may be NULL. */
    void (*close)(void *arg, void *context);
    void *arg;

    /* Where the driver changes its ways, for a stream of unknown length. */
    size_t part_size_bytes;

    /* A stream that is not finished lies in the store, and would if its writer were gone. */
    bool leaves_unfinished;
};

/* The number of failed tests. */
int store_contract_run(const struct store_contract *contract);
