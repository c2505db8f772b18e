// SPDX-License-Identifier: PostgreSQL
/*
 * section_drill.h - the configuration's section "drill".
 */
#pragma once

#include "config/schema.h"

struct config_drill
{
    const char *directory; /* NULL: below $STATE_DIRECTORY, the spool or /var/tmp */
    uint64_t rate;         /* bytes a second; 0: no limit */
    uint32_t nice;         /* 0 to 19 */
    uint64_t memory_bytes; /* of the restored server; 0: as much as "memory" */
};

extern const struct schema_field config_drill_fields[];

struct config_drill config_drill_default(void);
