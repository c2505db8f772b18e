// SPDX-License-Identifier: PostgreSQL
/*
 * databases.h - the databases of a restored server that can be connected to.
 */
#pragma once

#include "base/error.h"

/* By name, template1 and its like too; stops at visit's first failure. */
NODISCARD enum status databases_each(const char *conninfo,
                                     enum status (*visit)(void *arg, const char *database,
                                                          struct error *err),
                                     void *arg, struct error *err);
