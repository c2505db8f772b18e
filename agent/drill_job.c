// SPDX-License-Identifier: PostgreSQL
#include "agent/drill_job.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "pg/conninfo.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status
name_below(const char *parent, const char *cluster, char **directory, struct error *err)
{
    if (asprintf(directory, "%s/drill-%s", parent, cluster) >= 0)
        return OK;
    *directory = NULL;
    return error_no_memory(err);
}

enum status
drill_job_directory(const struct invocation *invocation, char **directory, struct error *err)
{
    const struct config *config = invocation->config;
    const char *state = getenv("STATE_DIRECTORY"); /* systemd's; several have colons between */
    const char *into = options_text(&invocation->options, "into");
    SCOPED(freep) char *here = NULL;

    if (into != NULL && into[0] != '/')
    {
        here = getcwd(NULL, 0);
        if (here == NULL)
            return error_errno(err, "could not find the current directory");
        *directory = path_join(here, into);
        return *directory == NULL ? error_no_memory(err) : OK;
    }
    if (into == NULL)
        into = config->drill.directory;
    if (into != NULL)
    {
        *directory = strdup(into);
        return *directory == NULL ? error_no_memory(err) : OK;
    }
    if (state != NULL && state[0] == '/' && strchr(state, ':') == NULL)
    {
        *directory = path_join(state, "drill");
        return *directory == NULL ? error_no_memory(err) : OK;
    }
    return name_below(config->spool == NULL ? "/var/tmp" : config->spool, config->cluster,
                      directory, err);
}

/*
 * The last drill that passed, of those to the end of the archived WAL: one of an
 * earlier moment, or along a timeline that was asked for, which its text then tells,
 * says nothing of how many rows there should be now.
 */
static const struct drill *
find_previous(const struct drill_job *job)
{
    const struct catalog *catalog = job->catalog;
    const char *copy = job->repo->copy ? job->invocation->config->chosen->name : "";
    const struct target latest = {.kind = TARGET_LATEST};
    char wanted[TARGET_TEXT_SIZE];

    target_describe(&latest, wanted);
    for (size_t index = catalog->drill_count; index > 0; index--)
    {
        const struct drill *drill = &catalog->drills[index - 1];

        if (drill->verdict == DRILL_PASSED && drill_is_of(drill, copy) &&
            strcmp(drill->target, wanted) == 0)
            return drill;
    }
    return NULL;
}

/* It says how many rows there were; without one nothing is compared. */
static enum status
load_previous(struct drill_job *job, struct receipt *previous, bool *found, struct error *err)
{
    const struct drill *drill = find_previous(job);
    struct error reason = {0};
    enum status status;

    *found = false;
    if (job->journal == NULL || drill == NULL)
        return OK;
    status = receipt_load(job->journal, drill->id, previous, &reason);
    *found = status == OK;
    if (status != STATUS_NOT_FOUND && status != STATUS_CORRUPT)
    {
        *err = reason;
        return status;
    }
    log_error(LOG_WARNING, &reason);
    return OK;
}

static enum status
run(struct drill_job *job, const struct plan_options *target, struct receipt *receipt,
    struct self_test *test, struct error *err)
{
    const struct invocation *invocation = job->invocation;
    const struct config *config = invocation->config;
    const struct passwd *user = getpwuid(geteuid());
    SCOPED(receipt_release) struct receipt previous;
    SCOPED(freep) char *directory = NULL;
    char configured[NAME_MAX + 1];
    const char *roles[] = {"postgres", user == NULL ? NULL : user->pw_name, NULL, NULL};
    struct drill_options options = {
        .repo = job->repo,
        .cluster = config->cluster,
        .program = invocation->program,
        .config_path = invocation->config_path,
        .repository = options_text(&invocation->options, "repository"),
        .bin_directory = config->postgres.bin_directory,
        .primary = config->postgres.connection,
        .roles = roles,
        .target = *target,
        .checks = config->checks.items,
        .check_count = config->checks.count,
        .memory_bytes =
            config->drill.memory_bytes != 0 ? config->drill.memory_bytes : config->memory_bytes,
        .rate = config->drill.rate,
        .nice = config->drill.nice,
        .workers = config->workers,
        .keep = options_flag(&invocation->options, "keep"),
    };
    bool found;

    receipt_init(&previous);
    pg_conninfo_user(config->postgres.connection, configured, sizeof(configured));
    if (configured[0] != '\0')
        roles[user == NULL ? 1 : 2] = configured;
    TRY(drill_job_directory(invocation, &directory, err));
    options.directory = directory;
    TRY(load_previous(job, &previous, &found, err));
    options.previous = found ? &previous : NULL;
    return test == NULL ? drill_run(&options, receipt, err)
                        : drill_self_test(&options, receipt, test, err);
}

static enum status
keep_receipt(struct drill_job *job, const struct receipt *receipt, struct error *err)
{
    const struct catalog_entry entry = {.drill = &receipt->drill};

    if (job->journal == NULL)
        return OK;
    CRASH_POINT("drill: before the receipt is stored");
    TRY(receipt_store(job->journal, receipt, err));
    CRASH_POINT("drill: before the log tells of it");
    return catalog_append(job->journal, job->catalog, &entry, (struct catalog_check){0}, err);
}

enum status
drill_job_run(struct drill_job *job, const struct plan_options *target, struct receipt *receipt,
              struct error *err)
{
    TRY(run(job, target, receipt, NULL, err));
    return keep_receipt(job, receipt, err);
}

enum status
drill_job_self_test(struct drill_job *job, const struct plan_options *target,
                    struct receipt *receipt, struct self_test *test, struct error *err)
{
    return run(job, target, receipt, test, err);
}

/* The first layer in this state. */
static enum drill_layer
first_in(const struct receipt *receipt, enum check_state state)
{
    enum drill_layer layer = 0;

    while (layer + 1 < LAYER_COUNT && receipt->layers[layer].state != state)
        layer++;
    return layer;
}

enum status
drill_job_conclude(const struct receipt *receipt, struct error *err)
{
    bool failed = receipt->drill.verdict == DRILL_FAILED;
    enum status status = failed ? STATUS_CORRUPT : STATUS_IO;
    enum drill_layer layer = first_in(receipt, failed ? CHECK_FAILED : CHECK_BROKEN);

    if (receipt->drill.verdict == DRILL_PASSED)
        return OK;
    error_set(err, status, "the drill %s at \"%s\": %s",
              failed ? "failed" : "did not come to its end", layer_title(layer),
              receipt->layers[layer].found);
    return status;
}
