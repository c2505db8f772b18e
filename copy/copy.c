// SPDX-License-Identifier: PostgreSQL
#include "copy/copy.h"

#include "base/crash.h"
#include "copy/copy_crew.h"
#include "copy/copy_log.h"
#include "copy/copy_wanted.h"
#include "repo/difference.h"

#include <stdlib.h>

/* Each turn needs an object that was deleted while the one before it was at work. */
#define TURNS_MAX 10

/* One stage: what is below a folder, as far as it is of these kinds. */
struct stage
{
    const char *folder;
    unsigned kinds; /* bits, by enum object_kind */
};

#define KIND(kind) (1u << OBJECT_KIND_##kind)

/* In this order, so that nothing is there before what it needs. */
static const struct stage stages[] = {
    {"packs/", KIND(PACK)},
    {"wal/", KIND(WAL) | KIND(LINEAGE)},
    {"backups/", KIND(BACKUP) | KIND(BACKUP_WAL)},
    {"backups/", KIND(MANIFEST)},
    {"dumps/", KIND(DUMP) | KIND(DUMP_GLOBALS)},
    {"dumps/", KIND(DUMP_DOCUMENT)},
    {"drills/", KIND(DRILL)},
};

struct staging
{
    struct copy_run *run;
    const struct catalog *catalog;
    const struct stage *stage;
    struct copy_crew *crew;
};

const char *
copy_problem_name(enum copy_problem problem)
{
    static const char *const names[] = {
        [COPY_DAMAGED] = "damaged",
        [COPY_MISSING] = "missing",
        [COPY_DIFFERENT] = "different",
    };

    return names[problem];
}

void
copy_result_release(struct copy_result *result)
{
    for (uint64_t index = 0; index < result->finding_count && index < COPY_FINDINGS_MAX; index++)
    {
        free(result->findings[index].key);
        free(result->findings[index].text);
    }
    free(result->findings);
    *result = (struct copy_result){0};
}

static enum status
stage_object(void *arg, const struct difference *difference, struct error *err)
{
    struct staging *staging = arg;
    struct copy_subject subject = {.key = difference->key, .size_bytes = difference->source_size};

    if (!difference->in_source)
        return OK;
    TRY(object_name_read(staging->run->source, subject.key, &subject.name, err));
    if ((staging->stage->kinds & 1u << subject.name.kind) == 0 ||
        !copy_wanted(staging->catalog, &subject.name))
        return OK;
    if (!difference->in_target || difference->target_size != difference->source_size)
        return copy_crew_send(staging->crew, &subject, difference->in_target, err);
    copy_crew_present(staging->run);
    return OK;
}

static enum status
run_stage(struct copy_run *run, const struct catalog *catalog, const struct stage *stage,
          struct error *err)
{
    SCOPED(copy_crew_freep) struct copy_crew *crew = NULL;
    struct staging staging = {run, catalog, stage, NULL};
    char prefix[STORE_KEY_MAX + 1];
    enum status status;

    TRY(repo_key(run->source, prefix, err, "%s", stage->folder));
    TRY(copy_crew_start(&crew, run, err));
    staging.crew = crew;
    status = difference_visit(run->source->store, run->target->store, prefix, stage_object,
                              &staging, err);
    if (status == STATUS_CANCELLED) /* perhaps because a worker failed, which says more */
        TRY(copy_crew_finish(crew, err));
    TRY(status);
    return copy_crew_finish(crew, err);
}

static void
forget_gone(struct copy_run *run)
{
    for (size_t index = 0; index < run->gone_count; index++)
        free(run->gone[index]);
    free(run->gone);
    run->gone = NULL;
    run->gone_count = 0;
}

/*
 * What went while we copied was expired, and the log says so by now; anything
 * else was lost.  again: the log knows more than what we copied by.
 */
static enum status
judge_gone(struct copy_run *run, struct catalog *catalog, bool *again, struct error *err)
{
    *again = false;
    if (run->gone_count == 0)
        return OK;
    TRY(catalog_load(run->source, catalog, err));
    for (size_t index = 0; index < run->gone_count; index++)
    {
        struct object_name name;

        TRY(object_name_read(run->source, run->gone[index], &name, err));
        if (!copy_wanted(catalog, &name))
            *again = true;
        else
            TRY(copy_crew_find(run, COPY_MISSING, run->gone[index],
                               "it was there, and nothing says that it was deleted", err));
    }
    forget_gone(run);
    return OK;
}

static enum status
copy_objects(struct copy_run *run, struct catalog *catalog, struct error *err)
{
    bool again = true;

    for (int turn = 0; again && turn < TURNS_MAX; turn++)
    {
        run->result->present = 0;
        for (size_t index = 0; index < sizeof(stages) / sizeof(stages[0]); index++)
            TRY(run_stage(run, catalog, &stages[index], err));
        TRY(judge_gone(run, catalog, &again, err));
    }
    if (!again)
        return OK;
    return error_set(err, STATUS_TRANSIENT, "objects of %s are deleted faster than they are copied",
                     run->source->store->location);
}

static enum status
copy_all(struct copy_run *run, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    uint64_t last;

    TRY(copy_log_compare(run->source, run->target, &last, err));
    /* What the log names up to here was stored before, and is listed after. */
    TRY(catalog_load(run->source, &catalog, err));
    if (run->source->keyring != NULL)
        TRY(keyring_copy(run->source->keyring, run->source->store, run->target->store, err));
    TRY(copy_objects(run, &catalog, err));
    CRASH_POINT("copy: before the log"); /* objects that nothing in the copy names yet */
    return copy_log_extend(run->source, run->target, last, catalog.last_number,
                           &run->result->log_entries, err);
}

enum status
copy_run(struct repo *source, struct repo *target, const struct copy_options *options,
         struct copy_result *result, struct error *err)
{
    struct copy_run run = {
        .source = source,
        .target = target,
        .workers = options->workers,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .result = result,
    };
    enum status status;

    progress_start(&run.progress, "copying", 0);
    status = copy_all(&run, err);
    progress_end();
    forget_gone(&run);
    pthread_mutex_destroy(&run.lock);
    return status;
}
