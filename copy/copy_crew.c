// SPDX-License-Identifier: PostgreSQL
#include "copy/copy_crew.h"

#include "base/group.h"
#include "base/log.h"
#include "base/stop.h"

#include <stdlib.h>
#include <string.h>

#define JOBS_PER_WORKER 4

struct job
{
    struct copy_subject subject; /* its key is the one below */
    bool in_target;
    char key[];
};

struct copy_crew
{
    struct copy_run *run;
    struct group *group;
    struct chan *jobs;
};

/* A second turn finds what the first one found. */
static bool
is_known(const struct copy_result *result, const char *key)
{
    for (uint64_t index = 0; index < result->finding_count && index < COPY_FINDINGS_MAX; index++)
        if (strcmp(result->findings[index].key, key) == 0)
            return true;
    return false;
}

static enum status
add_finding(struct copy_result *result, enum copy_problem problem, const char *key,
            const char *text)
{
    struct copy_finding *finding;

    if (result->findings == NULL)
        result->findings = calloc(COPY_FINDINGS_MAX, sizeof(*result->findings));
    if (result->findings == NULL)
        return STATUS_NO_MEMORY;
    if (result->finding_count >= COPY_FINDINGS_MAX)
    {
        result->finding_count++;
        return OK;
    }
    finding = &result->findings[result->finding_count];
    *finding = (struct copy_finding){problem, strdup(key), strdup(text)};
    if (finding->key != NULL && finding->text != NULL)
    {
        result->finding_count++;
        return OK;
    }
    free(finding->key);
    free(finding->text);
    return STATUS_NO_MEMORY;
}

enum status
copy_crew_find(struct copy_run *run, enum copy_problem problem, const char *key, const char *text,
               struct error *err)
{
    enum status status = OK;
    bool known;

    pthread_mutex_lock(&run->lock);
    known = is_known(run->result, key);
    if (!known)
        status = add_finding(run->result, problem, key, text);
    pthread_mutex_unlock(&run->lock);
    if (!known)
        log_warning("\"%s\" is %s: %s", key, copy_problem_name(problem), text);
    return status == OK ? OK : error_no_memory(err);
}

static void
count_copied(struct copy_run *run, const struct copy_subject *subject)
{
    pthread_mutex_lock(&run->lock);
    run->result->objects++;
    run->result->bytes += subject->size_bytes;
    run->result->wal_files += subject->name.kind == OBJECT_KIND_WAL;
    pthread_mutex_unlock(&run->lock);
    progress_add(&run->progress, subject->size_bytes);
}

void
copy_crew_present(struct copy_run *run)
{
    pthread_mutex_lock(&run->lock);
    run->result->present++;
    pthread_mutex_unlock(&run->lock);
}

static enum status
note_gone(struct copy_run *run, const char *key, struct error *err)
{
    char *copy = strdup(key);
    char **grown;

    if (copy == NULL)
        return error_no_memory(err);
    pthread_mutex_lock(&run->lock);
    grown = realloc(run->gone, (run->gone_count + 1) * sizeof(*grown));
    if (grown != NULL)
    {
        run->gone = grown;
        run->gone[run->gone_count++] = copy;
    }
    pthread_mutex_unlock(&run->lock);
    if (grown != NULL)
        return OK;
    free(copy);
    return error_no_memory(err);
}

static enum status
do_job(const struct copy_hand *hand, struct copy_run *run, const struct job *job, struct error *err)
{
    const struct copy_subject *subject = &job->subject;
    enum copy_outcome outcome;
    struct error reason = {0};

    TRY(stop_check(err));
    TRY(job->in_target ? copy_settle(hand, subject, &outcome, &reason, err)
                       : copy_object(hand, subject, &outcome, &reason, err));
    switch (outcome)
    {
    case COPY_OUTCOME_COPIED:
        count_copied(run, subject);
        break;
    case COPY_OUTCOME_PRESENT:
        copy_crew_present(run);
        break;
    case COPY_OUTCOME_DIFFERENT:
        return copy_crew_find(run, COPY_DIFFERENT, subject->key, reason.message, err);
    case COPY_OUTCOME_DAMAGED:
        return copy_crew_find(run, COPY_DAMAGED, subject->key, reason.message, err);
    case COPY_OUTCOME_GONE:
        return note_gone(run, subject->key, err);
    }
    return OK;
}

static enum status
work(void *arg, struct error *err)
{
    struct copy_crew *crew = arg;
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    struct copy_hand hand = {crew->run->source, crew->run->target, NULL};
    void *item;

    TRY(pack_reader_create(&reader, hand.source, err));
    hand.reader = reader;
    while (chan_receive(crew->jobs, &item))
    {
        SCOPED(freep) struct job *job = item;

        TRY(do_job(&hand, crew->run, job, err));
    }
    return OK;
}

enum status
copy_crew_start(struct copy_crew **crew, struct copy_run *run, struct error *err)
{
    SCOPED(copy_crew_freep) struct copy_crew *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->run = run;
    TRY(group_create(&made->group, err));
    TRY(chan_create(&made->jobs, made->group, (size_t) run->workers * JOBS_PER_WORKER, free, err));
    for (unsigned worker = 0; worker < run->workers; worker++)
        TRY(group_start(made->group, work, made, err));
    *crew = made;
    made = NULL;
    return OK;
}

enum status
copy_crew_send(struct copy_crew *crew, const struct copy_subject *subject, bool in_target,
               struct error *err)
{
    size_t length = strlen(subject->key) + 1;
    struct job *job = malloc(sizeof(*job) + length);

    if (job == NULL)
        return error_no_memory(err);
    job->subject = *subject;
    job->in_target = in_target;
    memcpy(job->key, subject->key, length);
    job->subject.key = job->key;
    if (chan_send(crew->jobs, job))
        return OK;
    free(job);
    return group_cancelled(err);
}

enum status
copy_crew_finish(struct copy_crew *crew, struct error *err)
{
    chan_close(crew->jobs);
    return group_join(crew->group, err);
}

void
copy_crew_freep(struct copy_crew **crew)
{
    if (*crew == NULL)
        return;
    group_freep(&(*crew)->group);
    chan_freep(&(*crew)->jobs);
    free(*crew);
    *crew = NULL;
}
