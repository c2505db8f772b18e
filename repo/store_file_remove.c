// SPDX-License-Identifier: PostgreSQL
/*
 * Deleting objects, and the directories that this leaves empty; and the files
 * in tmp/ whose writer never gave them a name.
 */
#include "base/file.h"
#include "repo/store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
close_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

/* Up to the first that is not empty.  Whoever needs one of them makes it again. */
static void
remove_empty_parents(struct file_store *store, char *path)
{
    for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/'))
    {
        *slash = '\0';
        if (unlinkat(store->root, path, AT_REMOVEDIR) != 0)
            return;
    }
}

enum status
store_file_remove(struct store *base, const char *key, struct error *err)
{
    struct file_store *store = (struct file_store *) base;
    SCOPED(freep) char *path = strdup(key);
    enum status status;

    if (path == NULL)
        return error_no_memory(err);
    if (unlinkat(store->root, key, 0) != 0)
        return errno == ENOENT ? store_file_check_root(store, err)
                               : store_file_trouble(store, "delete", key, err);
    status = store_file_sync_parent(store, key, err);
    remove_empty_parents(store, path);
    /* Another deletion may have found the directory empty before we could sync it. */
    return status == STATUS_NOT_FOUND ? store_file_check_root(store, err) : status;
}

/* They are written to until just before they get their name, so this one is nobody's. */
static enum status
remove_if_old(struct file_store *store, int directory, const char *name, time_us before,
              uint64_t *count, struct error *err)
{
    struct stat info;
    time_us written;

    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OK : store_file_trouble(store, "stat", name, err);
    written = info.st_mtim.tv_sec * US_PER_SECOND + info.st_mtim.tv_nsec / 1000;
    if (!S_ISREG(info.st_mode) || written >= before)
        return OK;
    if (unlinkat(directory, name, 0) != 0)
        return errno == ENOENT ? OK : store_file_trouble(store, "delete", name, err);
    (*count)++;
    return OK;
}

enum status
store_file_remove_unfinished(struct store *base, const char *prefix, time_us before,
                             uint64_t *count, struct error *err)
{
    struct file_store *store = (struct file_store *) base;
    SCOPED(close_directory) DIR *directory = NULL;
    int fd = openat(store->root, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    (void) prefix;
    if (fd < 0 && errno == ENOENT)
        return store_file_check_root(store, err);
    directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL)
    {
        enum status status = store_file_trouble(store, "open directory", "tmp", err);

        fd_closep(&fd);
        return status;
    }
    for (;;)
    {
        struct dirent *entry;

        errno = 0;
        entry = readdir(directory);
        if (entry == NULL && errno != 0)
            return store_file_trouble(store, "read directory", "tmp", err);
        if (entry == NULL)
            return OK;
        TRY(remove_if_old(store, dirfd(directory), entry->d_name, before, count, err));
    }
}
