// SPDX-License-Identifier: PostgreSQL
#include "verify/verified_past.h"

#include "base/file.h"
#include "repo/object.h"
#include "repo/verified_name.h"
#include "stream/lines.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

#define SORTER_MEMORY ((size_t) 8 * 1024 * 1024)
#define KEYS_LIMIT    ((size_t) 64 * 1024 * 1024)

struct verified_past
{
    struct repo *repo;
    struct findings *findings;
    time_us now;
    struct sorter *sorter;
    bool ahead_valid; /* the record that comes next */
    struct buffer ahead_name;
    struct buffer ahead_value;
    struct buffer name; /* of the record that was given */
    struct buffer value;
    struct frame_table frames;
};

void
verified_past_freep(struct verified_past **past)
{
    struct verified_past *gone = *past;

    if (gone == NULL)
        return;
    sorter_freep(&gone->sorter);
    buffer_release(&gone->ahead_name);
    buffer_release(&gone->ahead_value);
    buffer_release(&gone->name);
    buffer_release(&gone->value);
    frame_table_release(&gone->frames);
    free(gone);
    *past = NULL;
}

static enum status
take_line(void *arg, struct bytes line, struct error *err)
{
    struct verified_past *past = arg;
    struct verified_record record = {.frames = &past->frames};
    SCOPED(json_freep) json_t *object = NULL;

    TRY(json_parse(line, VERIFIED_LINE_LIMIT, &object, err));
    TRY(verified_record_parse(object, &record, err));
    if (strlen(record.name) > STORE_KEY_MAX || !store_key_is_valid(record.name))
        return error_set(err, STATUS_CORRUPT, "impossible name of an object");
    /* A clock was wrong then, or is now. */
    if (record.at > past->now)
        return OK;
    return verified_record_sort(past->sorter, &record, err);
}

static enum status
forget(struct verified_past *past, const char *key, const struct error *reason, struct error *err)
{
    const struct verify_finding finding = {
        .severity = VERIFY_WARNING,
        .kind = "memory",
        .object = key,
        .text = reason->message,
        .hint = "What it remembers is verified again. A backup is not concerned.",
    };

    return findings_add(past->findings, &finding, err);
}

static enum status
read_memory(struct verified_past *past, const char *key, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error reason = {0};
    enum status status;

    TRY(sink_open_lines(&sink, VERIFIED_LINE_LIMIT, take_line, past, err));
    status = object_read(past->repo, key, OBJECT_COMPRESSED, &sink, &reason);
    /* Superseded since it was listed, and expired: what replaced it costs a verification. */
    if (status == OK || status == STATUS_NOT_FOUND)
        return OK;
    if (status == STATUS_NO_MEMORY || status == STATUS_CANCELLED)
    {
        *err = reason;
        return status;
    }
    return forget(past, key, &reason, err);
}

/* The keys that count: from the newest whole memory on, each behind the other. */
static enum status
note_memory(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct buffer *keys = arg;

    (void) size_bytes;
    if (verified_name_is_whole(path_name(key)))
        keys->size = 0;
    return buffer_append(keys, (struct bytes){(const uint8_t *) key, strlen(key) + 1}, err);
}

static enum status
read_all(struct verified_past *past, struct error *err)
{
    SCOPED(buffer_release) struct buffer keys = BUFFER_INIT(KEYS_LIMIT);
    char prefix[STORE_KEY_MAX + 1];

    TRY(repo_key(past->repo, prefix, err, "verified/"));
    TRY(store_list(past->repo->store, prefix, "", note_memory, &keys, err));
    for (size_t at = 0; at < keys.size; at += strlen((const char *) keys.data + at) + 1)
        TRY(read_memory(past, (const char *) keys.data + at, err));
    return sorter_sort(past->sorter, err);
}

static enum status
look_ahead(struct verified_past *past, struct error *err)
{
    struct bytes name;
    struct bytes value;

    TRY(sorter_next(past->sorter, &past->ahead_valid, &name, &value, err));
    if (!past->ahead_valid)
        return OK;
    past->ahead_name.size = 0;
    past->ahead_value.size = 0;
    TRY(buffer_append(&past->ahead_name, name, err));
    return buffer_append(&past->ahead_value, value, err);
}

static enum status
make(struct verified_past **past, struct repo *repo, struct findings *findings, time_us now,
     struct error *err)
{
    struct verified_past *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->repo = repo;
    made->findings = findings;
    made->now = now;
    made->ahead_name = BUFFER_INIT(STORE_KEY_MAX + 1);
    made->name = BUFFER_INIT(STORE_KEY_MAX + 1);
    made->ahead_value = BUFFER_INIT(VERIFIED_LINE_LIMIT);
    made->value = BUFFER_INIT(VERIFIED_LINE_LIMIT);
    *past = made;
    return OK;
}

enum status
verified_past_open(struct verified_past **past, struct repo *repo, struct findings *findings,
                   time_us now, struct error *err)
{
    SCOPED(verified_past_freep) struct verified_past *made = NULL;

    TRY(make(&made, repo, findings, now, err));
    TRY(sorter_create(&made->sorter, SORTER_MEMORY, err));
    TRY(read_all(made, err));
    TRY(look_ahead(made, err));
    *past = made;
    made = NULL;
    return OK;
}

static void
swap_buffers(struct buffer *left, struct buffer *right)
{
    struct buffer kept = *left;

    *left = *right;
    *right = kept;
}

enum status
verified_past_next(struct verified_past *past, bool *more, struct verified_record *record,
                   struct error *err)
{
    const char *name;

    *more = past->ahead_valid;
    if (!*more)
        return OK;
    swap_buffers(&past->name, &past->ahead_name);
    swap_buffers(&past->value, &past->ahead_value);
    TRY(look_ahead(past, err));
    /* Several memories may have the same object: the latest counts. */
    while (past->ahead_valid &&
           bytes_equal(buffer_bytes(&past->ahead_name), buffer_bytes(&past->name)))
    {
        if (verified_record_time(buffer_bytes(&past->ahead_value)) >
            verified_record_time(buffer_bytes(&past->value)))
            swap_buffers(&past->value, &past->ahead_value);
        TRY(look_ahead(past, err));
    }
    TRY(buffer_text(&past->name, &name, err));
    return verified_record_decode(name, buffer_bytes(&past->value), &past->frames, record, err);
}
