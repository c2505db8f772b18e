// SPDX-License-Identifier: PostgreSQL
/*
 * amcheck.h - tables and indexes looked through by pg_amcheck: each table's
 * structure, and that its indexes have all of it
 * (https://www.postgresql.org/docs/current/app-pgamcheck.html).
 *
 * The extension is installed where it is missing, which only a copy of one's own
 * may have done to it.
 */
#pragma once

#include "drill/trial.h"

/* LAYER_AMCHECK, of all databases; each finding goes into the receipt too. */
NODISCARD enum status amcheck_prove(struct trial *trial, struct error *err);

/* The same of one database, into any layer result. */
NODISCARD enum status amcheck_database(struct trial *trial, const char *database,
                                       struct trial_layer *layer, struct error *err);

/* A finding of pg_amcheck's report: texts borrow from it. */
struct amcheck_finding
{
    struct bytes where; /* btree index "shop.public.orders_pkey" */
    struct bytes what;  /* the first line of the reason */
};

/* The next one of a report, which is moved on; false at its end. */
bool amcheck_next(struct bytes *report, struct amcheck_finding *finding);
