// SPDX-License-Identifier: PostgreSQL
/*
 * checks_report.h - what checks found, for people.
 */
#pragma once

#include "checks/checks.h"

/* A table on standard output, and "12 checks, 1 failed" as its last line. */
NODISCARD enum status checks_report_print(const struct check_results *results, struct error *err);

/* CORRUPT when one failed or was broken, with how many. */
NODISCARD enum status checks_report_conclude(const struct check_results *results,
                                             const char *database, struct error *err);
