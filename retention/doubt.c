// SPDX-License-Identifier: PostgreSQL
#include "retention/doubt.h"

#include <inttypes.h>
#include <stdio.h>

static enum status
refuse_clock(const char *what, time_us time, time_us now, struct error *err)
{
    char time_text[TIME_TEXT_SIZE];
    char now_text[TIME_TEXT_SIZE];

    time_format(time, time_text);
    time_format(now, now_text);
    error_set(err, STATUS_REFUSED, "%s is dated %s, but this host's clock says %s", what, time_text,
              now_text);
    error_detail(err, "While times contradict each other, nothing expires.");
    error_hint(err, "Set this host's clock.  If it is right, that of the host which wrote it was "
                    "wrong: the next backups settle it.");
    return STATUS_REFUSED;
}

static bool
is_future(time_us time, time_us now)
{
    return time > now && time - now > DOUBT_CLOCK_TOLERANCE_US;
}

static time_us
latest_time(const struct backup *backup)
{
    return backup->started > backup->stopped ? backup->started : backup->stopped;
}

/* Backups stand in the order of their commits. */
static enum status
check_backup_times(const struct catalog *catalog, time_us now, struct error *err)
{
    const struct backup *last = NULL;
    char what[sizeof("backup ") + BACKUP_ID_SIZE] = "";
    size_t future = 0;
    size_t after = 0;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (is_future(latest_time(backup), now))
        {
            last = backup;
            future++;
            after = 0;
        }
        else
            after++;
    }
    if (last == NULL || (after > 0 && 2 * future < catalog->backup_count))
        return OK;
    snprintf(what, sizeof(what), "backup %s", last->id);
    return refuse_clock(what, latest_time(last), now, err);
}

static enum status
check_backup(const struct catalog *catalog, const struct backup *backup, struct error *err)
{
    const struct lineage *lineage = catalog_find_lineage(catalog, backup->system_identifier);

    if (lineage == NULL)
        return error_set(err, STATUS_REFUSED,
                         "backup %s is of a cluster with system identifier %" PRIu64
                         ", which the log does not accept",
                         backup->id, backup->system_identifier);
    if (lineage->wal_segment_size != backup->wal_segment_size)
        return error_set(err, STATUS_REFUSED,
                         "backup %s has WAL segments of %" PRIu32 " bytes, its cluster of %" PRIu32,
                         backup->id, backup->wal_segment_size, lineage->wal_segment_size);
    if (backup->stop.lsn < backup->start.lsn || backup->stop.timeline < backup->start.timeline ||
        backup->stop.lsn == PG_LSN_NONE)
        return error_set(err, STATUS_REFUSED, "backup %s stops before it starts", backup->id);
    return OK;
}

enum status
doubt_check(const struct catalog *catalog, time_us now, struct error *err)
{
    if (is_future(catalog->last_time, now))
        return refuse_clock("the log's newest entry", catalog->last_time, now, err);
    TRY(check_backup_times(catalog, now, err));
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        enum status status = check_backup(catalog, &catalog->backups[index], err);

        if (status == OK)
            continue;
        error_detail(err, "While the catalog looks wrong, nothing expires.");
        error_hint(err, "\"redoubt verify\" looks for what is wrong.");
        return status;
    }
    return OK;
}
