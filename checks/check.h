// SPDX-License-Identifier: PostgreSQL
/*
 * check.h - the kinds of checks, as checks.c runs them.
 *
 * A check says what it expects and what it found, and whether that is good.  If
 * it cannot, it returns an error, which is found then, and the check is broken.
 * check_<kind>.c has one kind each.  Used inside checks/ only.
 */
#pragma once

#include "checks/checks.h"
#include "checks/foreign_key.h"
#include "checks/table_name.h"
#include "pg/connection.h"

/* What the checks of one worker share. */
struct check_context
{
    const struct checks_request *request;
    struct pg_connection *connection;
};

struct check
{
    enum check_kind kind;
    enum status (*run)(const struct check_context *context, const struct check *check,
                       struct check_result *result, struct error *err);
    union /* what it is about, where it is about one of these */
    {
        const struct checks_table *table;
        const struct checks_query *query;
        const struct foreign_key *foreign_key;
    };
};

/* Set the texts of a result, made fit for it.  A text longer than that ends in "...". */
void check_result_expected(struct check_result *result, const char *format, ...) PRINTF_LIKE(2, 3);
void check_result_found(struct check_result *result, const char *format, ...) PRINTF_LIKE(2, 3);
void check_result_name(struct check_result *result, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Is it there, with rows of its own?  If not, that is what was found, and failed.
 * UNSUPPORTED: a foreign table, whose rows are elsewhere.
 */
enum status check_exists_with_rows(const struct check_context *context,
                                   const struct table_name *name, struct check_result *result,
                                   bool *there, struct error *err);

/* Passed or failed. */
void check_result_judge(struct check_result *result, bool good);
void check_result_skip(struct check_result *result, const char *reason);

/* The kinds, as struct check runs them. */
enum status check_exists(const struct check_context *context, const struct check *check,
                         struct check_result *result, struct error *err);
enum status check_recorded(const struct check_context *context, const struct check *check,
                           struct check_result *result, struct error *err);
enum status check_rows(const struct check_context *context, const struct check *check,
                       struct check_result *result, struct error *err);
enum status check_freshness(const struct check_context *context, const struct check *check,
                            struct check_result *result, struct error *err);
enum status check_foreign_key(const struct check_context *context, const struct check *check,
                              struct check_result *result, struct error *err);
enum status check_collations(const struct check_context *context, const struct check *check,
                             struct check_result *result, struct error *err);
enum status check_database_collation(const struct check_context *context, const struct check *check,
                                     struct check_result *result, struct error *err);
enum status check_query(const struct check_context *context, const struct check *check,
                        struct check_result *result, struct error *err);
enum status check_command(const struct check_context *context, const struct check *check,
                          struct check_result *result, struct error *err);
