// SPDX-License-Identifier: PostgreSQL
/*
 * target_options.h - the options that say which moment to restore to, by PostgreSQL's
 * words for it.
 */
#pragma once

#include "agent/options.h"
#include "restore/target.h"

/* Rows for a command's table. */
#define TARGET_OPTIONS                                                                             \
    {"target-time", 't', OPTION_TEXT, "TIME",                                                      \
     "restore to this time, such as \"2026-11-21 14:03:00+01\"; without a zone it is local time"}, \
        {"target-lsn", 0, OPTION_TEXT, "LSN", "restore to this place in the WAL"},                 \
        {"target-xid", 0, OPTION_TEXT, "XID", "restore to the end of this transaction"},           \
        {"target-name", 0, OPTION_TEXT, "NAME", "restore to this restore point"},                  \
        {"target-immediate", 0, OPTION_FLAG, NULL, "restore to the end of the backup"},            \
        {"exclusive", 'x', OPTION_FLAG, NULL, "stop just before the target, not after it"},        \
    {                                                                                              \
        "target-timeline", 0, OPTION_TEXT, "TIMELINE",                                             \
            "\"latest\" (default), \"current\", a number"                                          \
    }

/* What they say; action is that of another option, NULL: the default.  CONFIG as target_parse. */
NODISCARD enum status target_options_read(const struct options *given, const char *action,
                                          struct target *target, struct error *err);
