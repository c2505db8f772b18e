// SPDX-License-Identifier: PostgreSQL
#include "copy/copy_object.h"

#include "base/crash.h"
#include "base/file.h"
#include "repo/dump_data.h"
#include "repo/object_check.h"
#include "repo/pack_scan.h"
#include "stream/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Passes bytes to a check and, once that took them, to the target.  The target's
 * object exists only when the check was content to the end.
 */
struct fork_sink
{
    struct sink base;   /* next is the target's */
    struct sink *check; /* owned */
    bool *passed;       /* whatever failed last was behind the check */
};

static enum status
fork_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct fork_sink *sink = (struct fork_sink *) self;

    *sink->passed = false;
    TRY(sink_write(sink->check, chunk, err));
    *sink->passed = true;
    TRY(sink_write(self->next, chunk, err));
    *sink->passed = false;
    return OK;
}

static enum status
fork_finish(struct sink *self, struct error *err)
{
    struct fork_sink *sink = (struct fork_sink *) self;

    TRY(sink_finish(sink->check, err));
    *sink->passed = true;
    return sink_finish(self->next, err);
}

static void
fork_free(struct sink *self)
{
    sink_freep(&((struct fork_sink *) self)->check);
    free(self);
}

static const struct sink_ops fork_ops = {
    .name = "fork",
    .write = fork_write,
    .finish = fork_finish,
    .free = fork_free,
};

/* Takes the check when it succeeds. */
static enum status
push_fork(struct sink **head, struct sink **check, bool *passed, struct error *err)
{
    struct fork_sink *sink = calloc(1, sizeof(*sink));

    if (sink == NULL)
        return error_no_memory(err);
    sink->base.ops = &fork_ops;
    sink->check = *check;
    sink->passed = passed;
    *check = NULL;
    sink_push(head, &sink->base);
    return OK;
}

static enum status
take_frame(void *arg, const struct frame_place *place, struct bytes content, struct error *err)
{
    (void) arg;
    (void) place;
    (void) content;
    (void) err;
    return OK;
}

static enum status
refuse_damage(void *arg, const struct frame_place *place, const struct error *reason,
              struct error *err)
{
    (void) arg;
    (void) place;
    *err = *reason;
    return STATUS_CORRUPT;
}

/* A destination that fails when these are not an object's stored bytes. */
static enum status
open_check(const struct copy_hand *hand, const struct copy_subject *subject, struct sink **check,
           struct error *err)
{
    static const struct pack_scan_handler handler = {.frame = take_frame, .damage = refuse_damage};

    if (subject->name.kind == OBJECT_KIND_PACK)
        return sink_open_pack_scan(check, hand->reader, subject->name.pack, &handler, err);
    TRY(sink_open_null(check, err));
    switch (subject->name.kind)
    {
    case OBJECT_KIND_WAL:
    case OBJECT_KIND_BACKUP_WAL:
        return object_check_push_stages(hand->source, subject->key, check, err);
    case OBJECT_KIND_LINEAGE:
    case OBJECT_KIND_DUMP_DOCUMENT:
    case OBJECT_KIND_DRILL:
        return object_push_open_stages(hand->source, subject->key, OBJECT_PLAIN, check, err);
    case OBJECT_KIND_DUMP:
        return dump_data_push_open_stages(hand->source, subject->key, subject->name.gzip, check,
                                          err);
    default:
        return object_push_open_stages(hand->source, subject->key, OBJECT_COMPRESSED, check, err);
    }
}

static enum status
transfer(const struct copy_hand *hand, const struct copy_subject *subject, bool *passed,
         struct error *err)
{
    SCOPED(sink_freep) struct sink *check = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(open_check(hand, subject, &check, err));
    *passed = true;
    TRY(store_create_sized(hand->target->store, subject->key, subject->size_bytes, &sink, err));
    *passed = false;
    TRY(push_fork(&sink, &check, passed, err));
    TRY(store_read(hand->source->store, subject->key, 0, STORE_TO_END, sink, err));
    CRASH_POINT("copy: before the object exists"); /* nothing is visible */
    TRY(sink_finish(sink, err));
    CRASH_POINT("copy: after the object exists"); /* the next run finds it */
    return OK;
}

enum status
copy_object(const struct copy_hand *hand, const struct copy_subject *subject,
            enum copy_outcome *outcome, struct error *reason, struct error *err)
{
    bool passed = false;
    enum status status = transfer(hand, subject, &passed, reason);

    *outcome = COPY_OUTCOME_COPIED;
    if (status == OK)
        return OK;
    if (passed && status == STATUS_CONFLICT) /* somebody was faster */
        return copy_settle(hand, subject, outcome, reason, err);
    *outcome = status == STATUS_NOT_FOUND ? COPY_OUTCOME_GONE : COPY_OUTCOME_DAMAGED;
    /* A disk that cannot read one object may well read the others. */
    if (!passed && (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT || status == STATUS_IO))
        return OK;
    *err = *reason;
    error_context(err, "copying \"%s\"", subject->key);
    return status;
}

/* The digest of an object's content under a key that is not its own. */
static enum status
digest_again(struct repo *repo, const char *key, const struct object_digest_key *digest_key,
             struct digest *digest, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_digest(&sink, digest_key->keyed ? &digest_key->secret : NULL, digest, err));
    return object_read(repo, key, OBJECT_COMPRESSED, &sink, err);
}

static enum status
compare_digests(const struct copy_hand *hand, const char *key, struct digest digests[2],
                struct error *err)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key ours = {0};
    SCOPED(object_digest_key_wipe) struct object_digest_key theirs = {0};

    TRY(object_digest(hand->source, key, &digests[0], &ours, err));
    TRY(object_digest(hand->target, key, &digests[1], &theirs, err));
    if (memcmp(&ours.key_id, &theirs.key_id, sizeof(ours.key_id)) == 0)
        return OK;
    return digest_again(hand->source, key, &theirs, &digests[0], err);
}

static enum status
settle_wal(const struct copy_hand *hand, const struct copy_subject *subject, struct error *reason)
{
    struct digest digests[2];
    char ours[DIGEST_TEXT_SIZE];
    char theirs[DIGEST_TEXT_SIZE];

    TRY(compare_digests(hand, subject->key, digests, reason));
    if (digest_equal(&digests[0], &digests[1]))
        return OK;
    digest_format(&digests[0], ours);
    digest_format(&digests[1], theirs);
    return error_set(reason, STATUS_CONFLICT, "%s has WAL with digest %s, and %s with %s",
                     hand->source->store->location, ours, hand->target->store->location, theirs);
}

static enum status
settle_size(const struct copy_hand *hand, const struct copy_subject *subject, uint64_t target_size,
            struct error *reason)
{
    return error_set(reason, STATUS_CONFLICT,
                     "%s has %" PRIu64 " bytes under this name, and %s %" PRIu64,
                     hand->source->store->location, subject->size_bytes,
                     hand->target->store->location, target_size);
}

enum status
copy_settle(const struct copy_hand *hand, const struct copy_subject *subject,
            enum copy_outcome *outcome, struct error *reason, struct error *err)
{
    const bool wal = subject->name.kind == OBJECT_KIND_WAL;
    uint64_t target_size;
    enum status status;

    *outcome = COPY_OUTCOME_PRESENT;
    TRY(store_size(hand->target->store, subject->key, &target_size, err));
    if (target_size == subject->size_bytes)
        return OK;
    status =
        wal ? settle_wal(hand, subject, reason) : settle_size(hand, subject, target_size, reason);
    if (status == OK)
        return OK;
    /* What carries no digest any more is damaged, in one place or the other. */
    *outcome = COPY_OUTCOME_DIFFERENT;
    if (status == STATUS_CONFLICT || status == STATUS_CORRUPT)
        return OK;
    *err = *reason;
    return status;
}
