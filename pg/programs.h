// SPDX-License-Identifier: PostgreSQL
/*
 * programs.h - where PostgreSQL's own programs are: postgres, pg_dump and the
 * others, of one major version.
 */
#pragma once

#include "base/bytes.h"

/*
 * The directory with a major version's programs, in memory of its own: the
 * configured one, or where this version usually is.  CONFIG: none has them.
 */
NODISCARD enum status pg_programs_find(const char *configured, int major, char **directory,
                                       struct error *err);
