// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "base/units.h"
#include "config/repository.h"
#include "retention/expire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Each waits for the store most of the time. */
#define DELETERS 8

static json_t *
reason_to_json(const void *items, size_t index)
{
    return json_string(((const struct reasons *) items)->texts[index]);
}

static json_t *
row_to_json(const void *items, size_t index)
{
    const struct expire_row *row = &((const struct expire_row *) items)[index];
    char started[TIME_TEXT_SIZE];

    time_format(row->started, started);
    return json_pack("{s:s, s:s, s:b, s:b, s:o}", "id", row->id, "started", started, "keep",
                     row->keep, "expired", row->committed, "reasons",
                     json_array_of(row->reasons.count, reason_to_json, &row->reasons));
}

static void
name_ends(const struct wal_span *span, char first[PG_WAL_SEGMENT_NAME_SIZE],
          char last[PG_WAL_SEGMENT_NAME_SIZE])
{
    const struct wal_run *run = &span->run;

    pg_wal_segment_name((struct pg_wal_segment){run->timeline, run->first}, span->segment_size,
                        first);
    pg_wal_segment_name((struct pg_wal_segment){run->timeline, run->last}, span->segment_size,
                        last);
}

static json_t *
span_to_json(const void *items, size_t index)
{
    const struct wal_span *span = &((const struct wal_span *) items)[index];
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];

    name_ends(span, first, last);
    return json_pack("{s:o, s:I, s:s, s:s, s:o, s:b, s:s}", "system_identifier",
                     json_u64(span->system_identifier), "timeline", (json_int_t) span->run.timeline,
                     "first", first, "last", last, "segments",
                     json_u64(span->run.last - span->run.first + 1), "keep", span->keep, "reason",
                     span->reason);
}

static json_t *
condemned_to_json(const struct expire_report *report)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packs", json_u64(report->packs),
                     "pack_bytes", json_u64(report->pack_bytes), "folders",
                     json_u64(report->folders), "dumps", json_u64(report->dumps_condemned),
                     "dump_bytes", json_u64(report->dump_bytes), "wal_segments",
                     json_u64(report->segments), "verified", json_u64(report->verified));
}

static json_t *
waiting_to_json(const struct expire_report *report)
{
    char next[TIME_TEXT_SIZE];

    if (report->next_deletion != TIME_NONE)
        time_format(report->next_deletion, next);
    return json_pack("{s:o, s:s?}", "condemnations", json_u64(report->waiting), "next_deletion",
                     report->next_deletion == TIME_NONE ? NULL : next);
}

static json_t *
rows_to_json(const struct expire_rows *rows)
{
    return json_array_of(rows->count, row_to_json, rows->items);
}

static enum status
report_as_json(const struct invocation *invocation, const struct expire_report *report,
               struct error *err)
{
    SCOPED(json_freep)
    json_t *object = json_pack(
        "{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "cluster",
        invocation->config->cluster, "dry_run", options_flag(&invocation->options, "dry-run"),
        "backups", rows_to_json(&report->backups), "dumps", rows_to_json(&report->dumps), "wal",
        json_array_of(report->wal.count, span_to_json, report->wal.items), "condemned",
        condemned_to_json(report), "spared_packs", json_u64(report->spared_packs), "waiting",
        waiting_to_json(report), "deleted", "condemnations", json_u64(report->deletions), "objects",
        json_u64(report->deleted_objects), "uploads", json_u64(report->uploads));

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
add_row(struct table *table, const struct expire_row *row, struct error *err)
{
    SCOPED(buffer_release)
    struct buffer reasons = BUFFER_INIT((size_t) REASONS_MAX * (REASON_SIZE + 2));
    char taken[TIME_TEXT_SIZE];
    const char *text;

    /* The microseconds would only be noise here. */
    time_format(row->started - row->started % US_PER_SECOND, taken);
    for (size_t index = 0; index < row->reasons.count; index++)
        TRY(buffer_append_text(&reasons, err, "%s%s", index == 0 ? "" : "; ",
                               row->reasons.texts[index]));
    TRY(buffer_text(&reasons, &text, err));

    const char *const cells[] = {row->id, taken, row->keep ? "kept" : "EXPIRES", text};

    return table_add(table, cells, err);
}

static enum status
print_rows(const struct expire_rows *rows, const char *title, struct error *err)
{
    const struct table_column columns[] = {
        {title, false}, {"TAKEN", false}, {"", false}, {"BECAUSE", false}, {0},
    };
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (size_t index = 0; index < rows->count; index++)
        TRY(add_row(&table, &rows->items[index], err));
    table_print(&table);
    return OK;
}

static void
print_wal(const struct expire_report *report)
{
    bool titled = false;

    for (size_t index = 0; index < report->wal.count; index++)
    {
        const struct wal_span *span = &report->wal.items[index];
        char first[PG_WAL_SEGMENT_NAME_SIZE];
        char last[PG_WAL_SEGMENT_NAME_SIZE];

        if (span->keep)
            continue;
        if (!titled)
            puts("\nWAL that goes:");
        titled = true;
        name_ends(span, first, last);
        if (span->run.first == span->run.last)
            printf("  %s: %s\n", first, span->reason);
        else
            printf("  %s to %s, %" PRIu64 " segments: %s\n", first, last,
                   span->run.last - span->run.first + 1, span->reason);
    }
}

static void
print_condemned(const struct expire_report *report, bool dry_run)
{
    char size[UNITS_TEXT_SIZE];

    puts("");
    units_format_size(report->pack_bytes, size);
    if (report->packs + report->folders + report->segments > 0)
        printf("%s: %" PRIu64 " packs (%s), the folders of %" PRIu64 " backups, %" PRIu64
               " WAL segments.\n",
               dry_run ? "Would be condemned" : "Condemned", report->packs, size, report->folders,
               report->segments);
    else if (report->dumps_condemned + report->verified == 0)
        puts("There is nothing to condemn.");
    units_format_size(report->dump_bytes, size);
    if (report->dumps_condemned > 0)
        printf("%s: %" PRIu64 " dumps (%s).\n", dry_run ? "Would be condemned" : "Condemned",
               report->dumps_condemned, size);
    if (report->verified > 0)
        printf("%s: %" PRIu64 " superseded records of what was verified.\n",
               dry_run ? "Would be condemned" : "Condemned", report->verified);
    if (report->spared_packs > 0)
        printf("%" PRIu64 " packs that nothing uses may belong to a backup at work, and stay.\n",
               report->spared_packs);
}

static void
print_deleted(const struct expire_report *report)
{
    char next[TIME_TEXT_SIZE];

    if (report->deletions > 0)
        printf("Deleted what was condemned long enough ago: %" PRIu64 " objects.\n",
               report->deleted_objects);
    if (report->uploads > 0)
        printf("Removed %" PRIu64 " uploads that were never finished.\n", report->uploads);
    if (report->waiting == 0)
        return;
    time_format(report->next_deletion - report->next_deletion % US_PER_SECOND, next);
    printf("What is condemned waits for its deletion, the first of it until %s.\n", next);
}

static enum status
print_text(const struct expire_report *report, bool dry_run, struct error *err)
{
    if (report->backups.count == 0)
        puts("No backups yet.");
    TRY(print_rows(&report->backups, "BACKUP", err));
    if (report->dumps.count > 0)
        puts("");
    TRY(print_rows(&report->dumps, "DUMP", err));
    print_wal(report);
    print_condemned(report, dry_run);
    print_deleted(report);
    if (dry_run)
        puts("Nothing was changed: this was a dry run.");
    return OK;
}

/* The ids after --forget, each of a backup that there is. */
static enum status
read_forgotten(const struct invocation *invocation, struct repo *repo, const char *const **ids,
               size_t *count, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(freep) const char **read = NULL;
    const char *id;

    for (*count = 0; options_list(&invocation->options, "forget", *count) != NULL;)
        (*count)++;
    read = calloc(*count + 1, sizeof(*read));
    if (read == NULL)
        return error_no_memory(err);
    if (*count > 0)
        TRY(catalog_load(repo, &catalog, err));
    for (size_t index = 0; (id = options_list(&invocation->options, "forget", index)) != NULL;
         index++)
    {
        if (catalog_find_backup(&catalog, id) == NULL)
            return error_set(err, STATUS_REFUSED, "there is no backup \"%s\"", id);
        read[index] = id;
    }
    *ids = read;
    read = NULL;
    return OK;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    const struct config *config = invocation->config;
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(expire_report_release) struct expire_report report = {0};
    SCOPED(freep) const char *const *forgotten = NULL;
    struct expire_options expire_options = {
        .policy = &config->retention,
        .now = clock_now(),
        .workers = DELETERS,
        .dry_run = options_flag(&invocation->options, "dry-run"),
    };

    TRY(repository_open(config, &repo, err));
    TRY(read_forgotten(invocation, repo, &forgotten, &expire_options.forget_count, err));
    expire_options.forget = forgotten;
    TRY(expire_run(repo, &expire_options, &report, err));
    return invocation->json ? report_as_json(invocation, &report, err)
                            : print_text(&report, expire_options.dry_run, err);
}

static const struct option_spec options[] = {
    {"dry-run", 'n', OPTION_FLAG, NULL, "only show what would expire, and why"},
    {"forget", 0, OPTION_LIST, "BACKUP",
     "let this one go too, whatever the policy says; may be repeated"},
    {0},
};

static const struct command_example examples[] = {
    {"What would go, and why the others stay:", "redoubt expire --dry-run"},
    {"Every night, after the backup:", "redoubt backup && redoubt expire"},
    {"A backup is damaged in the repository, and stops everything:",
     "redoubt expire --forget 2026-11-21T02-12-34-1f3a"},
    {0},
};

const struct command command_expire = {
    .name = "expire",
    .summary = "let old backups, dumps and WAL go, as the policy says",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Carries out \"retention\" of the configuration: backups and dumps that it no longer keeps "
        "leave the catalog, and WAL, packs, folders and dumps that nothing needs any more are "
        "condemned. They are deleted by the first run after \"grace\" has passed, when nobody can "
        "be restoring from them. What killed backups and dumps have left is found in the same "
        "way.\n\n"
        "Dumps are counted database by database. Never expired: the newest good backup, and the "
        "newest dump of each database that is not suspicious; what is held (redoubt hold) or "
        "younger than the minimum age; and timeline history files. While a clock looks wrong or a "
        "backup that stays cannot be read, nothing expires at all.\n\n"
        "It may run beside backups and other runs of itself, on any host, and may be killed at any "
        "moment: the next run completes what it began. The cluster's log in the repository keeps "
        "who let what go, when and why.",
    .options = options,
    .examples = examples,
    .run = run,
};
