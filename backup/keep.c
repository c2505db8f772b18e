// SPDX-License-Identifier: PostgreSQL
#include "backup/keep.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "repo/backup.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many segments, on disk and not in memory, wait for the archiver to have them. */
#define PATIENCE_SEGMENTS 16
#define QUEUE_SEGMENTS    64

/* How long the archiver may take for a segment that was complete before the backup began. */
#define PROOF_WAIT_MS  30000
#define PROOF_PAUSE_MS 200

struct backup_keep
{
    struct repo *repo;
    struct group *group;
    struct chan *arrived;
    char backup_id[BACKUP_ID_SIZE];
    uint64_t system_identifier;
    uint32_t segment_size;
    uint64_t first; /* number of the first segment that the backup needs */
    uint32_t count; /* these two are the thread's, until it was joined */
    bool proven;    /* the archive had a segment with our content */
};

static void
discard_segment(void *item)
{
    struct kept_segment *segment = item;

    fd_closep(&segment->fd);
    free(segment);
}

static void
kept_segment_freep(struct kept_segment **segment)
{
    if (*segment != NULL)
        discard_segment(*segment);
    *segment = NULL;
}

enum status
backup_keep_create(struct backup_keep **keep, const struct backup_wal_options *options,
                   struct error *err)
{
    struct backup_keep *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->repo = options->repo;
    made->system_identifier = options->system_identifier;
    made->segment_size = options->segment_size;
    snprintf(made->backup_id, sizeof(made->backup_id), "%s", options->backup_id);
    *keep = made;
    return OK;
}

void
backup_keep_freep(struct backup_keep **keep)
{
    if (*keep == NULL)
        return;
    chan_freep(&(*keep)->arrived);
    free(*keep);
    *keep = NULL;
}

enum status
backup_keep_send(struct backup_keep *keep, const struct kept_segment *segment, struct error *err)
{
    struct kept_segment *copy = malloc(sizeof(*copy));

    if (copy == NULL)
    {
        close(segment->fd);
        return error_no_memory(err);
    }
    *copy = *segment;
    if (chan_send(keep->arrived, copy))
        return OK;
    discard_segment(copy);
    return group_cancelled(err);
}

void
backup_keep_end(struct backup_keep *keep)
{
    chan_close(keep->arrived);
}

bool
backup_keep_proven(const struct backup_keep *keep)
{
    return keep->proven;
}

uint32_t
backup_keep_count(const struct backup_keep *keep)
{
    return keep->count;
}

/* Compares what the archive streams with the first bytes of a file. */
struct prefix_sink
{
    struct sink base;
    int fd;
    uint64_t at;
    uint64_t end;
    bool equal;
};

static enum status
prefix_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct prefix_sink *sink = (struct prefix_sink *) self;
    uint8_t ours[4096];

    while (chunk.size > 0 && sink->at < sink->end)
    {
        size_t size = chunk.size < sizeof(ours) ? chunk.size : sizeof(ours);
        size_t got;

        if (sink->end - sink->at < size)
            size = (size_t) (sink->end - sink->at);
        TRY(fd_pread(sink->fd, ours, size, sink->at, &got, "temporary file", err));
        if (got != size || memcmp(ours, chunk.data, size) != 0)
            sink->equal = false;
        sink->at += size;
        chunk.data += size;
        chunk.size -= size;
    }
    return OK;
}

static enum status
prefix_finish(struct sink *self, struct error *err)
{
    struct prefix_sink *sink = (struct prefix_sink *) self;

    (void) err;
    if (sink->at < sink->end)
        sink->equal = false;
    return OK;
}

static void
prefix_free(struct sink *self)
{
    (void) self; /* on its opener's stack */
}

static const struct sink_ops prefix_ops = {
    .name = "prefix",
    .write = prefix_write,
    .finish = prefix_finish,
    .free = prefix_free,
};

/* The archive went on in the segment in which the backup stopped: is it the same so far? */
static enum status
compare_prefix(struct backup_keep *keep, const struct wal_file *file,
               const struct kept_segment *segment, bool *equal, struct error *err)
{
    struct prefix_sink prefix = {
        .base.ops = &prefix_ops, .fd = segment->fd, .end = segment->valid_size, .equal = true};
    SCOPED(sink_freep) struct sink *sink = &prefix.base;

    TRY(wal_read(keep->repo, file, &sink, err));
    *equal = prefix.equal;
    return OK;
}

static enum status
refuse_other_branch(const char *name, struct error *err)
{
    error_set(err, STATUS_CONFLICT, "the archive has \"%s\" with other content", name);
    error_hint(err, "Another server archived the same timeline. Find out which one is right before "
                    "you back up again.");
    return STATUS_CONFLICT;
}

/* Store a file, a segment or a history file, with the backup. */
static enum status
keep_file(struct backup_keep *keep, int fd, const char *name, struct error *err)
{
    char part[PG_WAL_FILE_NAME_SIZE + 8];
    char key[STORE_KEY_MAX + 1];
    enum wal_push_result result;

    snprintf(part, sizeof(part), "wal/%s", name);
    TRY(backup_key(keep->repo, keep->backup_id, part, key, err));
    TRY(wal_push_key(keep->repo, key, fd, "temporary file", &result, err));
    keep->count++;
    return OK;
}

enum status
backup_keep_history(struct backup_keep *keep, pg_timeline timeline, struct bytes content,
                    struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    char name[PG_WAL_FILE_NAME_SIZE];
    struct wal_file file = {keep->system_identifier, name};
    bool equal;
    enum status status;

    pg_wal_history_name(timeline, name);
    TRY(file_temporary(&fd, err));
    TRY(fd_write(fd, content, "temporary file", err));
    status = wal_compare(keep->repo, &file, fd, "temporary file", &equal, err);
    if (status == STATUS_NOT_FOUND)
        return keep_file(keep, fd, name, err);
    if (status != OK)
        return status;
    return equal ? OK : refuse_other_branch(name, err);
}

/* Nothing is proven when the archiver does not come: that is for others to judge. */
static enum status
compare_patiently(struct backup_keep *keep, const struct wal_file *file, int fd, bool *equal,
                  struct error *err)
{
    int64_t until = clock_monotonic_ms() + PROOF_WAIT_MS;
    enum status status;

    for (;;)
    {
        status = wal_compare(keep->repo, file, fd, "temporary file", equal, err);
        if (status != STATUS_NOT_FOUND || clock_monotonic_ms() > until)
            return status;
        TRY(stop_check(err));
        if (group_failed(keep->group))
            return group_cancelled(err);
        clock_pause_ms(PROOF_PAUSE_MS);
    }
}

static enum status
settle_proof(struct backup_keep *keep, const struct kept_segment *segment, const char *name,
             struct error *err)
{
    struct wal_file file = {keep->system_identifier, name};
    bool equal;
    enum status status = compare_patiently(keep, &file, segment->fd, &equal, err);

    if (status == STATUS_NOT_FOUND)
        return OK;
    TRY(status);
    keep->proven = equal;
    return equal ? OK : refuse_other_branch(name, err);
}

static enum status
settle(struct backup_keep *keep, struct kept_segment *segment, struct error *err)
{
    SCOPED(kept_segment_freep) struct kept_segment *owned = segment;
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    struct wal_file file = {keep->system_identifier, name};
    bool equal;
    enum status status;

    pg_wal_segment_name(segment->segment, keep->segment_size, name);
    if (segment->segment.number < keep->first)
        return settle_proof(keep, segment, name, err);
    status = wal_compare(keep->repo, &file, segment->fd, "temporary file", &equal, err);
    if (status == STATUS_NOT_FOUND)
        return keep_file(keep, segment->fd, name, err);
    if (status != OK)
        return status;
    keep->proven = keep->proven || equal;
    if (!equal && segment->valid_size < keep->segment_size)
        TRY(compare_prefix(keep, &file, segment, &equal, err));
    return equal ? OK : refuse_other_branch(name, err);
}

static enum status
run_keep(void *arg, struct error *err)
{
    struct backup_keep *keep = arg;
    struct kept_segment *waiting[PATIENCE_SEGMENTS] = {0};
    size_t next = 0;
    enum status status = OK;
    void *item;

    while (status == OK && chan_receive(keep->arrived, &item))
    {
        if (waiting[next] != NULL)
            status = settle(keep, waiting[next], err);
        waiting[next] = item;
        next = (next + 1) % PATIENCE_SEGMENTS;
    }
    if (status == OK && group_failed(keep->group))
        status = group_cancelled(err);
    for (size_t index = 0; index < PATIENCE_SEGMENTS; index++)
    {
        struct kept_segment *segment = waiting[(next + index) % PATIENCE_SEGMENTS];

        if (segment != NULL && status == OK)
            status = settle(keep, segment, err);
        else
            kept_segment_freep(&segment);
    }
    return status;
}

enum status
backup_keep_start(struct backup_keep *keep, struct pg_wal_segment first, struct group *group,
                  struct error *err)
{
    keep->group = group;
    keep->first = first.number;
    TRY(chan_create(&keep->arrived, group, QUEUE_SEGMENTS, discard_segment, err));
    return group_start(group, run_keep, keep, err);
}
