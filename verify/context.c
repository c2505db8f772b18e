// SPDX-License-Identifier: PostgreSQL
#include "verify/context.h"

#include "base/stop.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

/*
 * So many objects in a row that could not be read end the run.  What may pass
 * has been retried each time, for as long as the store's limit says; a refusal
 * comes at once, and may concern a few objects only.
 */
#define OUTAGES_MAX  8
#define REFUSALS_MAX 1000

/* Counts what passes, and lets a signal end it. */
struct meter_sink
{
    struct sink base;
    struct verify_context *context;
};

static enum status
meter_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct verify_context *context = ((struct meter_sink *) self)->context;

    TRY(stop_check(err));
    atomic_fetch_add(&context->bytes, chunk.size);
    progress_add(&context->progress, chunk.size);
    return sink_write(self->next, chunk, err);
}

static enum status
meter_finish(struct sink *self, struct error *err)
{
    return sink_finish(self->next, err);
}

static void
meter_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops meter_ops = {
    .name = "meter",
    .write = meter_write,
    .finish = meter_finish,
    .free = meter_free,
};

static enum status
push_meter(struct verify_context *context, struct sink **sink, struct error *err)
{
    struct meter_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &meter_ops;
    stage->context = context;
    sink_push(sink, &stage->base);
    return OK;
}

enum status
context_read(struct verify_context *context, const char *key, struct sink **sink, struct error *err)
{
    TRY(push_meter(context, sink, err));
    if (context->throttle != NULL)
        TRY(sink_push_throttle(sink, context->throttle, err));
    TRY(store_read(context->repo->store, key, 0, STORE_TO_END, *sink, err));
    return sink_finish(*sink, err);
}

enum status
context_read_object(struct verify_context *context, const char *key, enum object_form form,
                    struct sink **sink, struct error *err)
{
    TRY(object_push_open_stages(context->repo, key, form, sink, err));
    return context_read(context, key, sink, err);
}

bool
context_is_fatal(enum status status)
{
    return status == STATUS_CANCELLED || status == STATUS_NO_MEMORY;
}

enum status
context_find(struct verify_context *context, const struct verify_finding *finding,
             struct error *err)
{
    return findings_add(context->findings, finding, err);
}

static enum status
doubt(struct verify_context *context, const char *object, enum status status,
      const struct error *reason, struct error *err)
{
    const unsigned limit = status == STATUS_TRANSIENT ? OUTAGES_MAX : REFUSALS_MAX;
    const struct verify_finding finding = {VERIFY_DOUBT, "unreadable", object, reason->message,
                                           reason->hint};

    TRY(context_find(context, &finding, err));
    if (atomic_fetch_add(&context->doubts_in_a_row, 1) + 1 < limit)
        return OK;
    return error_set(err, STATUS_TRANSIENT, "%u objects in a row could not be read: %s", limit,
                     reason->message);
}

enum status
context_judge(struct verify_context *context, const char *object, enum status status,
              const struct error *reason, bool *good, struct error *err)
{
    struct verify_finding finding = {VERIFY_DAMAGE, "damaged", object, reason->message,
                                     reason->hint};

    if (good != NULL)
        *good = status == OK;
    if (context_is_fatal(status))
    {
        *err = *reason;
        return status;
    }
    if (status != OK && status != STATUS_CORRUPT && status != STATUS_NOT_FOUND)
        return doubt(context, object, status, reason, err);
    atomic_store(&context->doubts_in_a_row, 0);
    if (status == OK)
    {
        atomic_fetch_add(&context->objects, 1);
        return OK;
    }
    if (status == STATUS_NOT_FOUND)
        finding.kind = "missing";
    return context_find(context, &finding, err);
}

enum status
context_conclude(struct verify_context *context, const char *key, uint64_t size_bytes,
                 enum status status, const struct error *reason, struct error *err)
{
    struct verified_record record = {
        .name = context_name(context, key), .size_bytes = size_bytes, .at = context->started};
    bool good;

    TRY(context_judge(context, key, status, reason, &good, err));
    return good ? verified_note(context->verified, &record, err) : OK;
}

enum status
context_carry(struct verify_context *context, const struct verified_record *record,
              struct error *err)
{
    atomic_fetch_add(&context->remembered, 1);
    atomic_fetch_add(&context->remembered_bytes, record->size_bytes);
    return verified_carry(context->verified, record, err);
}

const char *
context_name(const struct verify_context *context, const char *key)
{
    return key + strlen(context->repo->cluster) + 1;
}
