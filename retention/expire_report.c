// SPDX-License-Identifier: PostgreSQL
#include "retention/expire_report.h"

#include <stdlib.h>
#include <string.h>

void
expire_report_release(struct expire_report *report)
{
    free(report->rows);
    wal_rules_release_spans(&report->wal);
    *report = (struct expire_report){0};
}

static int
compare_rows(const void *left, const void *right)
{
    const struct backup *first = &((const struct expire_row *) left)->backup;
    const struct backup *second = &((const struct expire_row *) right)->backup;

    if (first->started != second->started)
        return first->started < second->started ? -1 : 1;
    return strcmp(first->id, second->id);
}

static void
forget_uncommitted(struct expire_report *report)
{
    size_t kept = 0;

    for (size_t index = 0; index < report->row_count; index++)
        if (report->rows[index].committed)
            report->rows[kept++] = report->rows[index];
    report->row_count = kept;
}

static enum status
take_rows(struct expire_report *report, const struct retention_plan *plan, struct error *err)
{
    struct expire_row *grown;

    forget_uncommitted(report);
    grown = realloc(report->rows, (report->row_count + plan->backup_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    report->rows = grown;
    for (size_t index = 0; index < plan->backup_count; index++)
    {
        const struct retention_backup *backup = &plan->backups[index];

        report->rows[report->row_count++] = (struct expire_row){
            .backup = *backup->backup, .keep = backup->keep, .reasons = backup->reasons};
    }
    if (report->row_count > 0)
        qsort(report->rows, report->row_count, sizeof(*report->rows), compare_rows);
    return OK;
}

/* The first plan saw all of the WAL; later ones do not see what was condemned since. */
static enum status
take_wal(struct expire_report *report, const struct retention_plan *plan, struct error *err)
{
    struct wal_span *copy;

    if (report->segments > 0)
        return OK;
    copy = calloc(plan->wal.count + 1, sizeof(*copy));
    if (copy == NULL)
        return error_no_memory(err);
    if (plan->wal.count > 0)
        memcpy(copy, plan->wal.items, plan->wal.count * sizeof(*copy));
    wal_rules_release_spans(&report->wal);
    report->wal = (struct wal_spans){copy, plan->wal.count};
    return OK;
}

enum status
expire_report_plan(struct expire_report *report, const struct retention_plan *plan,
                   struct error *err)
{
    TRY(take_rows(report, plan, err));
    return take_wal(report, plan, err);
}

void
expire_report_commit(struct expire_report *report)
{
    for (size_t index = 0; index < report->row_count; index++)
        if (!report->rows[index].keep)
            report->rows[index].committed = true;
}

void
expire_report_condemn(struct expire_report *report, const struct condemnation *condemned)
{
    report->packs += condemned->packs.count;
    report->folders += condemned->backup_count;
    for (size_t index = 0; index < condemned->wal.count; index++)
        report->segments += wal_runs_segments(&condemned->wal.parts[index].runs);
}
