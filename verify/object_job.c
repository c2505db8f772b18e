// SPDX-License-Identifier: PostgreSQL
#include "verify/object_job.h"

#include <stdlib.h>
#include <string.h>

static enum status
run(struct crew_job *base, struct crew_member *member, struct error *err)
{
    struct object_job *job = (struct object_job *) base;
    struct verify_context *context = member->context;
    struct error reason = {0};
    enum status status = job->check(context, job, &reason);

    return context_conclude(context, job->key, job->size_bytes, status, &reason, err);
}

static void
free_job(struct crew_job *job)
{
    free(job);
}

static enum status
carry(struct verify_context *context, const struct inventory_item *item, struct error *err)
{
    const struct verified_record record = {
        .name = item->name, .size_bytes = item->size_bytes, .at = item->verified};

    return context_carry(context, &record, err);
}

enum status
object_job_send(struct crew *crew, struct verify_context *context,
                const struct inventory_item *item, const struct object_job *job, size_t size,
                struct error *err)
{
    struct object_job *copy;
    char key[STORE_KEY_MAX + 1];

    if (!item->due)
        return carry(context, item, err);
    TRY(repo_key(context->repo, key, err, "%s", item->name));
    copy = malloc(size);
    if (copy == NULL)
        return error_no_memory(err);
    memcpy(copy, job, size);
    copy->base = (struct crew_job){.run = run, .free = free_job};
    copy->size_bytes = item->size_bytes;
    memcpy(copy->key, key, sizeof(key));
    return crew_send(crew, &copy->base, err);
}
