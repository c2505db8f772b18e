// SPDX-License-Identifier: PostgreSQL
#include "config/section_drill.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define TIB (UINT64_C(1) << 40)

const struct schema_field config_drill_fields[] = {
    FIELD(config_drill, directory, SCHEMA_PATH,
          .help = "Where drills restore to: a directory of their own, with room for the whole "
                  "cluster. It is made if it is missing, and what killed drills left in it is "
                  "deleted.",
          .otherwise = "$STATE_DIRECTORY/drill, else drill-CLUSTER in the spool or /var/tmp"),
    FIELD(config_drill, rate, SCHEMA_SIZE, .minimum = 64 * KIB, .maximum = TIB,
          .help = "How many bytes a second a drill may fetch from the repository. The WAL that "
                  "PostgreSQL asks for is not held back.",
          .otherwise = "no limit"),
    FIELD(config_drill, nice, SCHEMA_INTEGER, .minimum = 0, .maximum = 19,
          .help = "How far a drill and its server let others go first, as nice(1) has it.",
          .otherwise = "10"),
    FIELD_AS("memory", config_drill, memory_bytes, SCHEMA_SIZE, .minimum = 32 * MIB, .maximum = TIB,
             .help = "How much memory the restored server may use; half of it becomes its "
                     "shared_buffers.",
             .otherwise = "the program's own \"memory\""),
    FIELD_END,
};

struct config_drill
config_drill_default(void)
{
    return (struct config_drill){.nice = 10};
}
