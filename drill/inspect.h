// SPDX-License-Identifier: PostgreSQL
/*
 * inspect.h - the checks of checks/, over every database of the restored server.
 *
 * Which checks a database has, and what is said of one that is not there, is in
 * scope.h.
 */
#pragma once

#include "drill/trial.h"

/* LAYER_COLLATIONS to LAYER_COMMAND, with each check and the tables' rows in the receipt. */
NODISCARD enum status inspect_prove(struct trial *trial, struct error *err);

/* How checks came out, layer by layer. */
struct inspect_tally
{
    struct layer_result layers[LAYER_COUNT];
    uint32_t counts[LAYER_COUNT];
};

void inspect_start(struct inspect_tally *tally);

/* Add the checks of one database; database "" leaves its name out. */
void inspect_add(struct inspect_tally *tally, const char *database,
                 const struct check_results *results);

/* What each layer has to say when all are added. */
void inspect_conclude(struct inspect_tally *tally);
