// SPDX-License-Identifier: PostgreSQL
/*
 * self_test_run.h - a drill's own layers, run over what was damaged for them.
 */
#pragma once

#include "drill/self_test.h"
#include "drill/trial.h"

/* DAMAGE_PACK and DAMAGE_WAL; before anything is in the trial's place.  It has a plan. */
NODISCARD enum status self_test_repository(struct trial *trial, struct self_test *test,
                                           struct error *err);

/* DAMAGE_NONE and the others; the restored server runs. */
NODISCARD enum status self_test_databases(struct trial *trial, struct self_test *test,
                                          struct error *err);
