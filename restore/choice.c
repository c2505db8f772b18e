// SPDX-License-Identifier: PostgreSQL
#include "restore/choice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "2026-11-21 02:12:34+00:00 (LSN 0/3000028)": when a backup became usable. */
#define MOMENT_SIZE (TIME_TEXT_SIZE + PG_LSN_TEXT_SIZE + 16)

static void
format_moment(const struct backup *backup, char text[MOMENT_SIZE])
{
    char time[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    time_format_postgres(backup->stopped, time);
    pg_lsn_format(backup->stop.lsn, lsn);
    snprintf(text, MOMENT_SIZE, "%s (LSN %s)", time, lsn);
}

/* Is the backup consistent before the target? */
static bool
ends_in_time(const struct choice_question *question, const struct backup *backup)
{
    const struct target *target = question->target;

    if (question->found != NULL)
        return backup->stop.lsn <= question->found->position.lsn;
    if (target->kind == TARGET_TIME)
        return backup->stopped <= target->time;
    if (target->kind == TARGET_LSN)
        return backup->stop.lsn <= target->lsn;
    return true;
}

/* The path to recover along from this backup; NULL when none is known. */
static const struct pg_history *
path_from(const struct choice_question *question, const struct backup *backup)
{
    const struct wal_chain *chain = question->chain;
    const struct pg_history *path;

    if (question->target->timeline == TARGET_TIMELINE_NUMBER)
        path = wal_chain_history(chain, question->target->timeline_number);
    else if (question->target->timeline == TARGET_TIMELINE_CURRENT)
        path = wal_chain_history(chain, backup->stop.timeline);
    else if (question->found != NULL)
        path = wal_chain_newest(chain, question->found->position);
    else
        path = wal_chain_newest(chain, backup->stop);
    if (path == NULL || !pg_history_contains(path, backup->stop))
        return NULL;
    if (question->found != NULL && !pg_history_contains(path, question->found->position))
        return NULL;
    return path;
}

static const struct backup *
newer(const struct backup *left, const struct backup *right)
{
    return left == NULL || right->stopped >= left->stopped ? right : left;
}

/* The newest that suits, or with oldest the first that could be restored at all. */
static const struct backup *
find_backup(const struct choice_question *question)
{
    const struct catalog *catalog = question->catalog;
    const struct backup *best = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (!backup->damaged && backup->system_identifier == question->chain->system_identifier &&
            ends_in_time(question, backup) && path_from(question, backup) != NULL)
            best = newer(best, backup);
    }
    return best;
}

static const struct backup *
find_oldest(const struct choice_question *question)
{
    const struct catalog *catalog = question->catalog;
    const struct backup *oldest = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (backup->damaged || backup->system_identifier != question->chain->system_identifier ||
            path_from(question, backup) == NULL)
            continue;
        if (oldest == NULL || backup->stopped < oldest->stopped)
            oldest = backup;
    }
    return oldest;
}

/* No backup suits: say which moment is the oldest that one could reach. */
static enum status
refuse_all(const struct choice_question *question, struct error *err)
{
    const struct backup *oldest = find_oldest(question);
    char target[TARGET_TEXT_SIZE];
    char moment[MOMENT_SIZE];

    target_describe(question->target, target);
    if (oldest == NULL)
    {
        error_set(err, STATUS_REFUSED, "no backup lies on the path to %s", target);
        if (question->target->timeline != TARGET_TIMELINE_LATEST)
            error_hint(err, "Leave --target-timeline out, or see \"redoubt list\".");
        else
            error_hint(err, "See \"redoubt list\" for what there is; a damaged backup is used only "
                            "when --backup names it.");
        return STATUS_REFUSED;
    }
    format_moment(oldest, moment);
    error_set(err, STATUS_REFUSED, "%s lies before the end of every backup", target);
    error_detail(err, "The oldest moment that can be restored is %s, the end of backup %s.", moment,
                 oldest->id);
    error_hint(err, "Choose a target at or after that moment.");
    return STATUS_REFUSED;
}

/* Is the backup that the operator named able to lead there? */
static enum status
check_named(const struct choice_question *question, const struct backup *backup, struct error *err)
{
    char target[TARGET_TEXT_SIZE];
    char moment[MOMENT_SIZE];

    target_describe(question->target, target);
    if (!ends_in_time(question, backup))
    {
        format_moment(backup, moment);
        error_set(err, STATUS_REFUSED, "backup %s cannot be restored to %s", backup->id, target);
        error_detail(err, "It became consistent at %s, after the target.", moment);
        error_hint(err, "Choose an older backup, or leave --backup out.");
        return STATUS_REFUSED;
    }
    if (path_from(question, backup) != NULL)
        return OK;
    error_set(err, STATUS_REFUSED, "backup %s does not lie on the path to %s", backup->id, target);
    error_detail(err,
                 "It ended on timeline %" PRIu32 ", from which that timeline does not descend.",
                 backup->stop.timeline);
    error_hint(err, "Leave --target-timeline or --backup out.");
    return STATUS_REFUSED;
}

static enum status
require_backup(const struct catalog *catalog, const char *id, const struct backup **backup,
               struct error *err)
{
    *backup = catalog_find_backup(catalog, id);
    if (*backup != NULL)
        return OK;
    error_set(err, STATUS_REFUSED, "there is no backup \"%s\"", id);
    error_hint(err, "\"redoubt list\" shows the backups that there are.");
    return STATUS_REFUSED;
}

enum status
choice_make(const struct choice_question *question, const struct backup **backup,
            const struct pg_history **path, struct error *err)
{
    if (question->backup_id != NULL)
    {
        TRY(require_backup(question->catalog, question->backup_id, backup, err));
        TRY(check_named(question, *backup, err));
    }
    else
    {
        *backup = find_backup(question);
        if (*backup == NULL)
            return refuse_all(question, err);
    }
    *path = path_from(question, *backup);
    return OK;
}

static const struct backup *
newest_before(const struct catalog *catalog, time_us time)
{
    const struct backup *best = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
        if (!catalog->backups[index].damaged && catalog->backups[index].stopped <= time)
            best = newer(best, &catalog->backups[index]);
    return best;
}

enum status
choice_cluster(const struct catalog *catalog, const struct target *target, const char *backup_id,
               uint64_t *system_identifier, uint32_t *segment_size, struct error *err)
{
    const struct lineage *present = catalog_present_lineage(catalog);
    const struct backup *backup = NULL;

    if (catalog->backup_count == 0)
    {
        error_set(err, STATUS_REFUSED, "the repository holds no backup");
        error_hint(err, "\"redoubt backup\" takes one.");
        return STATUS_REFUSED;
    }
    if (backup_id != NULL)
        TRY(require_backup(catalog, backup_id, &backup, err));
    else if (target->kind == TARGET_TIME)
        backup = newest_before(catalog, target->time);
    if (backup == NULL && present == NULL)
        backup = &catalog->backups[catalog->backup_count - 1];
    *system_identifier = backup != NULL ? backup->system_identifier : present->system_identifier;
    *segment_size = backup != NULL ? backup->wal_segment_size : present->wal_segment_size;
    return OK;
}
