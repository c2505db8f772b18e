// SPDX-License-Identifier: PostgreSQL
/*
 * reasons.h - why something stays or goes, in words for tables, JSON and the log.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>

#define REASON_SIZE 96
#define REASONS_MAX 12

struct reasons
{
    size_t count;
    char texts[REASONS_MAX][REASON_SIZE];
};

/* Add one, unless it is there.  More than REASONS_MAX are our own mistake. */
void reasons_add(struct reasons *reasons, const char *format, ...) PRINTF_LIKE(2, 3);
