// SPDX-License-Identifier: PostgreSQL
#include "restore/scatter.h"

#include "base/file.h"
#include "base/sorter.h"
#include "base/stop.h"
#include "restore/scatter_job.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SORTER_MEMORY ((size_t) 64 * 1024 * 1024)
#define WORKERS_MAX   64

/* While one thread of a processor waits for its disk, another decompresses. */
#define THREADS_PER_WORKER 2

#define ALLOCATE_MIN (256 * 1024)

/* The bits of a mode that PostgreSQL can have: 0700 and 0600, or with group access. */
#define DIRECTORY_MODES 0750
#define FILE_MODES      0640

/* The pass over the manifest that makes the files, empty, and sorts the extents. */
struct creation
{
    const struct layout *layout;
    struct sorter *sorter;
    int root;
    const char *place; /* of the present file; NULL: not written */
};

static enum status feed(struct sorter *sorter, const struct plan *plan, struct chan *jobs,
                        struct error *err);

static enum status
create_directory(int root, const char *path, uint32_t mode, struct error *err)
{
    mode_t wanted = (mode & DIRECTORY_MODES) | S_IRWXU;

    if (mkdirat(root, path, wanted) != 0 && errno != EEXIST)
        return error_errno(err, "could not create directory \"%s\"", path);
    /* Our umask takes the group's bits away. */
    if (wanted != S_IRWXU && fchmodat(root, path, wanted, 0) != 0)
        return error_errno(err, "could not change the mode of \"%s\"", path);
    return OK;
}

/*
 * A large file gets its blocks at once: direct writes into it are then quick,
 * and a disk that is too small says so now.
 */
static enum status
set_size(int fd, const char *path, uint64_t size_bytes, struct error *err)
{
    if (size_bytes >= ALLOCATE_MIN)
    {
        if (fallocate(fd, 0, 0, (off_t) size_bytes) == 0)
            return OK;
        if (errno != EOPNOTSUPP)
            return error_errno(err, "could not allocate %llu bytes for \"%s\"",
                               (unsigned long long) size_bytes, path);
    }
    if (ftruncate(fd, (off_t) size_bytes) != 0)
        return error_errno(err, "could not extend \"%s\"", path);
    return OK;
}

/* Whatever no extent covers reads as zeros. */
static enum status
create_file(int root, const char *path, const struct manifest_file *file, struct error *err)
{
    mode_t wanted = (file->mode & FILE_MODES) | S_IRUSR | S_IWUSR;
    SCOPED(fd_closep)
    int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, wanted);

    if (fd < 0)
        return error_errno(err, "could not create \"%s\"", path);
    if (wanted != (S_IRUSR | S_IWUSR) && fchmod(fd, wanted) != 0)
        return error_errno(err, "could not change the mode of \"%s\"", path);
    return set_size(fd, path, file->size_bytes, err);
}

static enum status
create_entry(void *arg, const struct manifest_file *file, struct error *err)
{
    struct creation *creation = arg;

    TRY(stop_check(err));
    TRY(layout_place(creation->layout, file, &creation->place, err));
    if (creation->place == NULL)
        return OK;
    if (file->type == MANIFEST_DIRECTORY)
        return create_directory(creation->root, creation->place, file->mode, err);
    return create_file(creation->root, creation->place, file, err);
}

static enum status
sort_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct creation *creation = arg;
    uint32_t key[2] = {htobe32(extent->frame.pack), htobe32(extent->frame.offset)};
    struct scatter_piece piece = {
        .file_offset = extent->file_offset,
        .length = extent->length,
        .skip = extent->skip,
        .frame_number = extent->frame.number,
        .frame_offset = extent->frame.offset,
        .frame_size = extent->frame.size,
    };
    uint8_t value[sizeof(piece) + 1100];

    (void) file;
    if (creation->place == NULL)
        return OK;
    piece.path_size = (uint32_t) strlen(creation->place) + 1;
    if (piece.path_size > sizeof(value) - sizeof(piece))
        return error_set(err, STATUS_CORRUPT, "path \"%s\" is too long", creation->place);
    memcpy(value, &piece, sizeof(piece));
    memcpy(value + sizeof(piece), creation->place, piece.path_size);
    return sorter_add(creation->sorter, (struct bytes){(uint8_t *) key, sizeof(key)},
                      (struct bytes){value, sizeof(piece) + piece.path_size}, err);
}

static enum status
create_all(const struct scatter_options *options, int root, struct sorter *sorter,
           struct error *err)
{
    struct creation creation = {.layout = options->layout, .sorter = sorter, .root = root};
    struct manifest_handler handler = {
        .file = create_entry,
        .extent = sort_extent,
        .arg = &creation,
    };

    TRY(manifest_read(options->repo, options->plan->backup.id, &handler, err));
    return sorter_sort(sorter, err);
}

static uint32_t
worker_count(const struct scatter_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t workers = options->workers;

    if (workers == 0)
        workers = processors < 1 ? 1 : (uint32_t) processors;
    workers *= THREADS_PER_WORKER;
    return workers > WORKERS_MAX ? WORKERS_MAX : workers;
}

static enum status
write_all(const struct scatter_options *options, int root, struct sorter *sorter, struct error *err)
{
    SCOPED(chan_freep) struct chan *jobs = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    uint32_t workers = worker_count(options);
    struct scatter_work work = {
        .repo = options->repo,
        .root = root,
    };
    enum status status;

    TRY(group_create(&group, err));
    TRY(chan_create(&jobs, group, workers, scatter_job_free, err));
    work.jobs = jobs;
    progress_start(&work.progress, "restore", options->plan->totals.bytes);
    for (uint32_t index = 0; index < workers; index++)
        TRY(group_start(group, scatter_worker, &work, err));
    status = feed(sorter, options->plan, jobs, err);
    if (status != OK)
        group_fail(group, status, err);
    chan_close(jobs);
    status = group_join(group, err);
    progress_end();
    return status;
}

enum status
scatter_run(const struct scatter_options *options, struct error *err)
{
    SCOPED(sorter_freep) struct sorter *sorter = NULL;
    SCOPED(fd_closep) int root = -1;

    TRY(fd_open(&root, options->layout->into, O_RDONLY | O_DIRECTORY, 0, err));
    TRY(sorter_create(&sorter, SORTER_MEMORY, err));
    TRY(create_all(options, root, sorter, err));
    return write_all(options, root, sorter, err);
}

/* Does the piece fit into the job's range and memory? */
static bool
belongs_to(const struct scatter_job *job, const struct pack *pack,
           const struct scatter_piece *piece)
{
    uint64_t end = (uint64_t) piece->frame_offset + piece->frame_size;

    return job != NULL && job->pack == pack && piece->frame_offset >= job->begin &&
           piece->frame_offset <= (uint64_t) job->end + SCATTER_GAP_MAX &&
           end - job->begin <= SCATTER_RANGE_MAX && job->pieces.size < SCATTER_PIECES_MAX;
}

/* Give the job away. */
static enum status
send(struct chan *jobs, struct scatter_job **job, struct error *err)
{
    if (*job == NULL)
        return OK;
    if (!chan_send(jobs, *job))
        return group_cancelled(err);
    *job = NULL;
    return OK;
}

static enum status
begin_job(const struct pack *pack, const struct scatter_piece *piece, struct scatter_job **job,
          struct error *err)
{
    *job = calloc(1, sizeof(**job));
    if (*job == NULL)
        return error_no_memory(err);
    (*job)->pack = pack;
    /* A pack's header is checked when its first frame is fetched. */
    (*job)->begin = piece->frame_offset == PACK_HEADER_SIZE ? 0 : piece->frame_offset;
    (*job)->end = piece->frame_offset;
    (*job)->pieces = BUFFER_INIT(SCATTER_PIECES_MAX * 2);
    return OK;
}

static void
free_unsent(struct scatter_job **job)
{
    if (*job != NULL)
        scatter_job_free(*job);
}

/* Turn the sorted pieces into jobs. */
static enum status
feed(struct sorter *sorter, const struct plan *plan, struct chan *jobs, struct error *err)
{
    SCOPED(free_unsent) struct scatter_job *job = NULL;
    struct bytes key;
    struct bytes value;
    bool more;

    TRY(sorter_next(sorter, &more, &key, &value, err));
    while (more)
    {
        struct scatter_piece piece;
        uint32_t pack_index;
        const struct pack *pack;

        memcpy(&pack_index, key.data, sizeof(pack_index));
        memcpy(&piece, value.data, sizeof(piece));
        pack_index = be32toh(pack_index);
        if (pack_index >= plan->pack_count)
            return error_set(err, STATUS_CORRUPT, "the manifest changed while it was read");
        pack = &plan->packs[pack_index];
        if (!belongs_to(job, pack, &piece))
        {
            TRY(send(jobs, &job, err));
            TRY(begin_job(pack, &piece, &job, err));
        }
        if (job->end < piece.frame_offset + piece.frame_size)
            job->end = piece.frame_offset + piece.frame_size;
        TRY(buffer_append(&job->pieces, value, err));
        TRY(sorter_next(sorter, &more, &key, &value, err));
    }
    return send(jobs, &job, err);
}
