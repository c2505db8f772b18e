// SPDX-License-Identifier: PostgreSQL
#include "agent/target_options.h"

enum status
target_options_read(const struct options *given, const char *action, struct target *target,
                    struct error *err)
{
    const struct target_texts texts = {
        .time = options_text(given, "target-time"),
        .lsn = options_text(given, "target-lsn"),
        .xid = options_text(given, "target-xid"),
        .name = options_text(given, "target-name"),
        .immediate = options_flag(given, "target-immediate"),
        .exclusive = options_flag(given, "exclusive"),
        .timeline = options_text(given, "target-timeline"),
        .action = action,
    };

    return target_parse(&texts, target, err);
}
