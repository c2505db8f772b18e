// SPDX-License-Identifier: PostgreSQL
#include "base/file.h"
#include "base/stop.h"
#include "restore/scatter_job.h"
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Files kept open: a frame's pieces of one file come together. */
#define OPEN_FILES 8

#define PATH_SIZE 1100

/* Below this the page cache gathers what the disk would take in small pieces. */
#define DIRECT_LENGTH_MIN (256 * 1024)

struct open_file
{
    int fd;
    bool direct;
    char path[PATH_SIZE];
};

/* What one thread has for itself. */
struct worker
{
    struct scatter_work *work;
    struct pack_reader *reader;
    struct buffer range;
    struct open_file files[OPEN_FILES];
    size_t next_file;
};

void
scatter_job_free(void *arg)
{
    struct scatter_job *job = arg;

    buffer_release(&job->pieces);
    free(job);
}

static void
free_job(struct scatter_job **job)
{
    if (*job != NULL)
        scatter_job_free(*job);
}

static void
release_worker(struct worker *worker)
{
    for (size_t index = 0; index < OPEN_FILES; index++)
        fd_closep(&worker->files[index].fd);
    buffer_release(&worker->range);
    pack_reader_freep(&worker->reader);
}

/*
 * Large pieces go past the page cache: a restored cluster is larger than what
 * is worth caching, and filling the cache costs more than writing to the disk.
 */
static bool
wants_direct(const struct worker *worker, const struct scatter_piece *piece)
{
    uint64_t bits = piece->file_offset | piece->length | piece->skip;

    return piece->length >= DIRECT_LENGTH_MIN && bits % FRAME_ALIGNMENT == 0 &&
           !atomic_load(&worker->work->direct_refused);
}

static int
open_for(struct worker *worker, const char *path, bool direct)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (direct ? O_DIRECT : 0);

    return openat(worker->work->root, path, flags);
}

static enum status
open_file(struct worker *worker, const char *path, bool direct, struct open_file **file,
          struct error *err)
{
    struct open_file *slot;

    for (size_t index = 0; index < OPEN_FILES; index++)
    {
        *file = &worker->files[index];
        if ((*file)->fd >= 0 && (*file)->direct == direct && strcmp((*file)->path, path) == 0)
            return OK;
    }
    slot = &worker->files[worker->next_file++ % OPEN_FILES];
    fd_closep(&slot->fd);
    slot->fd = open_for(worker, path, direct);
    slot->direct = direct;
    if (slot->fd < 0 && direct && errno == EINVAL)
    {
        /* A file system without direct I/O, such as tmpfs. */
        atomic_store(&worker->work->direct_refused, true);
        slot->fd = open_for(worker, path, false);
        slot->direct = false;
    }
    if (slot->fd < 0)
        return error_errno(err, "could not open \"%s\"", path);
    memcpy(slot->path, path, strlen(path) + 1);
    *file = slot;
    return OK;
}

static enum status
write_piece(struct worker *worker, const struct scatter_piece *piece, const char *path,
            struct bytes content, struct error *err)
{
    struct open_file *file;

    if (piece->skip > content.size || piece->length > content.size - piece->skip)
        return error_set(err, STATUS_CORRUPT, "frame %u is shorter than \"%s\" needs",
                         piece->frame_number, path);
    TRY(open_file(worker, path, wants_direct(worker, piece), &file, err));
    return fd_pwrite(file->fd, (struct bytes){content.data + piece->skip, piece->length},
                     piece->file_offset, path, err);
}

static enum status
fetch(struct worker *worker, const struct scatter_job *job, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];
    enum status status;

    worker->range.size = 0;
    TRY(pack_key(worker->work->repo, job->pack->id, key, err));
    TRY(buffer_reserve(&worker->range, job->end - job->begin, err));
    TRY(sink_open_buffer(&sink, &worker->range, err));
    status =
        store_read(worker->work->repo->store, key, job->begin, job->end - job->begin, sink, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_CORRUPT, "pack \"%s\" is missing", key);
    return status;
}

/* One piece after the other; a frame is opened when its first piece comes. */
static enum status
write_pieces(struct worker *worker, const struct scatter_job *job, struct error *err)
{
    struct bytes pieces = buffer_bytes(&job->pieces);
    struct bytes content = {NULL, 0};
    uint32_t opened = 0;
    uint64_t written = 0;

    while (pieces.size > 0)
    {
        struct scatter_piece piece;
        const char *path;

        memcpy(&piece, pieces.data, sizeof(piece));
        path = (const char *) pieces.data + sizeof(piece);
        pieces.data += sizeof(piece) + piece.path_size;
        pieces.size -= sizeof(piece) + piece.path_size;
        if (piece.frame_offset != opened)
        {
            struct frame_place place = {.number = piece.frame_number,
                                        .offset = piece.frame_offset,
                                        .size = piece.frame_size};
            struct bytes stored = {worker->range.data + (piece.frame_offset - job->begin),
                                   piece.frame_size};

            TRY(pack_reader_open(worker->reader, stored, &place, &content, err));
            opened = piece.frame_offset;
        }
        TRY(write_piece(worker, &piece, path, content, err));
        written += piece.length;
    }
    progress_add(&worker->work->progress, written);
    return OK;
}

static enum status
do_job(struct worker *worker, const struct scatter_job *job, struct error *err)
{
    char id[2 * PACK_ID_SIZE + 1];
    enum status status;

    TRY(stop_check(err));
    TRY(fetch(worker, job, err));
    status = job->begin == 0 ? pack_reader_check(job->pack, worker->range.data, err) : OK;
    if (status == OK)
        status = pack_reader_turn(worker->reader, job->pack, err);
    if (status == OK)
        status = write_pieces(worker, job, err);
    if (status == STATUS_CORRUPT)
    {
        hex_encode((struct bytes){job->pack->id, PACK_ID_SIZE}, id);
        error_context(err, "pack %s", id);
    }
    return status;
}

enum status
scatter_worker(void *arg, struct error *err)
{
    SCOPED(release_worker)
    struct worker worker = {.work = arg,
                            .range = BUFFER_INIT(SCATTER_RANGE_MAX + FRAME_STORED_MAX)};
    void *item;

    for (size_t index = 0; index < OPEN_FILES; index++)
        worker.files[index].fd = -1;
    TRY(pack_reader_create(&worker.reader, worker.work->repo, err));
    while (chan_receive(worker.work->jobs, &item))
    {
        SCOPED(free_job) struct scatter_job *job = item;

        TRY(do_job(&worker, job, err));
    }
    return OK;
}
