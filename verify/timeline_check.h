// SPDX-License-Identifier: PostgreSQL
/*
 * timeline_check.h - the archived WAL of one cluster as a whole: do its
 * histories agree, is every backup consistent with what there is, and what is
 * missing that somebody needs?
 *
 * A gap that no backup's recovery would ever meet is none, and neither is what
 * the log has condemned.
 */
#pragma once

#include "verify/context.h"

struct timeline_check
{
    struct verify_context *context; /* whose catalog is there */
    uint64_t system_identifier;
    uint32_t segment_size;
    const struct wal_runs *vanished; /* verified once, gone, and not condemned */
};

NODISCARD enum status timeline_check_run(const struct timeline_check *check, struct error *err);

/* Only whether this backup is consistent. */
NODISCARD enum status timeline_check_backup(const struct timeline_check *check,
                                            const struct backup *backup, struct error *err);
