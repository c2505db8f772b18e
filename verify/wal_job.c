// SPDX-License-Identifier: PostgreSQL
#include "verify/wal_job.h"

#include "pg/history.h"
#include "repo/object_check.h"
#include "repo/wal_head.h"
#include "stream/sink.h"
#include "verify/plain_check.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY_LIMIT ((size_t) 1 << 20)

struct wal_job
{
    struct crew_job base;
    struct wal_owner owner;
    struct pg_wal_file file;
    uint64_t size_bytes;
    char key[STORE_KEY_MAX + 1];
};

static enum status
check_history(struct verify_context *context, const struct wal_job *job, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(HISTORY_LIMIT);
    SCOPED(pg_history_release) struct pg_history history = {0};
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, &content, err));
    TRY(object_check_push_stages(context->repo, job->key, &sink, err));
    TRY(context_read(context, job->key, &sink, err));
    return pg_history_parse(job->file.timeline, buffer_bytes(&content), &history, err);
}

/* A backup file says nothing that could be compared, and may be empty after a crash. */
static bool
has_head(const struct wal_job *job)
{
    return job->owner.segment_size != 0 &&
           (job->file.kind == PG_WAL_FILE_SEGMENT || job->file.kind == PG_WAL_FILE_PARTIAL);
}

static enum status
check_content(struct verify_context *context, const struct wal_job *job, struct error *err)
{
    const struct wal_head_wanted wanted = {job->owner.system_identifier,
                                           job->owner.segment_size,
                                           {job->file.timeline, job->file.number}};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_head head;

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_wal_head(&sink, &head, err));
    TRY(object_check_push_stages(context->repo, job->key, &sink, err));
    TRY(context_read(context, job->key, &sink, err));
    return has_head(job) ? wal_head_check(&head, &wanted, err) : OK;
}

static enum status
run(struct crew_job *base, struct crew_member *member, struct error *err)
{
    struct wal_job *job = (struct wal_job *) base;
    struct verify_context *context = member->context;
    struct error reason = {0};
    enum status status = job->file.kind == PG_WAL_FILE_HISTORY
                             ? check_history(context, job, &reason)
                             : check_content(context, job, &reason);

    return context_conclude(context, job->key, job->size_bytes, status, &reason, err);
}

static void
free_job(struct crew_job *job)
{
    free(job);
}

enum status
wal_job_send(struct crew *crew, struct verify_context *context, const struct inventory_item *item,
             const struct wal_owner *owner, const struct pg_wal_file *file, struct error *err)
{
    struct verified_record record = plain_check_record(item);
    struct wal_job *job;
    char key[STORE_KEY_MAX + 1];

    if (!item->due)
        return context_carry(context, &record, err);
    TRY(repo_key(context->repo, key, err, "%s", item->name));
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return error_no_memory(err);
    job->base.run = run;
    job->base.free = free_job;
    job->owner = *owner;
    job->file = *file;
    job->size_bytes = item->size_bytes;
    memcpy(job->key, key, sizeof(key));
    return crew_send(crew, &job->base, err);
}
