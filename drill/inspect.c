// SPDX-License-Identifier: PostgreSQL
#include "drill/inspect.h"

#include "base/log.h"
#include "drill/check_layer.h"
#include "drill/scope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYER_FIRST LAYER_COLLATIONS

struct inspection
{
    struct trial *trial;
    struct scope scope;
    struct inspect_tally tally;
};

static bool
is_red(enum check_state state)
{
    return state == CHECK_FAILED || state == CHECK_BROKEN;
}

/* One that failed outweighs one that could not be run, and one that passed any that was skipped. */
static enum check_state
worse(enum check_state left, enum check_state right)
{
    static const int weights[] = {
        [CHECK_FAILED] = 3, [CHECK_BROKEN] = 2, [CHECK_PASSED] = 1, [CHECK_SKIPPED] = 0};

    return weights[left] >= weights[right] ? left : right;
}

void
inspect_start(struct inspect_tally *tally)
{
    *tally = (struct inspect_tally){0};
    for (size_t layer = 0; layer < LAYER_COUNT; layer++)
        tally->layers[layer].state = CHECK_SKIPPED;
}

static void
add_result(struct inspect_tally *tally, const char *database, const struct check_result *result)
{
    enum drill_layer index = check_layer(result->kind);
    struct layer_result *layer = &tally->layers[index];

    if (is_red(result->state) && layer->findings++ == 0)
        snprintf(layer->found, sizeof(layer->found), "%s%s%s: %s; expected: %s", database,
                 database[0] == '\0' ? "" : ": ", result->name, result->found, result->expected);
    if (result->state == CHECK_PASSED)
        tally->counts[index]++;
    layer->state = worse(layer->state, result->state);
    layer->duration_ms += result->duration_ms;
}

void
inspect_add(struct inspect_tally *tally, const char *database, const struct check_results *results)
{
    for (size_t index = 0; index < results->count; index++)
        add_result(tally, database, &results->items[index]);
}

void
inspect_conclude(struct inspect_tally *tally)
{
    for (size_t index = LAYER_FIRST; index < LAYER_COUNT; index++)
    {
        struct layer_result *layer = &tally->layers[index];

        if (layer->state == CHECK_PASSED)
            snprintf(layer->found, sizeof(layer->found), "%" PRIu32 " check%s",
                     tally->counts[index], tally->counts[index] == 1 ? "" : "s");
        else if (layer->state == CHECK_SKIPPED)
            snprintf(layer->found, sizeof(layer->found), "there is nothing to check");
    }
}

/* The counts of an earlier drill, of one database; they borrow from its receipt. */
struct recorded
{
    struct checks_count *items;
    size_t count;
};

static void
release_recorded(struct recorded *recorded)
{
    free(recorded->items);
}

/* A moment or timeline that was asked for may not have what was recorded: NULL. */
static const struct receipt *
comparable_receipt(const struct trial *trial)
{
    const struct target *asked = &trial->plan.asked;

    return asked->kind == TARGET_LATEST && asked->timeline == TARGET_TIMELINE_LATEST
               ? trial->options->previous
               : NULL;
}

static enum status
recall_counts(const struct receipt *previous, const char *database, struct recorded *recorded,
              struct error *err)
{
    if (previous == NULL)
        return OK;
    recorded->items = calloc(previous->count_count + 1, sizeof(*recorded->items));
    if (recorded->items == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < previous->count_count; index++)
    {
        const struct receipt_count *count = &previous->counts[index];

        if (strcmp(count->database, database) == 0)
            recorded->items[recorded->count++] = (struct checks_count){
                .schema = count->schema,
                .table = count->table,
                .rows = count->rows,
                .counted = count->counted,
            };
    }
    return OK;
}

/* When what was restored was the present: now, unless an earlier moment was asked for. */
static time_us
reference_of(const struct trial *trial)
{
    switch (trial->plan.asked.kind)
    {
    case TARGET_LATEST:
        return trial->receipt->disaster;
    case TARGET_TIME:
        return trial->plan.asked.time;
    default:
        return trial->started.time != TIME_NONE ? trial->started.time : trial->plan.backup.stopped;
    }
}

static enum status
note_results(struct inspection *inspection, const char *database,
             const struct check_results *results, struct error *err)
{
    struct receipt *receipt = inspection->trial->receipt;

    for (size_t index = 0; index < results->count; index++)
        TRY(receipt_add_check(receipt, check_layer(results->items[index].kind), database,
                              &results->items[index], err));
    for (size_t index = 0; index < results->count_count; index++)
        TRY(receipt_add_count(receipt, database, &results->counts[index], err));
    inspect_add(&inspection->tally, database, results);
    return OK;
}

static enum status
note_database(void *arg, const char *database, const struct check_result *result, struct error *err)
{
    struct inspection *inspection = arg;

    add_result(&inspection->tally, database, result);
    return receipt_add_check(inspection->trial->receipt, check_layer(result->kind), database,
                             result, err);
}

/* A database whose checks cannot be run to their end is as bad as one that fails them. */
static enum status
note_broken(struct inspection *inspection, const char *database, const struct error *reason,
            struct error *err)
{
    struct check_result result = {.kind = CHECK_EXISTS, .state = CHECK_BROKEN};

    snprintf(result.name, sizeof(result.name), "database \"%s\"", database);
    snprintf(result.expected, sizeof(result.expected), "can be checked");
    snprintf(result.found, sizeof(result.found), "%.500s", reason->message);
    return note_database(inspection, database, &result, err);
}

static enum status
inspect_database(struct inspection *inspection, const char *database, struct error *err)
{
    struct trial *trial = inspection->trial;
    SCOPED(check_results_release) struct check_results results = {0};
    SCOPED(release_recorded) struct recorded recorded = {0};
    struct error reason = {0};
    struct checks_request request = {
        .conninfo = trial->conninfo,
        .database = database,
        .config = scope_checks(&inspection->scope, database),
        .record = true,
        .reference = reference_of(trial),
        .workers = trial->options->workers,
    };
    enum status status;

    TRY(recall_counts(inspection->scope.previous, database, &recorded, err));
    request.counts = recorded.items;
    request.count_count = recorded.count;
    status = checks_run(&request, &results, &reason);
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    TRY(note_results(inspection, database, &results, err));
    return status == OK ? OK : note_broken(inspection, database, &reason, err);
}

enum status
inspect_prove(struct trial *trial, struct error *err)
{
    SCOPED(databases_release) struct databases databases = {0};
    struct inspection inspection = {
        .trial = trial,
        .scope = {.databases = &databases,
                  .checks = trial->options->checks,
                  .check_count = trial->options->check_count,
                  .previous = comparable_receipt(trial)},
    };

    log_info("running the checks");
    inspect_start(&inspection.tally);
    TRY(databases_read(trial->conninfo, &databases, err));
    for (size_t index = 0; index < databases.count; index++)
        if (databases.items[index].state == DATABASE_OPEN)
            TRY(inspect_database(&inspection, databases.items[index].name, err));
    TRY(scope_each_unseen(&inspection.scope, note_database, &inspection, err));
    inspect_conclude(&inspection.tally);
    memcpy(&trial->receipt->layers[LAYER_FIRST], &inspection.tally.layers[LAYER_FIRST],
           (LAYER_COUNT - LAYER_FIRST) * sizeof(struct layer_result));
    return OK;
}
