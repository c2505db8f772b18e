// SPDX-License-Identifier: PostgreSQL
#include "drill/room.h"

#include "base/units.h"

#include <errno.h>
#include <sys/statvfs.h>

#define MIB (UINT64_C(1) << 20)

/*
 * Restartpoints remove replayed WAL; with the max_wal_size of a drill's server
 * (boot_settings.c) what is left of it stays below this.
 */
#define WAL_AT_ONCE (4096 * MIB)

/* What replay adds to the files, and temporary files of the checks. */
#define MARGIN_LEAST   (64 * MIB)
#define MARGIN_PERCENT 5

uint64_t
room_needed(const struct plan *plan)
{
    uint64_t wal = plan->segment_count * plan->backup.wal_segment_size;
    uint64_t margin = plan->totals.bytes / 100 * MARGIN_PERCENT;

    return plan->totals.bytes + (wal < WAL_AT_ONCE ? wal : WAL_AT_ONCE) +
           (margin > MARGIN_LEAST ? margin : MARGIN_LEAST);
}

enum status
room_check(const char *directory, uint64_t needed, struct error *err)
{
    struct statvfs status;
    char needed_text[UNITS_TEXT_SIZE];
    char free_text[UNITS_TEXT_SIZE];
    uint64_t left;

    if (statvfs(directory, &status) != 0)
        return error_errno(err, "could not find out how much room is in \"%s\"", directory);
    left = (uint64_t) status.f_bavail * status.f_frsize;
    if (left >= needed)
        return OK;
    units_format_size(needed, needed_text);
    units_format_size(left, free_text);
    error_set(err, STATUS_REFUSED, "the drill needs %s in \"%s\", and %s are free", needed_text,
              directory, free_text);
    error_hint(err, "Make room, or drill on another disk with --into or drill.directory.");
    return STATUS_REFUSED;
}
