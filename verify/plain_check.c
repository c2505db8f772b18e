// SPDX-License-Identifier: PostgreSQL
#include "verify/plain_check.h"

#include "stream/sink.h"
#include "verify/object_job.h"

static enum status
open_object(struct verify_context *context, const struct object_job *job, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    return context_read_object(context, job->key, OBJECT_COMPRESSED, &sink, err);
}

enum status
plain_check_send(struct crew *crew, struct verify_context *context,
                 const struct inventory_item *item, struct error *err)
{
    const struct object_job job = {.check = open_object};

    return object_job_send(crew, context, item, &job, sizeof(job), err);
}
