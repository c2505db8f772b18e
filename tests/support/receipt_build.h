// SPDX-License-Identifier: PostgreSQL
/*
 * receipt_build.h - drills and their receipts for tests.
 */
#pragma once

#include "drill/receipt.h"
#include "repo/catalog.h"

/* Of the night of this number; a minute's RTO and a second's more for each number. */
struct drill drill_build(unsigned number, enum drill_verdict verdict);

/* One that passed, with something in every member; released by receipt_release. */
void receipt_build(struct receipt *receipt, unsigned number);

/* Let a layer, and a check of it, fail; and judge. */
void receipt_build_fail(struct receipt *receipt, enum drill_layer layer, const char *found);

/* Store it, and commit it. */
void receipt_build_commit(struct repo *repo, struct catalog *catalog,
                          const struct receipt *receipt);
