// SPDX-License-Identifier: PostgreSQL
#include "health/drills.h"

#include <stdio.h>
#include <string.h>

/* Of an older entry the backup tells it, as long as it is there; 0: not known. */
static uint64_t
identifier_of(const struct catalog *catalog, const struct drill *drill)
{
    const struct backup *backup;

    if (drill->system_identifier != 0)
        return drill->system_identifier;
    backup = catalog_find_backup(catalog, drill->backup_id);
    return backup == NULL ? 0 : backup->system_identifier;
}

static bool
is_good(const struct catalog *catalog, const struct lineage *present, const struct drill *drill)
{
    return drill->verdict == DRILL_PASSED && drill_is_of(drill, "") &&
           identifier_of(catalog, drill) == present->system_identifier;
}

static time_us
find_good(const struct catalog *catalog, const struct lineage *present)
{
    for (size_t index = catalog->drill_count; index > 0; index--)
        if (is_good(catalog, present, &catalog->drills[index - 1]))
            return catalog->drills[index - 1].finished;
    if (catalog->has_good_drill && is_good(catalog, present, &catalog->good_drill))
        return catalog->good_drill.finished;
    return TIME_NONE;
}

/* NULL: none. */
static const struct drill *
find_last(const struct catalog *catalog)
{
    for (size_t index = catalog->drill_count; index > 0; index--)
        if (drill_is_of(&catalog->drills[index - 1], ""))
            return &catalog->drills[index - 1];
    return NULL;
}

/* One that did not come to its end takes nothing back.  NULL: none. */
static const struct drill *
find_last_verdict(const struct catalog *catalog, const char *backup_id)
{
    for (size_t index = catalog->drill_count; index > 0; index--)
    {
        const struct drill *drill = &catalog->drills[index - 1];

        if (drill->verdict != DRILL_BROKEN && drill_is_of(drill, "") &&
            strcmp(drill->backup_id, backup_id) == 0)
            return drill;
    }
    return NULL;
}

/* The newest drill of those that backups failed and did not make good; NULL: none. */
static const struct drill *
find_failed(const struct catalog *catalog, size_t *count)
{
    const struct drill *newest = NULL;

    *count = 0;
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct drill *drill = find_last_verdict(catalog, catalog->backups[index].id);

        if (drill == NULL || drill->verdict != DRILL_FAILED)
            continue;
        ++*count;
        if (newest == NULL || drill > newest) /* both are of one array */
            newest = drill;
    }
    return newest;
}

static void
say_failed(const struct drill *drill, struct health_work *work)
{
    work->grave = true;
    snprintf(work->flaw_command, sizeof(work->flaw_command), "drill --show %s", drill->id);
}

static void
say_backups_failed(const struct drill *drill, size_t count, struct health_work *work)
{
    char others[64] = "";

    say_failed(drill, work);
    if (count > 1)
        snprintf(others, sizeof(others), " So did %zu other %s.", count - 1,
                 count == 2 ? "backup" : "backups");
    snprintf(work->flaw, sizeof(work->flaw),
             "Backup %s failed its last drill, %s. That counts until it passes one, or "
             "expires.%s",
             drill->backup_id, drill->id, others);
}

void
health_drills_judge(const struct catalog *catalog, const struct lineage *present,
                    struct health_work *work)
{
    const struct drill *last = find_last(catalog);
    size_t count;
    const struct drill *failed = find_failed(catalog, &count);

    work->good = find_good(catalog, present);
    if (failed != NULL)
        say_backups_failed(failed, count, work);
    else if (last != NULL && last->verdict == DRILL_FAILED)
    {
        say_failed(last, work);
        snprintf(work->flaw, sizeof(work->flaw), "The last drill, %s, failed.", last->id);
    }
    else if (last != NULL && last->verdict == DRILL_BROKEN)
        snprintf(work->flaw, sizeof(work->flaw), "The last drill, %s, did not come to its end.",
                 last->id);
}
