// SPDX-License-Identifier: PostgreSQL
#include "retention/expire_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
expire_report_release(struct expire_report *report)
{
    free(report->backups.items);
    free(report->dumps.items);
    wal_rules_release_spans(&report->wal);
    *report = (struct expire_report){0};
}

static int
compare_backups(const void *left, const void *right)
{
    const struct expire_row *first = left;
    const struct expire_row *second = right;

    if (first->started != second->started)
        return first->started < second->started ? -1 : 1;
    return strcmp(first->id, second->id);
}

/* Of one database the ids sort by time. */
static int
compare_dumps(const void *left, const void *right)
{
    return strcmp(((const struct expire_row *) left)->id, ((const struct expire_row *) right)->id);
}

/* Forget what was not committed, and make room for so many. */
static enum status
start_rows(struct expire_rows *rows, size_t more, struct error *err)
{
    struct expire_row *grown;
    size_t kept = 0;

    for (size_t index = 0; index < rows->count; index++)
        if (rows->items[index].committed)
            rows->items[kept++] = rows->items[index];
    rows->count = kept;
    grown = realloc(rows->items, (rows->count + more + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    rows->items = grown;
    return OK;
}

static enum status
take_backups(struct expire_rows *rows, const struct retention_plan *plan, struct error *err)
{
    TRY(start_rows(rows, plan->backup_count, err));
    for (size_t index = 0; index < plan->backup_count; index++)
    {
        const struct retention_backup *planned = &plan->backups[index];
        struct expire_row *row = &rows->items[rows->count++];

        *row = (struct expire_row){.started = planned->backup->started,
                                   .keep = planned->keep,
                                   .reasons = planned->reasons};
        snprintf(row->id, sizeof(row->id), "%s", planned->backup->id);
    }
    qsort(rows->items, rows->count, sizeof(*rows->items), compare_backups);
    return OK;
}

static enum status
take_dumps(struct expire_rows *rows, const struct dump_plan *plan, struct error *err)
{
    TRY(start_rows(rows, plan->count, err));
    for (size_t index = 0; index < plan->count; index++)
    {
        const struct planned_dump *planned = &plan->dumps[index];
        struct expire_row *row = &rows->items[rows->count++];

        *row = (struct expire_row){
            .started = planned->dump->started, .keep = planned->keep, .reasons = planned->reasons};
        dump_id(planned->dump, row->id);
    }
    qsort(rows->items, rows->count, sizeof(*rows->items), compare_dumps);
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
                   const struct dump_plan *dumps, struct error *err)
{
    TRY(take_backups(&report->backups, plan, err));
    TRY(take_dumps(&report->dumps, dumps, err));
    return take_wal(report, plan, err);
}

static void
commit_rows(struct expire_rows *rows)
{
    for (size_t index = 0; index < rows->count; index++)
        if (!rows->items[index].keep)
            rows->items[index].committed = true;
}

void
expire_report_commit(struct expire_report *report)
{
    commit_rows(&report->backups);
    commit_rows(&report->dumps);
}

void
expire_report_condemn(struct expire_report *report, const struct condemnation *condemned)
{
    report->packs += condemned->packs.count;
    report->folders += condemned->backup_count;
    report->dumps_condemned += condemned->dump_count;
    for (size_t index = 0; index < condemned->wal.count; index++)
        report->segments += wal_runs_segments(&condemned->wal.parts[index].runs);
}
