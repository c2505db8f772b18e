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
                    "wrong: the next backups and dumps settle it.");
    return STATUS_REFUSED;
}

static bool
is_future(time_us time, time_us now)
{
    return time > now && time - now > DOUBT_CLOCK_TOLERANCE_US;
}

static time_us
later(time_us first, time_us second)
{
    return first > second ? first : second;
}

static time_us
backup_time(const struct catalog *catalog, size_t index)
{
    return later(catalog->backups[index].started, catalog->backups[index].stopped);
}

static time_us
dump_time(const struct catalog *catalog, size_t index)
{
    return later(catalog->dumps[index].started, catalog->dumps[index].finished);
}

/*
 * Backups and dumps stand in the order of their commits.  *last: of those that are dated in the
 * future, the last, if they are too many or too late for wrong dates that were settled since.
 */
static bool
find_future(const struct catalog *catalog, size_t count,
            time_us (*time_of)(const struct catalog *catalog, size_t index), time_us now,
            size_t *last)
{
    size_t future = 0;
    size_t after = 0;

    for (size_t index = 0; index < count; index++)
    {
        after++;
        if (!is_future(time_of(catalog, index), now))
            continue;
        *last = index;
        future++;
        after = 0;
    }
    return future > 0 && (after == 0 || 2 * future >= count);
}

static enum status
check_times(const struct catalog *catalog, time_us now, struct error *err)
{
    char what[sizeof("backup ") + DUMP_ID_SIZE];
    char id[DUMP_ID_SIZE];
    size_t last;

    if (find_future(catalog, catalog->backup_count, backup_time, now, &last))
    {
        snprintf(what, sizeof(what), "backup %s", catalog->backups[last].id);
        return refuse_clock(what, backup_time(catalog, last), now, err);
    }
    if (!find_future(catalog, catalog->dump_count, dump_time, now, &last))
        return OK;
    dump_id(&catalog->dumps[last], id);
    snprintf(what, sizeof(what), "dump %s", id);
    return refuse_clock(what, dump_time(catalog, last), now, err);
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
    TRY(check_times(catalog, now, err));
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
