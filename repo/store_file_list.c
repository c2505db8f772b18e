// SPDX-License-Identifier: PostgreSQL
#include "base/file.h"
#include "repo/store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        enum status status = store_file_trouble(store, "open directory", path, err);

        fd_closep(&fd);
        return status;
    }
    for (;;)
    {
        errno = 0;
        struct dirent *entry = readdir(directory);

        if (entry == NULL && errno != 0)
            return store_file_trouble(store, "read directory", path, err);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            TRY(add_name(names, dirfd(directory), entry, err));
    }
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    return OK;
}

/* By its directory's word: whoever may list objects need not be allowed to read them. */
static enum status
visit_object(struct walk *walk, const char *key, struct error *err)
{
    struct stat info;

    if (strncmp(key, walk->prefix, strlen(walk->prefix)) != 0 || strcmp(key, walk->after) <= 0)
        return OK;
    if (fstatat(walk->store->root, key, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK /* deleted while we listed */
                               : store_file_trouble(walk->store, "stat", key, err);
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_IO, "\"%s/%s\" is not a regular file",
                         walk->store->base.location, key);
    return walk->visit(walk->arg, key, (uint64_t) info.st_size, err);
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

enum status
store_file_list(struct store *base, const char *prefix, const char *after,
                enum status (*visit)(void *arg, const char *key, uint64_t size_bytes,
                                     struct error *err),
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
    return store_file_check_root(walk.store, err);
}
