// SPDX-License-Identifier: PostgreSQL
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status
fd_open(int *fd, const char *path, int flags, mode_t mode, struct error *err)
{
    do
        *fd = open(path, flags | O_CLOEXEC, mode);
    while (*fd < 0 && errno == EINTR);
    if (*fd < 0)
        return error_errno(err, "could not open \"%s\"", path);
    return OK;
}

void
fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum status
fd_read(int fd, void *data, size_t size, size_t *got, const char *path, struct error *err)
{
    *got = 0;
    while (*got < size)
    {
        ssize_t count = read(fd, (uint8_t *) data + *got, size - *got);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_errno(err, "could not read \"%s\"", path);
        if (count == 0)
            break;
        *got += (size_t) count;
    }
    return OK;
}

enum status
fd_pread(int fd, void *data, size_t size, uint64_t offset, size_t *got, const char *path,
         struct error *err)
{
    *got = 0;
    while (*got < size)
    {
        ssize_t count = pread(fd, (uint8_t *) data + *got, size - *got, (off_t) (offset + *got));

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_errno(err, "could not read \"%s\"", path);
        if (count == 0)
            break;
        *got += (size_t) count;
    }
    return OK;
}

static enum status
write_failed(const char *path, struct error *err)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    enum status status = error_errno(err, "could not write \"%s\"", path);

    if (full)
        error_hint(err, "Free some space on the file system of \"%s\".", path);
    return status;
}

enum status
fd_write(int fd, struct bytes bytes, const char *path, struct error *err)
{
    while (bytes.size > 0)
    {
        ssize_t count = write(fd, bytes.data, bytes.size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return write_failed(path, err);
        bytes.data += count;
        bytes.size -= (size_t) count;
    }
    return OK;
}

enum status
fd_pwrite(int fd, struct bytes bytes, uint64_t offset, const char *path, struct error *err)
{
    while (bytes.size > 0)
    {
        ssize_t count = pwrite(fd, bytes.data, bytes.size, (off_t) offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return write_failed(path, err);
        bytes.data += count;
        bytes.size -= (size_t) count;
        offset += (uint64_t) count;
    }
    return OK;
}

enum status
fd_sync(int fd, const char *path, struct error *err)
{
    /* Never retried: after a failed fsync the kernel may call lost pages clean. */
    if (fsync(fd) != 0)
        return error_errno(err, "could not fsync \"%s\"", path);
    return OK;
}

enum status
fd_size(int fd, uint64_t *size_bytes, const char *path, struct error *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return error_errno(err, "could not stat \"%s\"", path);
    *size_bytes = (uint64_t) info.st_size;
    return OK;
}

enum status
directory_sync(const char *path, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;

    TRY(fd_open(&fd, path, O_RDONLY | O_DIRECTORY, 0, err));
    return fd_sync(fd, path, err);
}

enum status
file_read(const char *path, struct buffer *content, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    size_t got;

    TRY(fd_open(&fd, path, O_RDONLY, 0, err));
    do
    {
        uint8_t chunk[16384];

        TRY(fd_read(fd, chunk, sizeof(chunk), &got, path, err));
        if (buffer_append(content, (struct bytes){chunk, got}, err) != OK)
        {
            error_context(err, "reading \"%s\"", path);
            return STATUS_NO_MEMORY;
        }
    } while (got > 0);
    return OK;
}

enum status
file_publish(int fd, const char *from, const char *path, struct error *err)
{
    SCOPED(freep) char *directory = path_directory(path);

    if (directory == NULL)
        return error_no_memory(err);
    TRY(fd_sync(fd, from, err));
    if (rename(from, path) != 0)
        return error_errno(err, "could not rename \"%s\" to \"%s\"", from, path);
    return directory_sync(directory, err);
}

static enum status
write_temporary(const char *temporary, mode_t mode, struct bytes content, int *fd,
                struct error *err)
{
    if (unlink(temporary) != 0 && errno != ENOENT)
        return error_errno(err, "could not remove \"%s\"", temporary);
    TRY(fd_open(fd, temporary, O_WRONLY | O_CREAT | O_EXCL, mode, err));
    return fd_write(*fd, content, temporary, err);
}

enum status
file_replace(const char *path, mode_t mode, struct bytes content, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    SCOPED(freep) char *temporary = NULL;
    enum status status;

    if (asprintf(&temporary, "%s.redoubt-tmp", path) < 0)
        return error_no_memory(err);
    status = write_temporary(temporary, mode, content, &fd, err);
    if (status == OK)
        status = file_publish(fd, temporary, path, err);
    if (status != OK)
        unlink(temporary);
    return status;
}

enum status
file_create(const char *path, mode_t mode, struct bytes content, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    SCOPED(freep) char *temporary = NULL;
    SCOPED(freep) char *directory = path_directory(path);
    enum status status;

    if (directory == NULL || asprintf(&temporary, "%s.redoubt-tmp", path) < 0)
        return error_no_memory(err);
    status = write_temporary(temporary, mode, content, &fd, err);
    if (status == OK)
        status = fd_sync(fd, temporary, err);
    if (status == OK && link(temporary, path) != 0)
        status = error_errno(err, "could not create \"%s\"", path);
    unlink(temporary);
    if (status != OK)
        return status;
    return directory_sync(directory, err);
}

enum status
directory_create(const char *path, mode_t mode, struct error *err)
{
    SCOPED(freep) char *parent = NULL;
    struct stat info;

    if (mkdir(path, mode) == 0)
    {
        parent = path_directory(path);
        return parent == NULL ? error_no_memory(err) : directory_sync(parent, err);
    }
    if (errno == EEXIST)
    {
        /* A symbolic link to nothing exists too. */
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            return OK;
        return error_set(err, STATUS_IO, "\"%s\" exists and is not a directory", path);
    }
    if (errno != ENOENT)
        return error_errno(err, "could not create directory \"%s\"", path);

    parent = path_directory(path);
    if (parent == NULL)
        return error_no_memory(err);
    TRY(directory_create(parent, mode, err));
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return error_errno(err, "could not create directory \"%s\"", path);
    return directory_sync(parent, err);
}

static void
close_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

enum status
directory_each(const char *path,
               enum status (*visit)(void *arg, const char *name, struct error *err), void *arg,
               struct error *err)
{
    SCOPED(close_directory) DIR *directory = opendir(path);

    if (directory == NULL)
        return error_errno(err, "could not open directory \"%s\"", path);
    for (;;)
    {
        errno = 0;
        struct dirent *entry = readdir(directory);

        if (entry == NULL && errno != 0)
            return error_errno(err, "could not read directory \"%s\"", path);
        if (entry == NULL)
            return OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        TRY(visit(arg, entry->d_name, err));
    }
}

static enum status
note_entry(void *arg, const char *name, struct error *err)
{
    (void) name;
    (void) err;
    *(bool *) arg = false;
    return OK;
}

enum status
directory_is_empty(const char *path, bool *empty, struct error *err)
{
    *empty = true;
    return directory_each(path, note_entry, empty, err);
}

enum status
file_temporary(int *fd, struct error *err)
{
    const char *directory = getenv("TMPDIR");
    SCOPED(freep) char *path = NULL;

    if (directory == NULL || directory[0] == '\0')
        directory = "/var/tmp";
    path = path_join(directory, "redoubt-XXXXXX");
    if (path == NULL)
        return error_no_memory(err);
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return error_errno(err, "could not create a temporary file in \"%s\"", directory);
    unlink(path);
    return OK;
}

char *
path_join(const char *directory, const char *name)
{
    char *path;
    const char *slash = directory[0] != '\0' && directory[strlen(directory) - 1] == '/' ? "" : "/";

    return asprintf(&path, "%s%s%s", directory, slash, name) < 0 ? NULL : path;
}

char *
path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    if (slash == path)
        return strdup("/");
    return strndup(path, (size_t) (slash - path));
}

const char *
path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool
path_is_contained(const char *path)
{
    if (path[0] == '\0')
        return false;
    for (const char *component = path;; component++)
    {
        size_t size = strcspn(component, "/");

        if (size == 0 || (size == 1 && component[0] == '.') ||
            (size == 2 && component[0] == '.' && component[1] == '.'))
            return false;
        for (size_t index = 0; index < size; index++)
            if ((unsigned char) component[index] < 32 || component[index] == 127)
                return false;
        component += size;
        if (*component == '\0')
            return true;
    }
}
