// SPDX-License-Identifier: PostgreSQL
/*
 * faulty_store.h - a store that fails at its n-th operation, over another one.
 *
 * For sweeps: run with n = 1, 2, 3 and so on until a run passes untouched, and
 * look each time at what the store underneath was left with.  What counts as an
 * operation is each put, create, read, size, list, remove and the finish of a
 * stream.  Threads may share it; which of them meets the fault is then chance.
 */
#pragma once

#include "repo/store.h"

enum store_fault
{
    FAULT_TRANSIENT,  /* nothing happens, TRANSIENT */
    FAULT_IO,         /* nothing happens, IO */
    FAULT_REPLY_LOST, /* it happens and says TRANSIENT: what writes; reads as FAULT_TRANSIENT */
    FAULT_KINDS,
    FAULT_GONE, /* none of the kinds of failure: the answer NOT_FOUND, as if it were deleted */
};

/* Over target, which stays the caller's and outlives it. */
NODISCARD enum status faulty_store_open(struct store **store, struct store *target,
                                        struct error *err);

/* Count from now on and fail the nth operation once; 0: none. */
void faulty_store_arm(struct store *store, enum store_fault fault, unsigned nth);

/* Has the fault happened? */
bool faulty_store_struck(struct store *store);

/* The operations since it was armed. */
unsigned faulty_store_operations(struct store *store);
