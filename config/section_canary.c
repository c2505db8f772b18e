// SPDX-License-Identifier: PostgreSQL
#include "config/section_canary.h"

#define KEEP_MOST 100000

const struct schema_field config_canary_fields[] = {
    FIELD(config_canary, database, SCHEMA_TEXT, .help = "The database that has the canary's table.",
          .otherwise = "where postgres.connection leads"),
    FIELD(config_canary, keep, SCHEMA_INTEGER, .minimum = 1, .maximum = KEEP_MOST,
          .help = "How many rows the table has at most; the oldest is written over.",
          .otherwise = "1000"),
    FIELD_END,
};

struct config_canary
config_canary_default(void)
{
    return (struct config_canary){.keep = 1000};
}
