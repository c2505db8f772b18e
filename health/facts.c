// SPDX-License-Identifier: PostgreSQL
#include "health/facts.h"

#include "config/repository.h"
#include "health/drills.h"
#include "health/reach.h"
#include "repo/log_entry.h"
#include "retention/doubt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So far back the log is searched for dumps that failed. */
#define ENTRIES_MAX 64

struct gathering
{
    const struct config *config;
    time_us now;
    struct health_facts *facts;
    struct health_server server;
    struct repo *repo;
    struct catalog catalog;
};

static void
release_gathering(struct gathering *gathering)
{
    health_server_release(&gathering->server);
    catalog_release(&gathering->catalog);
    repo_freep(&gathering->repo);
}

void
health_facts_release(struct health_facts *facts)
{
    free(facts->dumps);
    facts->dumps = NULL;
    facts->dump_count = 0;
}

/* Is it the end of us, and no fact? */
static bool
is_final(enum status status)
{
    return status == STATUS_CANCELLED || status == STATUS_NO_MEMORY;
}

static void
take_problem(const struct error *err, struct health_problem *problem)
{
    snprintf(problem->text, sizeof(problem->text), "%s", err->message);
    snprintf(problem->hint, sizeof(problem->hint), "%s", err->hint);
    for (char *at = problem->text; (at = strchr(at, '\n')) != NULL;)
        *at = ' ';
}

static enum status
note_problem(enum status status, const struct error *err, struct health_problem *problem)
{
    if (is_final(status))
        return status;
    if (status != OK)
        take_problem(err, problem);
    return OK;
}

static enum status
gather_canary(struct gathering *gathering, struct error *err)
{
    struct health_facts *facts = gathering->facts;
    enum status status =
        health_server_ask_canary(gathering->config, &gathering->server, &facts->canary.good, err);

    if (is_final(status))
        return status;
    facts->has_canary = status != STATUS_NOT_FOUND;
    if (status != OK && facts->has_canary)
        snprintf(facts->canary.flaw, sizeof(facts->canary.flaw), "It could not be read: %.900s.",
                 err->message);
    return OK;
}

static enum status
gather_server(struct gathering *gathering, struct error *err)
{
    struct health_facts *facts = gathering->facts;
    enum status status =
        health_server_ask(gathering->config, &gathering->server, &facts->archiving, err);

    TRY(note_problem(status, err, &facts->server));
    if (status == OK)
        TRY(gather_canary(gathering, err));
    if (facts->archiving.known || facts->archiving.elsewhere)
        return OK;
    return health_server_look(gathering->config, gathering->now, &facts->archiving, err);
}

/* Work */

static void
gather_backup(const struct catalog *catalog, const struct lineage *present,
              struct health_work *work)
{
    const struct backup *last = NULL;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        if (catalog->backups[index].system_identifier != present->system_identifier)
            continue;
        last = &catalog->backups[index];
        if (!last->damaged)
            work->good = last->stopped;
    }
    if (last != NULL && last->damaged)
        snprintf(work->flaw, sizeof(work->flaw),
                 "The last backup, %s, met pages with wrong checksums: the server's data is "
                 "damaged.",
                 last->id);
}

static void
gather_verification(const struct catalog *catalog, struct health_work *work)
{
    const struct verification *verification = &catalog->verification;
    const char *noun = verification->findings == 1 ? "finding" : "findings";

    if (!catalog->has_verification)
        return;
    work->good = verification->finished;
    work->grave = verification->damage > 0;
    if (work->grave)
        snprintf(work->flaw, sizeof(work->flaw),
                 "The last verification has %" PRIu64 " %s, %" PRIu64 " of them damage.",
                 verification->findings, noun, verification->damage);
    else if (verification->findings > 0)
        snprintf(work->flaw, sizeof(work->flaw), "The last verification has %" PRIu64 " %s.",
                 verification->findings, noun);
}

/* Dumps */

static enum status
gather_dumps(const struct gathering *gathering, struct error *err)
{
    const struct config_dumps *wanted = &gathering->config->dumps;
    struct health_facts *facts = gathering->facts;

    facts->dumps = calloc(wanted->count + 1, sizeof(*facts->dumps));
    if (facts->dumps == NULL)
        return error_no_memory(err);
    for (; facts->dump_count < wanted->count; facts->dump_count++)
        facts->dumps[facts->dump_count] =
            (struct health_dump){wanted->items[facts->dump_count].database, {.good = TIME_NONE}};
    return OK;
}

/* NULL for one that is not configured: nobody waits for its dumps. */
static struct health_dump *
find_dump(const struct health_facts *facts, const char *database)
{
    for (size_t index = 0; index < facts->dump_count; index++)
        if (strcmp(facts->dumps[index].database, database) == 0)
            return &facts->dumps[index];
    return NULL;
}

/* In the order of commits: what is later replaces what was said before. */
static void
gather_catalogued_dumps(const struct catalog *catalog, struct health_facts *facts)
{
    for (size_t index = 0; index < catalog->dump_count; index++)
    {
        const struct dump *dump = &catalog->dumps[index];
        struct health_dump *wanted = find_dump(facts, dump->database);

        if (wanted == NULL)
            continue;
        if (!dump->suspicious)
            wanted->work = (struct health_work){.good = dump->finished};
        else
            snprintf(wanted->work.flaw, sizeof(wanted->work.flaw),
                     "The last dump, %s, is suspicious: its size is far from the usual. If the "
                     "database did change that much, --accept-size accepts it.",
                     dump->name);
    }
}

/* Dumps that failed are in the log only. */
struct log_search
{
    struct health_facts *facts;
    bool *settled; /* by the facts' dumps: what happened last is known */
    size_t open;
};

static enum status
look_at_entry(struct log_search *search, const struct log_entry *entry, struct error *err)
{
    const char *kind;
    const char *database;
    const char *reason = NULL;
    const json_t *object;
    struct health_dump *dump;
    bool *settled;

    TRY(member_text(entry->members, "kind", &kind, err));
    if (strcmp(kind, "dump") != 0 && strcmp(kind, "dump-failed") != 0)
        return OK;
    TRY(member_object(entry->members, kind, &object, err));
    TRY(member_text(object, "database", &database, err));
    TRY(member_text_optional(object, "reason", &reason, err));
    dump = find_dump(search->facts, database);
    if (dump == NULL)
        return OK;
    settled = &search->settled[dump - search->facts->dumps];
    if (*settled)
        return OK;
    *settled = true;
    search->open--;
    if (reason != NULL)
        snprintf(dump->work.flaw, sizeof(dump->work.flaw), "The last run failed: %.900s", reason);
    return OK;
}

static enum status
gather_failed_dumps(struct gathering *gathering, struct error *err)
{
    struct health_facts *facts = gathering->facts;
    SCOPED(freep) bool *settled = calloc(facts->dump_count + 1, sizeof(*settled));
    struct log_search search = {facts, settled, facts->dump_count};
    uint64_t number = gathering->catalog.last_number;

    if (settled == NULL)
        return error_no_memory(err);
    for (size_t count = 0; number > 0 && count < ENTRIES_MAX && search.open > 0; number--, count++)
    {
        SCOPED(log_entry_release) struct log_entry entry = {0};

        TRY(log_entry_read(gathering->repo, number, &entry, err));
        TRY(look_at_entry(&search, &entry, err));
    }
    return OK;
}

/* The repository */

static void
gather_doubts(struct gathering *gathering)
{
    struct health_facts *facts = gathering->facts;
    struct error reason;

    if (store_server_time(gathering->repo->store, &facts->store_time, &reason) != OK)
        facts->store_time = TIME_NONE;
    if (doubt_check(&gathering->catalog, gathering->now, &reason) != OK)
        take_problem(&reason, &facts->doubt);
}

static void
compare_clusters(const struct health_server *server, const struct lineage *present,
                 struct health_facts *facts)
{
    if (!server->identified || server->system_identifier == present->system_identifier)
        return;
    facts->other_cluster = true;
    snprintf(facts->server.text, sizeof(facts->server.text),
             "has system identifier %" PRIu64 ", and the repository expects %" PRIu64,
             server->system_identifier, present->system_identifier);
}

static enum status
gather_repository(struct gathering *gathering, struct error *err)
{
    const struct retention_policy *retention = &gathering->config->retention;
    struct health_facts *facts = gathering->facts;
    const struct lineage *present;
    struct health_reach_question question = {
        .catalog = &gathering->catalog,
        .server = &gathering->server,
        .window_start = gathering->now - retention->recovery_window_us,
        .window_us = retention->recovery_window_us,
    };

    /* Who asks how it is does not wait as long as who works. */
    TRY(repository_open_at(gathering->config, gathering->config->chosen, REPOSITORY_HURRIED,
                           &gathering->repo, err));
    TRY(catalog_load(gathering->repo, &gathering->catalog, err));
    present = catalog_present_lineage(&gathering->catalog);
    facts->has_cluster = present != NULL;
    if (present == NULL)
        return OK;
    compare_clusters(&gathering->server, present, facts);
    gather_backup(&gathering->catalog, present, &facts->backup);
    gather_verification(&gathering->catalog, &facts->verify);
    health_drills_judge(&gathering->catalog, present, &facts->drill);
    gather_catalogued_dumps(&gathering->catalog, facts);
    TRY(gather_failed_dumps(gathering, err));
    gather_doubts(gathering);
    question.repo = gathering->repo;
    return health_reach_find(&question, facts, err);
}

enum status
health_facts_gather(const struct config *config, const char *options, time_us now,
                    struct health_facts *facts, struct error *err)
{
    SCOPED(release_gathering)
    struct gathering gathering = {.config = config, .now = now, .facts = facts};

    *facts = (struct health_facts){
        .cluster = config->cluster,
        .options = options,
        .store_time = TIME_NONE,
        .backup.good = TIME_NONE,
        .verify.good = TIME_NONE,
        .drill.good = TIME_NONE,
        .canary.good = TIME_NONE,
        .reach.time = TIME_NONE,
        .reach.gap_leaves = TIME_NONE,
    };
    TRY(gather_dumps(&gathering, err));
    /* Before the repository: what the server says is archived must be found there. */
    TRY(gather_server(&gathering, err));
    return note_problem(gather_repository(&gathering, err), err, &facts->repository);
}
