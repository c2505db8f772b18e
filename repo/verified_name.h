// SPDX-License-Identifier: PostgreSQL
/*
 * verified_name.h - the names of what is remembered of verifications.
 *
 * "<cluster>/verified/<time>-<microseconds>-all" or "...-part": names of one
 * length up to their end, which sort by time.  What sorts before the newest
 * "all" is superseded: nobody reads it, and it may be deleted.
 */
#pragma once

#include "base/clock.h"

#include <stdbool.h>

#define VERIFIED_WHOLE "-all"
#define VERIFIED_PART  "-part"

#define VERIFIED_NAME_SIZE (TIME_TEXT_SIZE + 16)

/* The last part of the key. */
void verified_name(time_us time, const char *suffix, char name[VERIFIED_NAME_SIZE]);

/* Is it a name that verified_name gives; and one of a whole memory? */
bool verified_name_is_valid(const char *name);
bool verified_name_is_whole(const char *name);
