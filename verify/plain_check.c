// SPDX-License-Identifier: PostgreSQL
#include "verify/plain_check.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

struct plain_job
{
    struct crew_job base;
    uint64_t size_bytes;
    char key[STORE_KEY_MAX + 1];
};

static enum status
open_object(struct verify_context *context, const char *key, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    return context_read_object(context, key, OBJECT_COMPRESSED, &sink, err);
}

static enum status
run(struct crew_job *base, struct crew_member *member, struct error *err)
{
    struct plain_job *job = (struct plain_job *) base;
    struct verify_context *context = member->context;
    struct error reason = {0};
    enum status status = open_object(context, job->key, &reason);

    return context_conclude(context, job->key, job->size_bytes, status, &reason, err);
}

static void
free_job(struct crew_job *job)
{
    free(job);
}

struct verified_record
plain_check_record(const struct inventory_item *item)
{
    return (struct verified_record){
        .name = item->name, .size_bytes = item->size_bytes, .at = item->verified};
}

enum status
plain_check_send(struct crew *crew, struct verify_context *context,
                 const struct inventory_item *item, struct error *err)
{
    struct verified_record record = plain_check_record(item);
    struct plain_job *job;
    char key[STORE_KEY_MAX + 1];

    if (!item->due)
        return context_carry(context, &record, err);
    TRY(repo_key(context->repo, key, err, "%s", item->name));
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return error_no_memory(err);
    job->base.run = run;
    job->base.free = free_job;
    job->size_bytes = item->size_bytes;
    memcpy(job->key, key, sizeof(key));
    return crew_send(crew, &job->base, err);
}
