// SPDX-License-Identifier: PostgreSQL
/*
 * The file driver.  Everything is reached from one descriptor of the root, so
 * that a root that is unmounted or moved away later can not turn into a store
 * where nothing is found.
 */
#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/random.h"
#include "repo/store.h"
#include "stream/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK_SIZE (256 * 1024)

struct file_store
{
    struct store base;
    int root; /* a directory descriptor, for the store's life */
};

struct file_sink
{
    struct sink base;
    struct file_store *store;
    char *key;
    char temporary[48]; /* relative to the root */
    int fd;
};

/*
 * An error of a system call.  "No such file" about what must be there, such as
 * the root, is no answer to anything: the store is damaged or gone.
 */
static enum status
trouble(struct file_store *store, const char *what, const char *key, struct error *err)
{
    enum status status =
        error_errno(err, "could not %s \"%s/%s\"", what, store->base.location, key);

    return status == STATUS_NOT_FOUND ? STATUS_IO : status;
}

/* In a root that was removed nothing is found, and that is no answer. */
static enum status
check_root(struct file_store *store, struct error *err)
{
    struct stat info;

    if (fstat(store->root, &info) != 0)
        return trouble(store, "stat", "", err);
    if (info.st_nlink > 0)
        return OK;
    return error_set(err, STATUS_IO, "directory \"%s\" was removed while it was in use",
                     store->base.location);
}

/* Sync the directory that holds key. */
static enum status
sync_parent(struct file_store *store, const char *key, struct error *err)
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
    TRY(sync_parent(store, key, err));
    return error_set(err, STATUS_CONFLICT, "object \"%s\" exists already", key);
}

/* Make the directories above key, each durable before it is used. */
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
            TRY(sync_parent(store, path, err));
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
file_sink_finish(struct sink *self, struct error *err)
{
    struct file_sink *sink = (struct file_sink *) self;
    struct file_store *store = sink->store;

    TRY(fd_sync(sink->fd, sink->temporary, err));
    TRY(create_parents(store, sink->key, err));
    CRASH_POINT("file store: before the name"); /* the temporary file stays in tmp */
    if (rename_no_replace(store->root, sink->temporary, sink->key) != 0)
    {
        if (errno == EEXIST)
            return refuse_existing(store, sink->key, err);
        return trouble(store, "create", sink->key, err);
    }
    sink->temporary[0] = '\0';
    CRASH_POINT("file store: before the directory is durable");
    return sync_parent(store, sink->key, err);
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
        return trouble(sink->store, "create directory", "tmp", err);
    sink->fd =
        openat(sink->store->root, sink->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (sink->fd < 0)
    {
        enum status status = trouble(sink->store, "create", sink->temporary, err);

        sink->temporary[0] = '\0';
        return status;
    }
    return OK;
}

static enum status
file_create_object(struct store *base, const char *key, struct sink **sink, struct error *err)
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
        TRY(check_root(store, err));
        return error_set(err, STATUS_NOT_FOUND, "object \"%s\" is not there", key);
    }
    /* Only a plain "no such file" is an answer; ENOTDIR and all else is doubt. */
    if (*fd < 0 || fstat(*fd, &info) != 0)
        return trouble(store, "open", key, err);
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

static enum status
file_object_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;

    return open_object((struct file_store *) base, key, &fd, size_bytes, err);
}

/* What a listing carries down through the directories. */
struct walk
{
    struct file_store *store;
    const char *prefix;
    const char *after;
    enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err);
    void *arg;
};

/* Directories sort as if their names ended in a slash, which gives byte order of keys. */
static int
compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *) left, *(char *const *) right);
}

struct names
{
    char **items;
    size_t count;
};

static void
release_names(struct names *names)
{
    for (size_t index = 0; index < names->count; index++)
        free(names->items[index]);
    free(names->items);
}

static void
close_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

static enum status
add_name(struct names *names, int directory, const struct dirent *entry, struct error *err)
{
    struct stat info;
    char **grown;

    if (fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK : error_errno(err, "could not stat \"%s\"", entry->d_name);
    grown = realloc(names->items, (names->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    names->items = grown;
    if (asprintf(&grown[names->count], "%s%s", entry->d_name, S_ISDIR(info.st_mode) ? "/" : "") < 0)
        return error_no_memory(err);
    names->count++;
    return OK;
}

/* The sorted names in a directory; none when it is not there. */
static enum status
read_names(struct file_store *store, const char *path, struct names *names, struct error *err)
{
    SCOPED(close_directory) DIR *directory = NULL;
    int fd = openat(store->root, path[0] == '\0' ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return OK;
    directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL)
    {
        enum status status = trouble(store, "open directory", path, err);

        fd_closep(&fd);
        return status;
    }
    for (;;)
    {
        errno = 0;
        struct dirent *entry = readdir(directory);

        if (entry == NULL && errno != 0)
            return trouble(store, "read directory", path, err);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            TRY(add_name(names, dirfd(directory), entry, err));
    }
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    return OK;
}

static enum status
visit_object(struct walk *walk, const char *key, struct error *err)
{
    uint64_t size_bytes;
    enum status status;

    if (strncmp(key, walk->prefix, strlen(walk->prefix)) != 0 || strcmp(key, walk->after) <= 0)
        return OK;
    status = file_object_size(&walk->store->base, key, &size_bytes, err);
    if (status == STATUS_NOT_FOUND)
        return OK; /* deleted while we listed */
    return status == OK ? walk->visit(walk->arg, key, size_bytes, err) : status;
}

/* Visit all below directory, which is "" or ends in a slash. */
static enum status
walk_directory(struct walk *walk, const char *directory, struct error *err)
{
    SCOPED(release_names) struct names names = {0};

    TRY(read_names(walk->store, directory, &names, err));
    for (size_t index = 0; index < names.count; index++)
    {
        SCOPED(freep) char *path = NULL;
        size_t size;
        size_t common;

        if (asprintf(&path, "%s%s", directory, names.items[index]) < 0)
            return error_no_memory(err);
        size = strlen(path);
        common = strlen(walk->prefix) < size ? strlen(walk->prefix) : size;
        if (strncmp(path, walk->prefix, common) != 0 || strcmp(path, "tmp/") == 0)
            continue;
        if (path[size - 1] == '/')
            TRY(walk_directory(walk, path, err));
        else
            TRY(visit_object(walk, path, err));
    }
    return OK;
}

static enum status
file_list(struct store *base, const char *prefix, const char *after,
          enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err),
          void *arg, struct error *err)
{
    struct walk walk = {(struct file_store *) base, prefix, after, visit, arg};
    SCOPED(freep) char *directory = strdup(prefix);
    char *slash;

    if (directory == NULL)
        return error_no_memory(err);
    slash = strrchr(directory, '/');
    if (slash == NULL)
        directory[0] = '\0';
    else
        slash[1] = '\0';
    TRY(walk_directory(&walk, directory, err));
    return check_root(walk.store, err);
}

static enum status
file_remove(struct store *base, const char *key, struct error *err)
{
    struct file_store *store = (struct file_store *) base;

    if (unlinkat(store->root, key, 0) == 0)
        return sync_parent(store, key, err);
    if (errno == ENOENT)
        return check_root(store, err);
    return trouble(store, "delete", key, err);
}

/* The file's own clock would be the server's, on a network file system. */
static enum status
file_server_time(struct store *base, time_us *now, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct stat info;

    TRY(file_create_object(base, "tmp-clock", &sink, err));
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
    .size = file_object_size,
    .list = file_list,
    .remove = file_remove,
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
    made->base.location = strdup(root);
    status = made->base.location == NULL
                 ? error_no_memory(err)
                 : fd_open(&made->root, root, O_RDONLY | O_DIRECTORY, 0, err);
    if (status != OK)
    {
        file_free(&made->base);
        /* A root that is not there is a disk that is not mounted: no answer at all. */
        return status == STATUS_NOT_FOUND ? STATUS_TRANSIENT : status;
    }
    *store = &made->base;
    return OK;
}
