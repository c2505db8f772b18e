// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "config/repository.h"
#include "repo/catalog.h"

#include <stdio.h>
#include <string.h>

static json_t *
one_hold(const void *items, size_t index)
{
    return hold_to_json(&((const struct hold *) items)[index]);
}

static enum status
add_row(struct table *table, const struct hold *hold, struct error *err)
{
    char until[TIME_TEXT_SIZE] = "released";

    if (hold->until != HOLD_FOR_EVER)
        time_format(hold->until, until);

    const char *const cells[] = {hold->id, until, hold->reason};

    return table_add(table, cells, err);
}

static enum status
print_holds(const struct catalog *catalog, struct error *err)
{
    static const struct table_column columns[] = {
        {"BACKUP OR DUMP", false}, {"HELD UNTIL", false}, {"REASON", false}, {0}};
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (size_t index = 0; index < catalog->hold_count; index++)
        TRY(add_row(&table, &catalog->holds[index], err));
    if (catalog->hold_count == 0)
        puts("No backup and no dump is held.");
    table_print(&table);
    return OK;
}

static enum status
report_holds(const struct invocation *invocation, const struct catalog *catalog, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;

    if (!invocation->json)
        return print_holds(catalog, err);
    object = json_pack("{s:s, s:o}", "cluster", invocation->config->cluster, "holds",
                       json_array_of(catalog->hold_count, one_hold, catalog->holds));
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

/* Another host may expire it while we are about to hold it. */
static enum status
check_present(void *arg, const struct catalog *catalog, struct error *err)
{
    const char *id = arg;

    if (catalog_find_backup(catalog, id) != NULL || catalog_find_dump(catalog, id) != NULL)
        return OK;
    error_set(err, STATUS_REFUSED, "there is no %s \"%s\"", hold_member(id), id);
    error_hint(err, "\"redoubt list\" shows what there is. What has expired cannot be held any "
                    "more.");
    return STATUS_REFUSED;
}

static enum status
read_hold(const struct invocation *invocation, struct hold *hold, struct error *err)
{
    const char *until = options_text(&invocation->options, "until");
    const char *reason = options_text(&invocation->options, "reason");

    *hold = (struct hold){.until = HOLD_FOR_EVER};
    snprintf(hold->id, sizeof(hold->id), "%s", invocation->arguments[0]);
    if (reason != NULL && strlen(reason) >= HOLD_REASON_SIZE)
        return error_set(err, STATUS_CONFIG, "the reason is longer than %d bytes",
                         HOLD_REASON_SIZE - 1);
    snprintf(hold->reason, sizeof(hold->reason), "%s", reason == NULL ? "" : reason);
    if (until == NULL)
        return OK;
    TRY(time_parse(until, &hold->until, err));
    if (hold->until <= clock_now())
        return error_set(err, STATUS_CONFIG, "\"%s\" has passed already", until);
    return OK;
}

static enum status
place(const struct invocation *invocation, struct repo *repo, struct catalog *catalog,
      struct error *err)
{
    struct hold hold;
    struct catalog_entry entry = {.hold = &hold};
    struct catalog_check check = {check_present, hold.id};

    TRY(read_hold(invocation, &hold, err));
    return catalog_append(repo, catalog, &entry, check, err);
}

static enum status
lift(const struct invocation *invocation, struct repo *repo, struct catalog *catalog,
     struct error *err)
{
    char id[HOLD_ID_SIZE];
    struct catalog_entry entry = {.released = id};

    if (options_text(&invocation->options, "until") != NULL ||
        options_text(&invocation->options, "reason") != NULL)
        return error_set(err, STATUS_CONFIG,
                         "\"--release\" takes neither \"--until\" nor "
                         "\"--reason\"");
    snprintf(id, sizeof(id), "%s", invocation->arguments[0]);
    TRY(check_present(id, catalog, err));
    if (catalog_find_hold(catalog, id) == NULL)
        return OK;
    return catalog_append(repo, catalog, &entry, (struct catalog_check){0}, err);
}

static bool
is_id(const char *text)
{
    struct dump dump;
    struct error ignored;

    return backup_id_is_valid(text) || dump_id_parse(text, &dump, &ignored) == OK;
}

static enum status
check_line(const struct invocation *invocation, struct error *err)
{
    const struct options *given = &invocation->options;

    if (invocation->argument_count == 0 &&
        (options_flag(given, "release") || options_text(given, "until") != NULL ||
         options_text(given, "reason") != NULL))
        return error_set(err, STATUS_CONFIG, "no backup or dump is named");
    if (invocation->argument_count > 0 && !is_id(invocation->arguments[0]))
    {
        error_set(err, STATUS_CONFIG, "\"%s\" is not a backup's id, nor a dump's",
                  invocation->arguments[0]);
        error_hint(err, "\"redoubt list\" shows the backups and dumps that there are.");
        return STATUS_CONFIG;
    }
    return OK;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(catalog_release) struct catalog catalog = {0};
    bool release = options_flag(&invocation->options, "release");

    TRY(check_line(invocation, err));
    TRY(repository_open(invocation->config, &repo, err));
    TRY(catalog_load(repo, &catalog, err));
    if (invocation->argument_count > 0)
        TRY(release ? lift(invocation, repo, &catalog, err)
                    : place(invocation, repo, &catalog, err));
    return report_holds(invocation, &catalog, err);
}

static const struct command_argument arguments[] = {
    {"ID", "a backup's or a dump's, as \"redoubt list\" shows it; without one, holds are listed",
     true, false},
    {0},
};

static const struct option_spec options[] = {
    {"until", 0, OPTION_TEXT, "TIME", "hold it until then; without it, until it is released"},
    {"reason", 0, OPTION_TEXT, "TEXT", "why, for those who ask later"},
    {"release", 0, OPTION_FLAG, NULL, "let go: the policy decides about it again"},
    {0},
};

static const struct command_example examples[] = {
    {"Keep what an audit needs:",
     "redoubt hold 2026-11-21T02-12-34-1f3a --until 2033-01-01 --reason 'year-end audit'"},
    {"Keep a dump until somebody says otherwise:", "redoubt hold shop/backup-2026-11-21T03-00-00"},
    {"Let go of it:", "redoubt hold --release 2026-11-21T02-12-34-1f3a"},
    {0},
};

const struct command command_hold = {
    .name = "hold",
    .summary = "keep a backup or a dump whatever the policy says",
    .topic = COMMAND_WATCH,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "A backup or dump that is held does not expire, and neither does the WAL that makes the "
        "backup consistent, until the given time or until it is released. A second hold takes the "
        "place of the first. Without an argument, the holds that there are are listed.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .run = run,
};
