// SPDX-License-Identifier: PostgreSQL
/*
 * check_plan.h - all checks of a request, as data.
 */
#pragma once

#include "checks/check.h"
#include "checks/foreign_keys.h"

/* results is set at creation; each check has the result of the same index. */
struct check_plan
{
    struct check_results *results; /* borrowed */
    struct check *checks;          /* owned */
    size_t capacity;
    struct foreign_keys foreign_keys; /* what checks borrow */
};

/* In the order of the configuration, the command last; the connection says what there is. */
NODISCARD enum status check_plan_make(const struct checks_request *request,
                                      struct pg_connection *connection, struct check_plan *plan,
                                      struct error *err);

/* For SCOPED; the results are not its own. */
void check_plan_release(struct check_plan *plan);
