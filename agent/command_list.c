// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/copies.h"
#include "agent/dump_listing.h"
#include "agent/report.h"
#include "base/units.h"
#include "config/repository.h"
#include "restore/recovery_window.h"

#include <stdio.h>

/* What there is to tell. */
struct listing
{
    const struct config *config;
    struct catalog catalog;
    bool has_chain;
    struct wal_chain chain; /* of the present lineage */
    struct recovery_windows windows;
    struct copies copies; /* none when one of them is listed itself */
};

static void
release_listing(struct listing *listing)
{
    copies_release(&listing->copies);
    recovery_windows_release(&listing->windows);
    wal_chain_release(&listing->chain);
    catalog_release(&listing->catalog);
}

static enum status
load_listing(struct listing *listing, struct repo *repo, struct error *err)
{
    const struct lineage *present;

    TRY(catalog_load(repo, &listing->catalog, err));
    present = catalog_present_lineage(&listing->catalog);
    if (present == NULL)
        return OK;
    listing->has_chain = true;
    TRY(wal_chain_load(&listing->chain, repo, &listing->catalog, present->system_identifier,
                       present->wal_segment_size, err));
    return recovery_windows_find(&listing->catalog, &listing->chain, &listing->windows, err);
}

static void
name_of(const struct listing *listing, pg_timeline timeline, uint64_t number,
        char name[PG_WAL_SEGMENT_NAME_SIZE])
{
    pg_wal_segment_name((struct pg_wal_segment){timeline, number}, listing->chain.segment_size,
                        name);
}

/* The runs of one timeline, from index on; returns how many. */
static size_t
runs_of_timeline(const struct wal_runs *runs, size_t index)
{
    size_t count = 1;

    while (index + count < runs->count &&
           runs->items[index + count].timeline == runs->items[index].timeline)
        count++;
    return count;
}

static json_t *
timeline_to_json(const struct listing *listing, const struct wal_run *runs, size_t count)
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];
    json_t *gaps = json_array();
    uint64_t segments = 0;

    for (size_t index = 0; index < count; index++)
    {
        segments += runs[index].last - runs[index].first + 1;
        if (index == 0)
            continue;
        name_of(listing, runs->timeline, runs[index - 1].last + 1, first);
        name_of(listing, runs->timeline, runs[index].first - 1, last);
        json_array_append_new(gaps, json_pack("{s:s, s:s}", "first", first, "last", last));
    }
    name_of(listing, runs->timeline, runs[0].first, first);
    name_of(listing, runs->timeline, runs[count - 1].last, last);
    return json_pack("{s:I, s:s, s:s, s:o, s:o}", "timeline", (json_int_t) runs->timeline, "first",
                     first, "last", last, "segments", json_u64(segments), "gaps", gaps);
}

static json_t *
wal_to_json(const struct listing *listing)
{
    const struct wal_runs *runs = &listing->chain.archived;
    json_t *array = json_array();

    for (size_t index = 0; index < runs->count;)
    {
        size_t count = runs_of_timeline(runs, index);

        json_array_append_new(array, timeline_to_json(listing, &runs->items[index], count));
        index += count;
    }
    return array;
}

static json_t *
window_to_json(const struct recovery_window *window)
{
    char from[TIME_TEXT_SIZE];
    char until[TIME_TEXT_SIZE];
    char end[PG_LSN_TEXT_SIZE];

    time_format(window->from->stopped, from);
    time_format(window->until, until);
    pg_lsn_format(window->end, end);
    return json_pack("{s:s, s:s?, s:s, s:I, s:s, s:s, s:b}", "from", from, "to",
                     window->until == TIME_NONE ? NULL : until, "backup", window->from->id,
                     "timeline", (json_int_t) window->timeline, "to_lsn", end, "to_segment",
                     window->last_segment, "gap", window->gap);
}

static json_t *
windows_to_json(const struct recovery_windows *windows)
{
    json_t *array = json_array();

    for (size_t index = 0; index < windows->count; index++)
        json_array_append_new(array, window_to_json(&windows->items[index]));
    return array;
}

/* The one to the newest moment. */
static json_t *
newest_window_to_json(const struct recovery_windows *windows)
{
    return windows->count == 0 ? json_null() : window_to_json(&windows->items[windows->count - 1]);
}

static json_t *
backups_to_json(const struct catalog *catalog)
{
    json_t *array = json_array();

    for (size_t index = 0; index < catalog->backup_count; index++)
        json_array_append_new(array, backup_to_json(&catalog->backups[index]));
    return array;
}

static enum status
report_as_json(const struct listing *listing, struct error *err)
{
    SCOPED(json_freep)
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "cluster", listing->config->cluster,
                  "backups", backups_to_json(&listing->catalog), "dumps",
                  dump_listing_to_json(&listing->catalog), "wal", wal_to_json(listing),
                  "recovery_window", newest_window_to_json(&listing->windows), "recovery_windows",
                  windows_to_json(&listing->windows), "copies", copies_to_json(&listing->copies));

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

/* How much of the content in the packs that it uses is its own; the rest is fragmentation. */
static unsigned
live_percent(const struct backup *backup)
{
    if (backup->packed_bytes == 0)
        return 100;
    return (unsigned) (100.0 * (double) backup->live_bytes / (double) backup->packed_bytes + 0.5);
}

static enum status
add_backup_row(struct table *table, const struct catalog *catalog, const struct backup *backup,
               struct error *err)
{
    char started[TIME_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];
    char logical[UNITS_TEXT_SIZE];
    char stored[UNITS_TEXT_SIZE];
    char new[UNITS_TEXT_SIZE];
    char live[8];
    char start[PG_LSN_TEXT_SIZE];
    char stop[PG_LSN_TEXT_SIZE];
    char timeline[12];
    char notes[64];

    /* The microseconds would only be noise here. */
    time_format(backup->started - backup->started % US_PER_SECOND, started);
    units_format_duration((backup->stopped - backup->started) / 1000, duration);
    units_format_size(backup->logical_bytes, logical);
    units_format_size(backup->stored_bytes, stored);
    units_format_size(backup->new_bytes, new);
    snprintf(live, sizeof(live), "%u%%", live_percent(backup));
    pg_lsn_format(backup->start.lsn, start);
    pg_lsn_format(backup->stop.lsn, stop);
    snprintf(timeline, sizeof(timeline), "%u", backup->stop.timeline);
    snprintf(notes, sizeof(notes), "%s%s%s", backup->damaged ? "DAMAGED " : "",
             backup->from_standby ? "from a standby " : "",
             catalog_find_hold(catalog, backup->id) != NULL ? "held" : "");

    const char *const cells[] = {backup->id, backup->parent[0] == '\0' ? "full" : "incremental",
                                 started,    duration,
                                 logical,    stored,
                                 new,        live,
                                 start,      stop,
                                 timeline,   notes};

    return table_add(table, cells, err);
}

static enum status
print_backups(const struct catalog *catalog, struct error *err)
{
    static const struct table_column columns[] = {
        {"BACKUP", false},
        {"TYPE", false},
        {"STARTED", false},
        {"TOOK", true},
        {"SIZE", true},
        {"STORED", true},
        {"NEW", true},
        {"LIVE", true},
        {"START", true},
        {"STOP", true},
        {"TIMELINE", true},
        {"", false},
        {0},
    };
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (size_t index = 0; index < catalog->backup_count; index++)
        TRY(add_backup_row(&table, catalog, &catalog->backups[index], err));
    if (catalog->backup_count == 0)
        puts("No backups yet.");
    table_print(&table);
    return OK;
}

static void
print_timeline(const struct listing *listing, const struct wal_run *runs, size_t count)
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];

    name_of(listing, runs->timeline, runs[0].first, first);
    name_of(listing, runs->timeline, runs[count - 1].last, last);
    printf("  timeline %u: %s to %s\n", runs->timeline, first, last);
    for (size_t index = 1; index < count; index++)
    {
        name_of(listing, runs->timeline, runs[index - 1].last + 1, first);
        name_of(listing, runs->timeline, runs[index].first - 1, last);
        printf("    MISSING: %s to %s\n", first, last);
    }
}

static void
print_wal(const struct listing *listing)
{
    const struct wal_runs *runs = &listing->chain.archived;

    puts(runs->count == 0 ? "\nNo WAL is archived yet." : "\nArchived WAL:");
    for (size_t index = 0; index < runs->count;)
    {
        size_t count = runs_of_timeline(runs, index);

        print_timeline(listing, &runs->items[index], count);
        index += count;
    }
}

static void
print_window(const struct recovery_window *window)
{
    char from[TIME_TEXT_SIZE];
    char until[TIME_TEXT_SIZE];
    char end[PG_LSN_TEXT_SIZE];

    time_format(window->from->stopped, from);
    time_format(window->until, until);
    pg_lsn_format(window->end, end);
    printf("  %s to %s%s  (LSN %s, segment %s, timeline %u)%s\n", from,
           window->until == TIME_NONE ? "" : "just before ",
           window->until == TIME_NONE ? "the last transaction" : until, end, window->last_segment,
           window->timeline, window->gap ? "; then WAL is missing" : "");
}

/* PostgreSQL stops at a time when it comes to a later transaction; behind the last is none. */
static void
print_windows(const struct recovery_windows *windows)
{
    const struct recovery_window *newest;

    if (windows->count == 0)
    {
        puts("\nNo point in time can be restored.");
        return;
    }
    puts("\nAny moment can be restored from");
    for (size_t index = 0; index < windows->count; index++)
        print_window(&windows->items[index]);
    newest = &windows->items[windows->count - 1];
    if (newest->until != TIME_NONE && !newest->gap)
        puts("That is the last transaction: without --target-time it is restored too.");
    if (newest->gap)
        puts("WAL behind that cannot be reached: segments are missing. Take a backup now.");
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(release_listing) struct listing listing = {.config = invocation->config};

    TRY(repository_open(invocation->config, &repo, err));
    TRY(load_listing(&listing, repo, err));
    if (!repo->copy)
        TRY(copies_state(invocation->config, repo, &listing.catalog, &listing.copies, err));
    if (invocation->json)
        return report_as_json(&listing, err);
    TRY(print_backups(&listing.catalog, err));
    TRY(dump_listing_print(&listing.catalog, err));
    print_wal(&listing);
    print_windows(&listing.windows);
    copies_print(&listing.copies);
    return OK;
}

static const struct option_spec options[] = {
    COMMAND_OPTION_REPOSITORY,
    {0},
};

static const struct command_example examples[] = {
    {"The newest trusted dump of each database:",
     "redoubt list --json | jq -r '[.dumps[] | select(.suspicious | not)] | group_by(.database)[] "
     "| last.id'"},
    {"The newest good backup, for a script:",
     "redoubt list --json | jq -r '[.backups[] | select(.damaged | not)] | last.id'"},
    {0},
};

const struct command command_list = {
    .name = "list",
    .summary = "show backups, dumps, archived WAL and what can be restored",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Lists the base backups, oldest first, the logical dumps of each database, and the WAL "
        "that is archived by timeline, with what is missing between. The recovery window is the "
        "time from which any moment can be restored, up to the last segment that can be reached. "
        "Of each further repository it says what that lacks.",
    .options = options,
    .examples = examples,
    .run = run,
};
