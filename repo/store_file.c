// SPDX-License-Identifier: PostgreSQL
/*
 * The file driver.  Everything is reached from one descriptor of the root, so
 * that a root that is unmounted or moved away later can not turn into a store
 * where nothing is found.
 */
#include "repo/store_file.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/random.h"
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK_SIZE (256 * 1024)
#define NAME_TRIES      20

struct file_sink
{
    struct sink base;
    struct file_store *store;
    char *key;
    char temporary[48]; /* relative to the root */
    int fd;
};

/* An error of a system call as it is. */
static enum status
trouble(const struct file_store *store, const char *what, const char *key, struct error *err)
{
    bool denied = errno == EACCES;
    enum status status =
        error_errno(err, "could not %s \"%s/%s\"", what, store->base.location, key);

    if (denied)
        store_file_hint_denied(store, key, err);
    return status;
}

/* A directory that went away under our hands is no answer about an object. */
static enum status
no_answer(enum status status)
{
    return status == STATUS_NOT_FOUND ? STATUS_IO : status;
}

enum status
store_file_trouble(struct file_store *store, const char *what, const char *key, struct error *err)
{
    return no_answer(trouble(store, what, key, err));
}

enum status
store_file_check_root(struct file_store *store, struct error *err)
{
    struct stat info;

    if (fstat(store->root, &info) != 0)
        return store_file_trouble(store, "stat", "", err);
    if (info.st_nlink > 0)
        return OK;
    return error_set(err, STATUS_IO, "directory \"%s\" was removed while it was in use",
                     store->base.location);
}

enum status
store_file_sync_parent(struct file_store *store, const char *key, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    SCOPED(freep) char *directory = path_directory(key);

    if (directory == NULL)
        return error_no_memory(err);
    fd = openat(store->root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return trouble(store, "open directory", directory, err);
    return fd_sync(fd, directory, err);
}

/*
 * The key is taken.  Whoever hears that may rely on the object, so its name
 * must be durable even if its writer died before it synced the directory.
 */
static enum status
refuse_existing(struct file_store *store, const char *key, struct error *err)
{
    TRY(no_answer(store_file_sync_parent(store, key, err)));
    return error_set(err, STATUS_CONFLICT, "object \"%s\" exists already", key);
}

/* Make the directories above key, each durable before it is used; NOT_FOUND: see name_object. */
static enum status
create_parents(struct file_store *store, const char *key, struct error *err)
{
    SCOPED(freep) char *path = strdup(key);

    if (path == NULL)
        return error_no_memory(err);
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
    {
        *slash = '\0';
        if (mkdirat(store->root, path, 0700) == 0)
            TRY(store_file_sync_parent(store, path, err));
        else if (errno != EEXIST)
            return trouble(store, "create directory", path, err);
        *slash = '/';
    }
    return OK;
}

/*
 * Give the temporary file its name unless that name is taken.  NFS and others
 * do not know RENAME_NOREPLACE; they have link(2), which never replaces.
 */
static int
rename_no_replace(int root, const char *from, const char *to)
{
    if (renameat2(root, from, root, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return -1;
    if (linkat(root, from, root, to, 0) != 0)
        return -1;
    unlinkat(root, from, 0);
    return 0;
}

static enum status
file_sink_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct file_sink *sink = (struct file_sink *) self;

    return fd_write(sink->fd, chunk, sink->temporary, err);
}

static enum status
try_name(struct file_sink *sink, struct error *err)
{
    struct file_store *store = sink->store;

    TRY(create_parents(store, sink->key, err));
    CRASH_POINT("file store: before the name"); /* the temporary file stays in tmp */
    if (rename_no_replace(store->root, sink->temporary, sink->key) == 0)
        return OK;
    if (errno == EEXIST)
        return refuse_existing(store, sink->key, err);
    return trouble(store, "create", sink->key, err);
}

/* Deletion removes directories that it leaves empty, perhaps just when we need one. */
static enum status
name_object(struct file_sink *sink, struct error *err)
{
    enum status status = STATUS_NOT_FOUND;

    for (int try = 0; try < NAME_TRIES && status == STATUS_NOT_FOUND; try++)
        status = try_name(sink, err);
    return no_answer(status);
}

static enum status
file_sink_finish(struct sink *self, struct error *err)
{
    struct file_sink *sink = (struct file_sink *) self;

    TRY(fd_sync(sink->fd, sink->temporary, err));
    TRY(name_object(sink, err));
    sink->temporary[0] = '\0';
    CRASH_POINT("file store: before the directory is durable");
    return no_answer(store_file_sync_parent(sink->store, sink->key, err));
}

static void
file_sink_free(struct sink *self)
{
    struct file_sink *sink = (struct file_sink *) self;

    if (sink->temporary[0] != '\0')
        unlinkat(sink->store->root, sink->temporary, 0);
    fd_closep(&sink->fd);
    free(sink->key);
    free(sink);
}

static const struct sink_ops file_sink_ops = {
    .name = "file object",
    .write = file_sink_write,
    .finish = file_sink_finish,
    .free = file_sink_free,
};

static enum status
open_temporary(struct file_sink *sink, struct error *err)
{
    uint8_t name[16];
    char text[2 * sizeof(name) + 1];

    TRY(random_bytes(name, sizeof(name), err));
    hex_encode((struct bytes){name, sizeof(name)}, text);
    snprintf(sink->temporary, sizeof(sink->temporary), "tmp/%s", text);
    if (mkdirat(sink->store->root, "tmp", 0700) != 0 && errno != EEXIST)
        return store_file_trouble(sink->store, "create directory", "tmp", err);
    sink->fd =
        openat(sink->store->root, sink->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (sink->fd < 0)
    {
        enum status status = store_file_trouble(sink->store, "create", sink->temporary, err);

        sink->temporary[0] = '\0';
        return status;
    }
    return OK;
}

static enum status
make_sink(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    SCOPED(sink_freep) struct sink *guard = NULL;
    struct file_sink *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &file_sink_ops;
    made->store = (struct file_store *) base;
    made->fd = -1;
    guard = &made->base;
    made->key = strdup(key);
    if (made->key == NULL)
        return error_no_memory(err);
    if (faccessat(made->store->root, key, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return refuse_existing(made->store, key, err);
    TRY(open_temporary(made, err));
    *sink = guard;
    guard = NULL;
    return OK;
}

static enum status
file_create_object(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    TRY(store_file_check_writer((struct file_store *) base, key, err));
    return make_sink(base, key, sink, err);
}

static enum status
file_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(file_create_object(base, key, &sink, err));
    TRY(sink_write(sink, body, err));
    return sink_finish(sink, err);
}

static enum status
open_object(struct file_store *store, const char *key, int *fd, uint64_t *size_bytes,
            struct error *err)
{
    struct stat info;

    /* Not to wait for a pipe's other end. */
    *fd = openat(store->root, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0 && errno == ENOENT)
    {
        TRY(store_file_check_root(store, err));
        return error_set(err, STATUS_NOT_FOUND, "object \"%s\" is not there", key);
    }
    /* Only a plain "no such file" is an answer; ENOTDIR and all else is doubt. */
    if (*fd < 0 || fstat(*fd, &info) != 0)
        return store_file_trouble(store, "open", key, err);
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_IO, "\"%s/%s\" is not a regular file", store->base.location,
                         key);
    *size_bytes = (uint64_t) info.st_size;
    return OK;
}

static enum status
file_read_object(struct store *base, const char *key, uint64_t offset, uint64_t length,
                 struct sink *into, struct error *err)
{
    struct file_store *store = (struct file_store *) base;
    SCOPED(fd_closep) int fd = -1;
    SCOPED(freep) uint8_t *chunk = malloc(READ_CHUNK_SIZE);
    uint64_t size_bytes;
    uint64_t end;

    if (chunk == NULL)
        return error_no_memory(err);
    TRY(open_object(store, key, &fd, &size_bytes, err));
    if (offset > size_bytes || (length != STORE_TO_END && length > size_bytes - offset))
        return error_set(err, STATUS_CORRUPT, "object \"%s\" ends at byte %llu", key,
                         (unsigned long long) size_bytes);
    end = length == STORE_TO_END ? size_bytes : offset + length;
    while (offset < end)
    {
        size_t wanted = end - offset < READ_CHUNK_SIZE ? (size_t) (end - offset) : READ_CHUNK_SIZE;
        size_t got;

        TRY(fd_pread(fd, chunk, wanted, offset, &got, key, err));
        if (got != wanted)
            return error_set(err, STATUS_CORRUPT, "object \"%s\" shrank while it was read", key);
        TRY(sink_write(into, (struct bytes){chunk, got}, err));
        offset += got;
    }
    return OK;
}

enum status
store_file_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;

    return open_object((struct file_store *) base, key, &fd, size_bytes, err);
}

/*
 * The file's own clock would be the server's, on a network file system.  A file
 * that goes away again is in nobody's way, a new directory tmp would be.
 */
static enum status
file_server_time(struct store *base, time_us *now, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct stat info;

    if (faccessat(((struct file_store *) base)->root, "tmp", F_OK, 0) != 0)
        TRY(store_file_check_writer((struct file_store *) base, "tmp", err));
    TRY(make_sink(base, "tmp-clock", &sink, err));
    if (fstat(((struct file_sink *) sink)->fd, &info) != 0)
        return error_errno(err, "could not stat a temporary file in \"%s\"", base->location);
    *now = info.st_mtim.tv_sec * US_PER_SECOND + info.st_mtim.tv_nsec / 1000;
    return OK;
}

static void
file_free(struct store *base)
{
    struct file_store *store = (struct file_store *) base;

    fd_closep(&store->root);
    free(store->base.location);
    free(store);
}

static const struct store_ops file_ops = {
    .name = "file",
    .put = file_put,
    .create = file_create_object,
    .read = file_read_object,
    .size = store_file_size,
    .list = store_file_list,
    .remove = store_file_remove,
    .remove_unfinished = store_file_remove_unfinished,
    .server_time = file_server_time,
    .free = file_free,
};

enum status
store_open_file(struct store **store, const char *root, struct error *err)
{
    struct file_store *made = calloc(1, sizeof(*made));
    enum status status;

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &file_ops;
    made->root = -1;
    made->user = geteuid();
    made->base.location = strdup(root);
    status = made->base.location == NULL
                 ? error_no_memory(err)
                 : fd_open(&made->root, root, O_RDONLY | O_DIRECTORY, 0, err);
    if (status == STATUS_DENIED)
        store_file_hint_closed(root, made->user, err);
    if (status != OK)
    {
        file_free(&made->base);
        /* A root that is not there is a disk that is not mounted: no answer at all. */
        return status == STATUS_NOT_FOUND ? STATUS_TRANSIENT : status;
    }
    *store = &made->base;
    return OK;
}
