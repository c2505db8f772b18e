// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/help.h"
#include "agent/report.h"
#include "agent/runbook.h"
#include "agent/runbook_facts.h"

#include <stdio.h>
#include <string.h>

#define PAGE_LIMIT    ((size_t) 256 << 10)
#define SYMPTOM_LIMIT 4096
#define INDENT        4

/* What every page begins with, below its title. */
static const char preamble[] =
    "Run everything on the database's host as `{{os_user}}` (`sudo -iu {{os_user}}`), unless it "
    "says\nanother host. Lines that begin with `sudo` are for an administrator's terminal. In "
    "each terminal, first:\n\n"
    "```sh\n"
    "export PATH={{bin_directory}}:\"$PATH\" PGHOST={{host}} PGPORT={{port}}\n"
    "```\n";

/* What the list tells of a page. */
struct entry
{
    struct runbook runbook;
    struct buffer buffer;
    const char *symptom;
};

static void
release_entry(struct entry *entry)
{
    buffer_release(&entry->buffer);
}

static enum status
read_entry(const struct runbook_page *page, struct entry *entry, struct error *err)
{
    entry->buffer = BUFFER_INIT(SYMPTOM_LIMIT);
    TRY(runbook_parse(page->text, &entry->runbook, err));
    TRY(runbook_symptom(&entry->runbook, &entry->buffer, err));
    return buffer_text(&entry->buffer, &entry->symptom, err);
}

static enum status
list_as_json(struct error *err)
{
    SCOPED(json_freep) json_t *array = json_array();

    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
    {
        SCOPED(release_entry) struct entry entry = {0};

        TRY(read_entry(page, &entry, err));
        json_array_append_new(array, json_pack("{s:s, s:s%, s:s}", "name", page->name, "title",
                                               (const char *) entry.runbook.title.data,
                                               entry.runbook.title.size, "symptom", entry.symptom));
    }
    return array == NULL ? error_no_memory(err) : report_json(array, err);
}

static enum status
list(struct error *err)
{
    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
    {
        SCOPED(release_entry) struct entry entry = {0};

        TRY(read_entry(page, &entry, err));
        printf("%s\n%*s", page->name, INDENT, "");
        help_wrapped(stdout, entry.symptom, INDENT, INDENT);
    }
    puts("\n\"redoubt runbook NAME\" prints one, filled in with this cluster's names.");
    return OK;
}

static enum status
find_page(const char *name, const struct runbook_page **page, struct error *err)
{
    const char *suggestion = runbook_suggest(name);

    *page = runbook_find(name);
    if (*page != NULL)
        return OK;
    error_set(err, STATUS_CONFIG, "there is no runbook \"%s\"", name);
    if (suggestion != NULL)
        error_hint(err, "Did you mean \"%s\"?", suggestion);
    else
        error_hint(err, "\"redoubt runbook\" lists them.");
    return STATUS_CONFIG;
}

/* What the reader gives counts more than what we found. */
static enum status
take_values(const struct invocation *invocation, struct runbook_values *values, struct error *err)
{
    const char *text;

    for (size_t index = 0; (text = options_list(&invocation->options, "set", index)) != NULL;
         index++)
        TRY(runbook_values_parse(values, text, err));
    return OK;
}

static bool
is_open(const struct runbook_page *page, const struct runbook_facts *facts, const char *key)
{
    return (runbook_fill_needs(page->text, key) || runbook_fill_needs(preamble, key)) &&
           runbook_values_get(&facts->values, key) == NULL;
}

/* Before the page: whose it is, what could not be asked, what the reader has to replace. */
static enum status
append_state(const struct runbook_page *page, const struct runbook_facts *facts,
             struct buffer *text, struct error *err)
{
    const char *cluster = runbook_values_get(&facts->values, "cluster");
    char now[TIME_TEXT_SIZE];
    bool open = false;

    time_format(clock_now() / US_PER_SECOND * US_PER_SECOND, now);
    TRY(buffer_append_text(text, err, "\n> Printed %s for %s%s%s.\n", now,
                           cluster == NULL ? "a cluster that is not known" : "cluster \"",
                           cluster == NULL ? "" : cluster, cluster == NULL ? "" : "\""));
    for (size_t index = 0; index < facts->doubt_count; index++)
        TRY(buffer_append_text(text, err, ">\n> Not everything could be found out: %s\n",
                               facts->doubts[index].message));
    for (const struct runbook_key *key = runbook_keys; key->name != NULL; key++)
    {
        if (!is_open(page, facts, key->name))
            continue;
        if (!open)
            TRY(buffer_append_text(
                text, err, ">\n> Replace these, by hand or with --set %s=VALUE:\n>\n", key->name));
        open = true;
        TRY(buffer_append_text(text, err, "> * `{{%s}}`: %s\n", key->name, key->meaning));
    }
    return buffer_append_text(text, err, "\n");
}

static enum status
write_page(const struct runbook_page *page, const struct runbook_facts *facts, struct buffer *text,
           struct error *err)
{
    struct runbook runbook;

    TRY(runbook_parse(page->text, &runbook, err));
    TRY(buffer_append_text(text, err, "# %.*s\n", (int) runbook.title.size,
                           (const char *) runbook.title.data));
    TRY(append_state(page, facts, text, err));
    TRY(runbook_fill(preamble, &facts->values, text, err));
    return runbook_fill(runbook.body, &facts->values, text, err);
}

static enum status
page_as_json(const struct runbook_page *page, const struct runbook_facts *facts, const char *text,
             struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    json_t *open = json_array();
    json_t *doubts = json_array();

    for (const struct runbook_key *key = runbook_keys; key->name != NULL; key++)
        if (is_open(page, facts, key->name))
            json_array_append_new(
                open, json_pack("{s:s, s:s}", "key", key->name, "meaning", key->meaning));
    for (size_t index = 0; index < facts->doubt_count; index++)
        json_array_append_new(doubts, json_string(facts->doubts[index].message));
    object = json_pack("{s:s, s:s, s:o, s:o}", "name", page->name, "text", text, "open", open,
                       "doubts", doubts);
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
print_page(const struct invocation *invocation, const struct runbook_page *page,
           const struct runbook_facts *facts, struct error *err)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(PAGE_LIMIT);
    const char *text;

    TRY(write_page(page, facts, &buffer, err));
    TRY(buffer_text(&buffer, &text, err));
    if (invocation->json)
        return page_as_json(page, facts, text, err);
    fputs(text, stdout);
    return OK;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(runbook_facts_release) struct runbook_facts facts = {0};
    SCOPED(runbook_values_release) struct runbook_values checked = {0};
    const struct runbook_page *page;

    if (invocation->argument_count == 0)
        return invocation->json ? list_as_json(err) : list(err);
    TRY(find_page(invocation->arguments[0], &page, err));
    TRY(take_values(invocation, &checked, err)); /* a typing error shows before anything is asked */
    TRY(runbook_values_set(&facts.values, "program", invocation->program, err));
    TRY(runbook_facts_gather(invocation->config_path, &facts, err));
    TRY(take_values(invocation, &facts.values, err));
    return print_page(invocation, page, &facts, err);
}

static const struct option_spec options[] = {
    {"set", 's', OPTION_LIST, "KEY=VALUE", "fill in what only you know; may be repeated"},
    {0},
};

static const struct command_argument arguments[] = {
    {"NAME", "which one; without it they are listed", true, false},
    {0},
};

static const struct command_example examples[] = {
    {"What is there?", "redoubt runbook"},
    {"Rows were deleted by mistake:", "redoubt runbook accidental-deletion"},
    {"The same, with the table in its commands:",
     "redoubt runbook accidental-deletion --set database=shop --set table=public.orders"},
    {0},
};

const struct command command_runbook = {
    .name = "runbook",
    .summary = "print what to do when something has happened",
    .topic = COMMAND_WATCH,
    .config =
        COMMAND_CONFIG_NONE, /* read by ourselves: the page is printed even when it is wrong */
    .description =
        "Prints a page for a bad day: the symptom, how to be sure, what to do, how to verify, and "
        "when to stop and call. Its commands are filled in with this cluster's names, its latest "
        "backup and the moments that can be restored.\n\n"
        "It works while the server is down, the repository cannot be reached or the configuration "
        "is gone: what could not be found out then stays as {{key}} in the page, and a list at "
        "its top says what to replace. The pages are part of the program.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .run = run,
};
