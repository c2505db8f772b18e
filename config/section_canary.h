// SPDX-License-Identifier: PostgreSQL
/*
 * section_canary.h - the configuration's section "canary".
 */
#pragma once

#include "config/schema.h"

struct config_canary
{
    const char *database; /* NULL: where postgres.connection leads */
    uint32_t keep;        /* rows */
};

extern const struct schema_field config_canary_fields[];

struct config_canary config_canary_default(void);
