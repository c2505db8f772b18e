// SPDX-License-Identifier: PostgreSQL
#include "verify/verified.h"

#include "base/crash.h"
#include "repo/object.h"
#include "repo/verified_name.h"
#include "stream/sink.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SORTER_MEMORY ((size_t) 8 * 1024 * 1024)

/* A crash forgets no more than this. */
#define PART_INTERVAL_MS (5 * 60 * 1000)
#define PART_LIMIT       ((size_t) 4 * 1024 * 1024)

struct verified
{
    struct repo *repo; /* these do not change */
    struct findings *findings;
    time_us began;

    pthread_mutex_t lock; /* guards what follows */
    struct sorter *records;
    struct buffer part; /* lines that no object has yet */
    int64_t part_began_ms;
    bool refused; /* the store does not take a memory: said once */
};

enum status
verified_create(struct verified **verified, struct repo *repo, struct findings *findings,
                time_us began, struct error *err)
{
    SCOPED(verified_freep) struct verified *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    made->repo = repo;
    made->findings = findings;
    made->began = began;
    made->part = BUFFER_INIT(PART_LIMIT + VERIFIED_LINE_LIMIT);
    made->part_began_ms = clock_monotonic_ms();
    TRY(sorter_create(&made->records, SORTER_MEMORY, err));
    *verified = made;
    made = NULL;
    return OK;
}

void
verified_freep(struct verified **verified)
{
    struct verified *gone = *verified;

    if (gone == NULL)
        return;
    sorter_freep(&gone->records);
    buffer_release(&gone->part);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *verified = NULL;
}

/* To the microsecond, so that the names of one host's memories sort by age. */
static enum status
memory_key(struct verified *verified, time_us time, const char *suffix, char key[STORE_KEY_MAX + 1],
           struct error *err)
{
    char name[VERIFIED_NAME_SIZE];

    verified_name(time, suffix, name);
    return repo_key(verified->repo, key, err, "verified/%s", name);
}

/* The work does not fail because its memory cannot be written. */
static enum status
tolerate(struct verified *verified, enum status status, const struct error *reason,
         struct error *err)
{
    const struct verify_finding finding = {
        .severity = VERIFY_WARNING,
        .kind = "memory",
        .object = "verified",
        .text = reason->message,
        .hint = "What this run verified is not remembered, so that the next one does it again.",
    };

    if (status == OK || verified->refused)
        return OK;
    if (status == STATUS_NO_MEMORY)
    {
        *err = *reason;
        return status;
    }
    verified->refused = true;
    return findings_add(verified->findings, &finding, err);
}

/* Call with the lock. */
static enum status
write_part(struct verified *verified, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    struct error reason = {0};
    enum status status = OK;

    if (verified->part.size > 0 && !verified->refused)
    {
        TRY(memory_key(verified, clock_now(), VERIFIED_PART, key, err));
        status = object_put(verified->repo, key, OBJECT_COMPRESSED, buffer_bytes(&verified->part),
                            &reason);
    }
    verified->part.size = 0;
    verified->part_began_ms = clock_monotonic_ms();
    return tolerate(verified, status, &reason, err);
}

/* Call with the lock. */
static enum status
note(struct verified *verified, const struct verified_record *record, struct error *err)
{
    TRY(verified_record_sort(verified->records, record, err));
    TRY(verified_record_append(record, &verified->part, err));
    if (verified->part.size < PART_LIMIT &&
        clock_monotonic_ms() - verified->part_began_ms < PART_INTERVAL_MS)
        return OK;
    return write_part(verified, err);
}

enum status
verified_note(struct verified *verified, const struct verified_record *record, struct error *err)
{
    enum status status;

    pthread_mutex_lock(&verified->lock);
    status = note(verified, record, err);
    pthread_mutex_unlock(&verified->lock);
    return status;
}

enum status
verified_carry(struct verified *verified, const struct verified_record *record, struct error *err)
{
    enum status status;

    pthread_mutex_lock(&verified->lock);
    status = verified_record_sort(verified->records, record, err);
    pthread_mutex_unlock(&verified->lock);
    return status;
}

static enum status
write_records(struct verified *verified, struct sink *sink, struct error *err)
{
    SCOPED(buffer_release) struct buffer line = BUFFER_INIT(VERIFIED_LINE_LIMIT);
    SCOPED(frame_table_release) struct frame_table frames = {0};
    struct bytes name;
    struct bytes value;
    bool more;

    TRY(sorter_next(verified->records, &more, &name, &value, err));
    while (more)
    {
        struct verified_record record;
        char text[STORE_KEY_MAX + 1];

        snprintf(text, sizeof(text), "%.*s", (int) name.size, (const char *) name.data);
        TRY(verified_record_decode(text, value, &frames, &record, err));
        line.size = 0;
        TRY(verified_record_append(&record, &line, err));
        TRY(sink_write(sink, buffer_bytes(&line), err));
        TRY(sorter_next(verified->records, &more, &name, &value, err));
    }
    return OK;
}

static enum status
write_whole(struct verified *verified, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    TRY(sorter_sort(verified->records, err));
    /* Parts that others wrote meanwhile sort behind it and count too. */
    TRY(memory_key(verified, verified->began, VERIFIED_WHOLE, key, err));
    TRY(object_create(verified->repo, key, OBJECT_COMPRESSED, NULL, &sink, err));
    TRY(write_records(verified, sink, err));
    CRASH_POINT("verify: before its memory exists"); /* the parts are there */
    return sink_finish(sink, err);
}

enum status
verified_finish(struct verified *verified, bool whole, struct error *err)
{
    struct error reason = {0};
    enum status status;

    if (!whole)
        return write_part(verified, err);
    if (verified->refused)
        return OK;
    status = write_whole(verified, &reason);
    return tolerate(verified, status, &reason, err);
}
