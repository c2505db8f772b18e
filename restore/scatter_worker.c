// SPDX-License-Identifier: PostgreSQL
#include "base/file.h"
#include "base/stop.h"
#include "repo/pack_plan.h"
#include "restore/scatter_job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Files kept open: a frame's pieces of one file come together. */
#define OPEN_FILES 8

/* Below this the page cache gathers what the disk would take in small pieces. */
#define DIRECT_LENGTH_MIN (256 * 1024)

struct open_file
{
    int fd;
    bool direct;
    char path[PACK_PLAN_PATH_SIZE];
};

/* What one thread has for itself. */
struct worker
{
    struct scatter_work *work;
    struct pack_reader *reader;
    struct buffer stored; /* of the range at hand */
    struct open_file files[OPEN_FILES];
    size_t next_file;
};

static void
release_worker(struct worker *worker)
{
    for (size_t index = 0; index < OPEN_FILES; index++)
        fd_closep(&worker->files[index].fd);
    buffer_release(&worker->stored);
    pack_reader_freep(&worker->reader);
}

/*
 * Large pieces go past the page cache: a restored cluster is larger than what
 * is worth caching, and filling the cache costs more than writing to the disk.
 */
static bool
wants_direct(const struct worker *worker, const struct manifest_extent *extent)
{
    uint64_t bits = extent->file_offset | extent->length | extent->skip;

    return extent->length >= DIRECT_LENGTH_MIN && bits % FRAME_ALIGNMENT == 0 &&
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
write_piece(struct worker *worker, const struct pack_piece *piece, struct bytes content,
            struct error *err)
{
    const struct manifest_extent *extent = &piece->extent;
    struct open_file *file;

    if (extent->skip > content.size || extent->length > content.size - extent->skip)
        return error_set(err, STATUS_CORRUPT, "frame %u is shorter than \"%s\" needs",
                         extent->frame.number, piece->path);
    TRY(open_file(worker, piece->path, wants_direct(worker, extent), &file, err));
    return fd_pwrite(file->fd, (struct bytes){content.data + extent->skip, extent->length},
                     extent->file_offset, piece->path, err);
}

static enum status
fetch(struct worker *worker, const struct pack_range *range, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    enum status status = pack_range_fetch(range, worker->work->repo, &worker->stored, err);

    if (status != STATUS_NOT_FOUND)
        return status;
    TRY(pack_key(worker->work->repo, range->pack->id, key, err));
    return error_set(err, STATUS_CORRUPT, "pack \"%s\" is missing", key);
}

/* One piece after the other; a frame is opened when its first piece comes. */
static enum status
write_pieces(struct worker *worker, const struct pack_range *range, struct error *err)
{
    struct bytes content = {NULL, 0};
    struct pack_piece piece;
    uint32_t opened = 0;
    uint64_t written = 0;

    for (size_t at = 0; pack_range_next(range, &at, &piece);)
    {
        if (piece.extent.frame.offset != opened)
            TRY(pack_range_open(range, buffer_bytes(&worker->stored), &piece.extent.frame,
                                worker->reader, &content, err));
        opened = piece.extent.frame.offset;
        TRY(write_piece(worker, &piece, content, err));
        written += piece.extent.length;
    }
    progress_add(&worker->work->progress, written);
    return OK;
}

static enum status
write_range(struct worker *worker, const struct pack_range *range, struct error *err)
{
    char id[2 * PACK_ID_SIZE + 1];
    enum status status;

    TRY(stop_check(err));
    TRY(fetch(worker, range, err));
    status = pack_range_turn(range, buffer_bytes(&worker->stored), worker->reader, err);
    if (status == OK)
        status = write_pieces(worker, range, err);
    if (status == STATUS_CORRUPT)
    {
        hex_encode((struct bytes){range->pack->id, PACK_ID_SIZE}, id);
        error_context(err, "pack %s", id);
    }
    return status;
}

enum status
scatter_worker(void *arg, struct error *err)
{
    SCOPED(release_worker)
    struct worker worker = {.work = arg,
                            .stored = BUFFER_INIT(SCATTER_RANGE_MAX + FRAME_STORED_MAX)};
    void *item;

    for (size_t index = 0; index < OPEN_FILES; index++)
        worker.files[index].fd = -1;
    TRY(pack_reader_create(&worker.reader, worker.work->repo, err));
    while (chan_receive(worker.work->jobs, &item))
    {
        SCOPED(pack_range_freep) struct pack_range *range = item;

        TRY(write_range(&worker, range, err));
    }
    return OK;
}
