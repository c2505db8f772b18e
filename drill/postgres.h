// SPDX-License-Identifier: PostgreSQL
/*
 * postgres.h - the programs that boot and judge a restored cluster.
 */
#pragma once

#include "base/bytes.h"

/*
 * The directory with "postgres" of this major version, in memory of its own.
 * CONFIG: there is none, or it is of another version.
 */
NODISCARD enum status postgres_find(const char *configured, int major, char **directory,
                                    struct error *err);
