// SPDX-License-Identifier: PostgreSQL
#include "verify/wal_job.h"

#include "pg/history.h"
#include "repo/object_check.h"
#include "repo/wal_head.h"
#include "stream/sink.h"
#include "verify/object_job.h"

#define HISTORY_LIMIT ((size_t) 1 << 20)

struct wal_job
{
    struct object_job object;
    struct wal_owner owner;
    struct pg_wal_file file;
};

static enum status
check_history(struct verify_context *context, const struct object_job *object, struct error *err)
{
    const struct wal_job *job = (const struct wal_job *) object;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(HISTORY_LIMIT);
    SCOPED(pg_history_release) struct pg_history history = {0};
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, &content, err));
    TRY(object_check_push_stages(context->repo, job->object.key, &sink, err));
    TRY(context_read(context, job->object.key, &sink, err));
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
check_content(struct verify_context *context, const struct object_job *object, struct error *err)
{
    const struct wal_job *job = (const struct wal_job *) object;
    const struct wal_head_wanted wanted = {job->owner.system_identifier,
                                           job->owner.segment_size,
                                           {job->file.timeline, job->file.number}};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_head head;

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_wal_head(&sink, &head, err));
    TRY(object_check_push_stages(context->repo, job->object.key, &sink, err));
    TRY(context_read(context, job->object.key, &sink, err));
    return has_head(job) ? wal_head_check(&head, &wanted, err) : OK;
}

enum status
wal_job_send(struct crew *crew, struct verify_context *context, const struct inventory_item *item,
             const struct wal_owner *owner, const struct pg_wal_file *file, struct error *err)
{
    const struct wal_job job = {
        .object = {.check = file->kind == PG_WAL_FILE_HISTORY ? check_history : check_content},
        .owner = *owner,
        .file = *file,
    };

    return object_job_send(crew, context, item, &job.object, sizeof(job), err);
}
