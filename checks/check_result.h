// SPDX-License-Identifier: PostgreSQL
/*
 * check_result.h - what a check expected, what it found, and whether that is good.
 */
#pragma once

#include "base/json.h"

enum check_state
{
    CHECK_BROKEN, /* could not be run, or not to its end: no better than failed */
    CHECK_PASSED,
    CHECK_FAILED,
    CHECK_SKIPPED, /* there is nothing to judge, and found says why */
};

enum check_kind
{
    CHECK_EXISTS,
    CHECK_ROWS,
    CHECK_FRESHNESS,
    CHECK_FOREIGN_KEY,
    CHECK_COLLATION,
    CHECK_QUERY,
    CHECK_COMMAND,
};

/* Texts are UTF-8 without control characters, whatever the server said. */
struct check_result
{
    enum check_kind kind;
    char name[256];
    char expected[256];
    char found[512];
    enum check_state state;
    int64_t duration_ms;
    bool counted; /* rows is exact: of a check of rows that came to count */
    uint64_t rows;
};

/* "passed", "failed", "broken", "skipped" */
const char *check_state_name(enum check_state state);

/* The object's member "state", such a name. */
NODISCARD enum status check_state_from_json(const json_t *object, enum check_state *state,
                                            struct error *err);

/* "exists", "rows", "freshness", "foreign_key", "collation", "query", "command" */
const char *check_kind_name(enum check_kind kind);

/* {"kind", "name", "expected", "found", "state", "seconds"}.  NULL when out of memory. */
json_t *check_result_to_json(const struct check_result *result);
NODISCARD enum status check_result_from_json(const json_t *object, struct check_result *result,
                                             struct error *err);
