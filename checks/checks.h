// SPDX-License-Identifier: PostgreSQL
/*
 * checks.h - is what was restored what it should be?
 *
 * One engine for logical dumps and for restore drills.  Fill in a struct
 * checks_request, run it, look at results.failed, and release the results:
 *
 *     SCOPED(check_results_release) struct check_results results = {0};
 *     TRY(checks_run(&request, &results, err));
 *     if (results.failed > 0) ...
 *
 * Checks run over ordinary connections of their own, several at once; all are
 * run whatever the others say.  They only read: every session is read-only, sees
 * all rows or fails (row_security is off), and gives up at the limit.
 *
 * All memory that a request names is the caller's and must live until the end.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "checks/check_result.h"
#include "pg/tables.h"

/* Of one table, as the configuration names it: see checks/table_name.h. */
struct checks_table
{
    const char *name; /* "orders", "public.orders", "sales.\"Order Items\"" */
    bool has_minimum;
    bool has_maximum;
    uint64_t minimum; /* rows */
    uint64_t maximum;
    uint32_t change_percent;  /* from the count that was recorded; 0: does not matter */
    const char *fresh_column; /* a date or timestamp; NULL: none */
    int64_t fresh_within_ms;  /* its newest is at most so old at the reference time */
};

struct checks_query
{
    const char *name;
    const char *sql; /* one SELECT, VALUES, TABLE or WITH: one row whose only column is true */
};

#define CHECKS_SAMPLE_ABOVE UINT32_C(10000000)
#define CHECKS_LIMIT_MS     INT64_C(1800000)

/* A section "checks" of the configuration. */
struct checks_config
{
    const char *database; /* NULL: any */
    struct checks_table *tables;
    size_t table_count;
    bool tables_present;        /* all that were recorded; else it is only said which are gone */
    bool foreign_keys;          /* all that the database has */
    uint32_t sample_above_rows; /* larger referencing tables are sampled; 0: never */
    bool collations;
    struct checks_query *queries;
    size_t query_count;
    const char *
        *command;     /* a path, arguments, NULL; NULL: none; gets PGHOST, PGDATABASE and so on */
    int64_t limit_ms; /* for each check */
};

/* Where nothing is configured: collations and all foreign keys. */
extern const struct checks_config checks_default;

/* What was counted when the dump was made, or in an earlier drill. */
struct checks_count
{
    const char *schema;
    const char *table;
    uint64_t rows;
    bool counted; /* else an estimate */
};

struct checks_request
{
    const char *conninfo; /* to the restored server */
    const char *database; /* as it is called there */
    const struct checks_config *config;
    const struct checks_count *counts; /* NULL: nothing was recorded, no change is judged */
    size_t count_count;
    bool record;          /* leave the counts of all tables in the results */
    time_us reference;    /* when what was restored was the present */
    unsigned workers;     /* connections at once, at least 1 */
    bool without_command; /* it is skipped: what it does to a server in use, nobody knows */
};

struct check_results
{
    struct check_result *items; /* owned; in the order of the configuration */
    size_t count;
    size_t failed; /* or broken */
    size_t skipped;
    struct checks_count *counts; /* owned; by schema and table; none unless asked for */
    size_t count_count;
    struct pg_tables tables; /* owned; what counts borrow */
};

/*
 * OK however the checks come out; fails when they cannot be begun: CONFIG,
 * DENIED, TRANSIENT as pg_connection_open.  CANCELLED after a request to stop:
 * what was not run until then is broken.
 */
NODISCARD enum status checks_run(const struct checks_request *request,
                                 struct check_results *results, struct error *err);

/* An array of what check_result_to_json makes.  NULL when out of memory. */
json_t *check_results_to_json(const struct check_results *results);

/* For SCOPED on an initialised struct. */
void check_results_release(struct check_results *results);
