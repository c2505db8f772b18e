// SPDX-License-Identifier: PostgreSQL
#include "drill/drill.h"

#include "base/log.h"
#include "drill/amcheck.h"
#include "drill/boot.h"
#include "drill/inspect.h"
#include "drill/outlook.h"
#include "drill/pages.h"
#include "drill/postgres.h"
#include "drill/rebuild.h"
#include "drill/self_test_run.h"
#include "repo/store_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void
release_trial(struct trial *trial)
{
    boot_stop(trial);
    start_result_release(&trial->started);
    restore_result_release(&trial->restored);
    layout_release(&trial->layout);
    plan_release(&trial->plan);
    free(trial->programs);
    free(trial->conninfo);
}

static void
skip_from(struct trial *trial, enum drill_layer first, const char *reason)
{
    for (enum drill_layer layer = first; layer < LAYER_COUNT; layer++)
        trial_skip(trial, layer, reason);
}

/* What to restore, and with which programs.  *sound: there is something. */
static enum status
find_backup(struct trial *trial, bool *sound, struct error *err)
{
    log_info("looking for a backup and its WAL");
    TRY(rebuild_plan(trial, sound, err));
    if (*sound)
        return postgres_find(trial->options->bin_directory, (int) trial->plan.backup.major,
                             &trial->programs, err);
    skip_from(trial, LAYER_OBJECTS, "there is nothing to restore");
    return OK;
}

/* The layers on the way to a server that answers.  *sound: it does. */
static enum status
bring_up(struct trial *trial, bool *sound, struct error *err)
{
    log_info("restoring backup %s into \"%s\"", trial->plan.backup.id, trial->place->own);
    TRY(rebuild_files(trial, sound, err));
    if (!*sound)
    {
        skip_from(trial, LAYER_START, "the cluster was not restored");
        return OK;
    }
    log_info("starting the restored server");
    TRY(boot_to_target(trial, sound, err));
    if (*sound)
        trial->receipt->drill.rto_ms = clock_monotonic_ms() - trial->started_ms;
    else
        skip_from(trial, LAYER_PAGES, "the server did not come up");
    return OK;
}

/* Layers that look into databases. */
static enum status
look_into_databases(struct trial *trial, struct error *err)
{
    TRY(boot_disarm(trial, err));
    TRY(amcheck_prove(trial, err));
    return inspect_prove(trial, err);
}

/* The server is gone or speaks no more: that breaks the layer whose turn it was. */
static void
break_off(struct trial *trial, const struct error *reason)
{
    enum drill_layer layer = LAYER_AMCHECK;
    struct trial_layer broken;

    while (layer + 1 < LAYER_COUNT && trial->receipt->layers[layer].state != CHECK_SKIPPED)
        layer++;
    broken = trial_begin(trial, layer);
    trial_end_by(&broken, CHECK_BROKEN, reason);
    skip_from(trial, layer + 1, "the server did not answer any more");
}

/* The layers that need it to answer. */
static enum status
look_through(struct trial *trial, struct error *err)
{
    int64_t begin_ms = clock_monotonic_ms();
    struct error reason = {0};
    enum status status;
    bool runs;

    log_info("looking at the pages' checksums");
    TRY(pages_prove(trial, &runs, err));
    if (!runs)
    {
        skip_from(trial, LAYER_AMCHECK, "the server did not start again");
        return OK;
    }
    status = look_into_databases(trial, &reason);
    trial->receipt->checks_ms = clock_monotonic_ms() - begin_ms;
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status != OK)
        break_off(trial, &reason);
    return OK;
}

static enum status
carry_out(struct trial *trial, struct error *err)
{
    bool sound;

    TRY(find_backup(trial, &sound, err));
    if (sound)
        TRY(bring_up(trial, &sound, err));
    if (!sound)
        return OK;
    TRY(outlook_conclude(trial, err));
    return look_through(trial, err);
}

/* What damages the repository's contents goes first: there is room for one copy only. */
static enum status
carry_out_self_test(struct trial *trial, struct error *err)
{
    bool sound;

    TRY(find_backup(trial, &sound, err));
    if (!sound)
        return OK;
    TRY(self_test_repository(trial, trial->self_test, err));
    TRY(bring_up(trial, &sound, err));
    if (!sound)
        return OK;
    skip_from(trial, LAYER_PAGES, "this was a self-test");
    return self_test_databases(trial, trial->self_test, err);
}

/* The newest timeline goes without saying; on another, the same moment is another one. */
static void
describe_target(const struct target *target, char text[DRILL_TARGET_SIZE])
{
    size_t used;

    target_describe(target, text);
    used = strlen(text);
    if (target->timeline == TARGET_TIMELINE_CURRENT)
        snprintf(text + used, DRILL_TARGET_SIZE - used, " on the backup's timeline");
    else if (target->timeline == TARGET_TIMELINE_NUMBER)
        snprintf(text + used, DRILL_TARGET_SIZE - used, " on timeline %" PRIu32,
                 target->timeline_number);
}

static enum status
describe(struct trial *trial, struct error *err)
{
    struct receipt *receipt = trial->receipt;

    receipt->drill.started = clock_now();
    TRY(backup_make_id(receipt->drill.started, receipt->drill.id, err));
    snprintf(receipt->cluster, sizeof(receipt->cluster), "%s", trial->options->cluster);
    snprintf(receipt->program, sizeof(receipt->program), "redoubt %s", REDOUBT_VERSION);
    if (gethostname(receipt->host, sizeof(receipt->host) - 1) != 0)
        return error_errno(err, "could not find this host's name");
    describe_target(&trial->options->target.target, receipt->drill.target);
    if (trial->options->repo->copy && trial->options->repository != NULL)
        snprintf(receipt->drill.repository, sizeof(receipt->drill.repository), "%s",
                 trial->options->repository);
    return OK;
}

/* The server must be gone before its directory is.  What is left goes with the next drill. */
static void
tidy_up(struct trial *trial, bool keep)
{
    struct error reason = {0};
    enum status status;

    boot_stop(trial);
    status = keep ? place_keep(trial->place, &reason) : place_clear(trial->place, &reason);
    if (status == OK && keep)
        log_info("the restored cluster stays in \"%s\"", trial->place->data);
    if (status == OK)
        return;
    error_context(&reason, "the drill could not tidy up after itself");
    log_error(LOG_WARNING, &reason);
}

/* In its place, which is clear again afterwards. */
static enum status
drill_there(struct trial *trial, struct error *err)
{
    enum status status;

    TRY(place_open(trial->place, trial->options->directory, trial->receipt->drill.id, err));
    trial->started_ms = clock_monotonic_ms();
    status = trial->self_test == NULL ? carry_out(trial, err) : carry_out_self_test(trial, err);
    if (status == OK)
    {
        trial->receipt->drill.finished = clock_now();
        receipt_judge(trial->receipt);
    }
    tidy_up(trial, status == OK && trial->options->keep);
    return status;
}

/* All that we start inherits it.  Nobody but root may come forward again, nor has to. */
static enum status
step_back(int nice_value, struct error *err)
{
    if (getpriority(PRIO_PROCESS, 0) >= nice_value || setpriority(PRIO_PROCESS, 0, nice_value) == 0)
        return OK;
    return error_errno(err, "could not set the priority of this process");
}

static enum status
run(const struct drill_options *options, struct self_test *test, struct receipt *receipt,
    struct error *err)
{
    SCOPED(place_release) struct place place = PLACE_INIT;
    SCOPED(store_freep) struct store *view = NULL;
    const struct store_view_options seen = {.rate = options->rate};
    struct repo repo = *options->repo; /* all but its store */
    SCOPED(release_trial)
    struct trial trial = {
        .options = options,
        .receipt = receipt,
        .place = &place,
        .repo = &repo,
        .self_test = test,
        .canary = TIME_NONE,
        .started = {.time = TIME_NONE},
    };

    if (geteuid() == 0)
    {
        error_set(err, STATUS_CONFIG, "PostgreSQL cannot be started as root");
        error_hint(err, "Drill as an ordinary user who can read the key and the repository.");
        return STATUS_CONFIG;
    }
    TRY(step_back((int) options->nice, err));
    TRY(store_open_view(&view, options->repo->store, &seen, err));
    repo.store = view;
    TRY(describe(&trial, err));
    outlook_begin(&trial);
    return drill_there(&trial, err);
}

enum status
drill_run(const struct drill_options *options, struct receipt *receipt, struct error *err)
{
    return run(options, NULL, receipt, err);
}

enum status
drill_self_test(const struct drill_options *options, struct receipt *receipt,
                struct self_test *test, struct error *err)
{
    *test = (struct self_test){0};
    receipt->self_test = true;
    return run(options, test, receipt, err);
}
