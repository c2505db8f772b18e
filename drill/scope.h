// SPDX-License-Identifier: PostgreSQL
/*
 * scope.h - the databases that a drill looks into, and those that it cannot.
 *
 * A database has the checks that name it; else those that name none, which are
 * meant for where the application's data is: not for template1, and for postgres
 * only when there is nothing else; else checks_default.
 *
 * One that checks name must be there.  One that an earlier drill found and that is
 * gone is told of, and fails where its checks say that no table goes.
 *
 * Pure.
 */
#pragma once

#include "drill/databases.h"
#include "drill/receipt.h"

/* All is borrowed. */
struct scope
{
    const struct databases *databases;
    const struct checks_config *checks; /* of all databases */
    size_t check_count;
    const struct receipt *previous; /* whose databases are held against these; NULL: none */
};

const struct checks_config *scope_checks(const struct scope *scope, const char *database);

/* Visit each database that cannot be looked into, with what a receipt has to say of it. */
NODISCARD enum status scope_each_unseen(const struct scope *scope,
                                        enum status (*visit)(void *arg, const char *database,
                                                             const struct check_result *result,
                                                             struct error *err),
                                        void *arg, struct error *err);
