// SPDX-License-Identifier: PostgreSQL
#include "verify/crew.h"

#include "base/group.h"
#include "base/stop.h"

#include <stdlib.h>
#include <unistd.h>

/* While one thread of a processor waits for the store, another one decrypts. */
#define THREADS_PER_WORKER 2

struct crew
{
    struct verify_context *context;
    struct chan *jobs;
    struct group *group;
};

static void
discard(void *item)
{
    struct crew_job *job = item;

    job->free(job);
}

static void
free_job(struct crew_job **job)
{
    if (*job != NULL)
        (*job)->free(*job);
}

static void
release_member(struct crew_member *member)
{
    pack_reader_freep(&member->reader);
}

static enum status
work(void *arg, struct error *err)
{
    struct crew *crew = arg;
    SCOPED(release_member) struct crew_member member = {.context = crew->context};
    void *item;

    TRY(pack_reader_create(&member.reader, crew->context->repo, err));
    while (chan_receive(crew->jobs, &item))
    {
        SCOPED(free_job) struct crew_job *job = item;

        TRY(stop_check(err));
        TRY(job->run(job, &member, err));
    }
    return OK;
}

/* As many as memory has room for. */
static uint32_t
threads_in_memory(uint64_t memory_bytes)
{
    uint64_t rest = memory_bytes > VERIFY_COMMON_MEMORY ? memory_bytes - VERIFY_COMMON_MEMORY : 0;
    uint64_t count = rest / VERIFY_THREAD_MEMORY;

    if (memory_bytes == 0 || count > VERIFY_THREADS_MAX)
        return VERIFY_THREADS_MAX;
    return count == 0 ? 1 : (uint32_t) count;
}

static uint32_t
thread_count(const struct verify_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t limit = threads_in_memory(options->memory_bytes);
    uint32_t workers = options->workers;

    if (workers == 0)
        workers = processors < 1 ? 1 : (uint32_t) processors;
    return workers > limit / THREADS_PER_WORKER ? limit : workers * THREADS_PER_WORKER;
}

static enum status
start_threads(struct crew *crew, struct error *err)
{
    uint32_t count = thread_count(crew->context->options);

    TRY(group_create(&crew->group, err));
    TRY(chan_create(&crew->jobs, crew->group, count, discard, err));
    for (uint32_t index = 0; index < count; index++)
        TRY(group_start(crew->group, work, crew, err));
    return OK;
}

enum status
crew_start(struct crew **crew, struct verify_context *context, struct error *err)
{
    SCOPED(crew_freep) struct crew *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->context = context;
    TRY(start_threads(made, err));
    *crew = made;
    made = NULL;
    return OK;
}

enum status
crew_send(struct crew *crew, struct crew_job *job, struct error *err)
{
    if (chan_send(crew->jobs, job))
        return OK;
    discard(job);
    /* A job failed, and that is the failure to tell. */
    TRY(group_join(crew->group, err));
    return group_cancelled(err);
}

enum status
crew_finish(struct crew *crew, struct error *err)
{
    chan_close(crew->jobs);
    return group_join(crew->group, err);
}

void
crew_freep(struct crew **crew)
{
    if (*crew == NULL)
        return;
    group_freep(&(*crew)->group);
    chan_freep(&(*crew)->jobs);
    free(*crew);
    *crew = NULL;
}
