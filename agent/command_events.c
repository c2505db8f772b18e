// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/event.h"
#include "agent/report.h"
#include "base/similar.h"
#include "base/units.h"
#include "config/repository.h"
#include "repo/log_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_DEFAULT 20

/* Entries that are bookkeeping only. */
#define CHECKPOINT "checkpoint"

static const struct option_spec options[] = {
    {"last", 'n', OPTION_U32, "COUNT", "so many, the newest (default: 20); 0: all"},
    {"kind", 'k', OPTION_LIST, "KIND", "only of this kind; may be repeated"},
    COMMAND_OPTION_REPOSITORY,
    {0},
};

static const struct command_example examples[] = {
    {"What happened lately:", "redoubt events"},
    {"Every dump that ever failed:", "redoubt events --kind dump-failed --last 0"},
    {"Who let which backups go, and why:", "redoubt events --kind expire --json"},
    {0},
};

static const struct table_column columns[] = {
    {"TIME", false}, {"EVENT", false},  {"WHAT", false}, {"SIZE", true},
    {"TOOK", true},  {"STATUS", false}, {"BY", false},   {NULL, false},
};

/* The newest first. */
struct events
{
    const struct invocation *invocation;
    struct log_entry *entries; /* owned */
    size_t count;
    size_t wanted;
};

static void
release_events(struct events *events)
{
    for (size_t index = 0; index < events->count; index++)
        log_entry_release(&events->entries[index]);
    free(events->entries);
}

/* A kind that does not exist would never be found, and nobody would know why. */
static enum status
check_kinds(const struct options *given, struct error *err)
{
    const char *kind;

    for (size_t number = 0; (kind = options_list(given, "kind", number)) != NULL; number++)
    {
        struct similar similar;
        bool known = false;

        similar_start(&similar, kind);
        for (size_t index = 0; event_kind(index) != NULL; index++)
        {
            known = known || strcmp(event_kind(index), kind) == 0;
            similar_offer(&similar, event_kind(index));
        }
        if (known)
            continue;
        error_set(err, STATUS_CONFIG, "there are no events of kind \"%s\"", kind);
        if (similar.best != NULL)
            error_hint(err, "Did you mean \"%s\"?", similar.best);
        return STATUS_CONFIG;
    }
    return OK;
}

static bool
is_wanted(const struct events *events, const char *kind)
{
    const struct options *given = &events->invocation->options;
    const char *chosen;

    if (options_list(given, "kind", 0) == NULL)
        return strcmp(kind, CHECKPOINT) != 0;
    for (size_t number = 0; (chosen = options_list(given, "kind", number)) != NULL; number++)
        if (strcmp(chosen, kind) == 0)
            return true;
    return false;
}

static enum status
take(struct events *events, struct log_entry *entry, struct error *err)
{
    struct log_entry *grown;
    const char *kind;

    TRY(member_text(entry->members, "kind", &kind, err));
    if (!is_wanted(events, kind))
        return OK;
    grown = realloc(events->entries, (events->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    events->entries = grown;
    grown[events->count++] = *entry;
    *entry = (struct log_entry){0};
    return OK;
}

static enum status
load(struct events *events, struct repo *repo, struct error *err)
{
    uint64_t number;

    TRY(log_entry_last(repo, 0, &number, err));
    for (; number > 0 && events->count < events->wanted; number--)
    {
        SCOPED(log_entry_release) struct log_entry entry = {0};

        TRY(log_entry_read(repo, number, &entry, err));
        TRY(take(events, &entry, err));
    }
    return OK;
}

static enum status
add_row(struct table *table, const struct log_entry *entry, struct error *err)
{
    char time[TIME_TEXT_SIZE];
    char size[UNITS_TEXT_SIZE] = "";
    char took[UNITS_TEXT_SIZE] = "";
    char by[256];
    const char *host;
    const char *user;
    struct event event;

    TRY(event_read(entry->members, &event, err));
    TRY(member_text(entry->members, "host", &host, err));
    TRY(member_text(entry->members, "user", &user, err));
    time_format(entry->time / US_PER_SECOND * US_PER_SECOND, time);
    if (event.has_size)
        units_format_size(event.size_bytes, size);
    if (event.took_ms >= 0)
        units_format_duration(event.took_ms, took);
    snprintf(by, sizeof(by), "%s@%s", user, host);
    return table_add(
        table, (const char *const[]){time, event.kind, event.what, size, took, event.status, by},
        err);
}

/* Reasons do not fit into a table. */
static void
print_reason(const struct log_entry *entry)
{
    struct event event;
    struct error ignored;

    if (event_read(entry->members, &event, &ignored) == OK && event.reason[0] != '\0')
        printf("\n%s %s: %s\n", event.kind, event.what, event.reason);
}

/* The newest last, where the eye is. */
static enum status
print_text(const struct events *events, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    if (events->count == 0)
        puts("No events.");
    for (size_t index = events->count; index-- > 0;)
        TRY(add_row(&table, &events->entries[index], err));
    table_print(&table);
    for (size_t index = events->count; index-- > 0;)
        print_reason(&events->entries[index]);
    return OK;
}

static json_t *
one_entry(const void *items, size_t index)
{
    const struct events *events = items;

    return json_incref(events->entries[events->count - 1 - index].members);
}

static enum status
print_json(const struct events *events, struct error *err)
{
    SCOPED(json_freep)
    json_t *report = json_pack("{s:o}", "events", json_array_of(events->count, one_entry, events));

    return report == NULL ? error_no_memory(err) : report_json(report, err);
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(release_events) struct events events = {.invocation = invocation};
    uint32_t last = options_u32(&invocation->options, "last", LAST_DEFAULT);

    TRY(check_kinds(&invocation->options, err));
    events.wanted = last == 0 ? SIZE_MAX : last;
    TRY(repository_open(invocation->config, &repo, err));
    TRY(load(&events, repo, err));
    return invocation->json ? print_json(&events, err) : print_text(&events, err);
}

const struct command command_events = {
    .name = "events",
    .summary = "show what happened to the repository",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Shows the cluster's log: every backup, dump, drill, expiry, deletion, hold and "
        "verification, good or bad, with who did it and where. The log is never shortened.\n\n"
        "Kinds are backup, dump, dump-failed, drill, expire, condemn, delete, hold, release, "
        "verify and lineage. A backup that fails leaves no entry; a dump that fails does.",
    .options = options,
    .examples = examples,
    .run = run,
};
