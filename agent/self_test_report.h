// SPDX-License-Identifier: PostgreSQL
/*
 * self_test_report.h - whether a drill can fail, for people and as JSON.
 */
#pragma once

#include "base/json.h"
#include "drill/self_test.h"

NODISCARD enum status self_test_report_print(const struct self_test *test, struct error *err);

/* {"ok", "damages": [{"damage", "expected", "caught", "ok", "found"}]}.  NULL when out of memory.
 */
json_t *self_test_report_json(const struct self_test *test);

/* CORRUPT: damage was not found where it should be, and the drill's verdicts mean little. */
NODISCARD enum status self_test_report_conclude(const struct self_test *test, struct error *err);
