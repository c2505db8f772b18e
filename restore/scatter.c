// SPDX-License-Identifier: PostgreSQL
#include "restore/scatter.h"

#include "base/file.h"
#include "base/stop.h"
#include "repo/pack_plan.h"
#include "restore/scatter_job.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SORTER_MEMORY    ((size_t) 64 * 1024 * 1024)
#define PIECES_BYTES_MAX ((size_t) 2 * 1024 * 1024)
#define WORKERS_MAX      64

/* While one thread of a processor waits for its disk, another decompresses. */
#define THREADS_PER_WORKER 2

#define ALLOCATE_MIN (256 * 1024)

/* The bits of a mode that PostgreSQL can have: 0700 and 0600, or with group access. */
#define DIRECTORY_MODES 0750
#define FILE_MODES      0640

/* The pass over the manifest that makes the files, empty, and plans the extents. */
struct creation
{
    const struct layout *layout;
    struct pack_plan *extents;
    int root;
    const char *place; /* of the present file; NULL: not written */
};

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
plan_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct creation *creation = arg;
    const struct pack_piece piece = {creation->place, *extent, 0};

    (void) file;
    return creation->place == NULL ? OK : pack_plan_add(creation->extents, &piece, err);
}

static enum status
create_all(const struct scatter_options *options, int root, struct pack_plan *extents,
           struct error *err)
{
    const struct plan *plan = options->plan;
    struct creation creation = {.layout = options->layout, .extents = extents, .root = root};
    struct manifest_handler handler = {
        .file = create_entry,
        .extent = plan_extent,
        .arg = &creation,
    };

    TRY(manifest_read(options->repo, plan->backup.id, &handler, err));
    return pack_plan_sort(extents, plan->packs, plan->pack_count, err);
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
feed(struct pack_plan *extents, struct chan *jobs, struct error *err)
{
    for (;;)
    {
        SCOPED(pack_range_freep) struct pack_range *range = NULL;

        TRY(pack_plan_next(extents, &range, err));
        if (range == NULL)
            return OK;
        if (!chan_send(jobs, range))
            return group_cancelled(err);
        range = NULL;
    }
}

static enum status
write_all(const struct scatter_options *options, int root, struct pack_plan *extents,
          struct error *err)
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
    TRY(chan_create(&jobs, group, workers, pack_range_free, err));
    work.jobs = jobs;
    progress_start(&work.progress, "restore", options->plan->totals.bytes);
    for (uint32_t index = 0; index < workers; index++)
        TRY(group_start(group, scatter_worker, &work, err));
    status = feed(extents, jobs, err);
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
    const struct pack_plan_options planning = {SORTER_MEMORY, SCATTER_RANGE_MAX, PIECES_BYTES_MAX};
    SCOPED(pack_plan_freep) struct pack_plan *extents = NULL;
    SCOPED(fd_closep) int root = -1;

    TRY(fd_open(&root, options->layout->into, O_RDONLY | O_DIRECTORY, 0, err));
    TRY(pack_plan_create(&extents, &planning, err));
    TRY(create_all(options, root, extents, err));
    return write_all(options, root, extents, err);
}
