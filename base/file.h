// SPDX-License-Identifier: PostgreSQL
/*
 * file.h - files and directories, with errors that name the path.
 *
 * Every function handles EINTR and short transfers.  A file is durable only
 * after fd_sync, and its name only after directory_sync of the directory that
 * holds it; file_publish does both in the order that survives a crash.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* open(2) with O_CLOEXEC; mode matters only with O_CREAT. */
NODISCARD enum status fd_open(int *fd, const char *path, int flags, mode_t mode, struct error *err);

/* For SCOPED: close unless it is -1.  Close does not report; sync before. */
void fd_closep(int *fd);

/* Fill size bytes, or fewer at the end of the file; got says how many. */
NODISCARD enum status fd_read(int fd, void *data, size_t size, size_t *got, const char *path,
                              struct error *err);
NODISCARD enum status fd_pread(int fd, void *data, size_t size, uint64_t offset, size_t *got,
                               const char *path, struct error *err);
NODISCARD enum status fd_write(int fd, struct bytes bytes, const char *path, struct error *err);
NODISCARD enum status fd_pwrite(int fd, struct bytes bytes, uint64_t offset, const char *path,
                                struct error *err);
NODISCARD enum status fd_sync(int fd, const char *path, struct error *err);
NODISCARD enum status fd_size(int fd, uint64_t *size_bytes, const char *path, struct error *err);

/* Make the names in a directory durable. */
NODISCARD enum status directory_sync(const char *path, struct error *err);

/* The whole content of a file, up to the buffer's limit. */
NODISCARD enum status file_read(const char *path, struct buffer *content, struct error *err);

/*
 * Create or replace path with content, durably: written beside it under a
 * temporary name, synced, renamed, directory synced.  A crash leaves the old
 * file or the new one.
 */
NODISCARD enum status file_replace(const char *path, mode_t mode, struct bytes content,
                                   struct error *err);

/* Create path, durably; CONFLICT when it exists.  Never overwrites. */
NODISCARD enum status file_create(const char *path, mode_t mode, struct bytes content,
                                  struct error *err);

/* Sync fd, rename from to path, and sync path's directory. */
NODISCARD enum status file_publish(int fd, const char *from, const char *path, struct error *err);

/* Make a directory and its missing parents, durably.  Existing ones are fine. */
NODISCARD enum status directory_create(const char *path, mode_t mode, struct error *err);

/* Call visit for each name but "." and "..", in no order; stops at its first failure. */
NODISCARD enum status directory_each(const char *path,
                                     enum status (*visit)(void *arg, const char *name,
                                                          struct error *err),
                                     void *arg, struct error *err);

/* Is there nothing in it?  A directory that is not there is NOT_FOUND. */
NODISCARD enum status directory_is_empty(const char *path, bool *empty, struct error *err);

/* An open file without a name, in $TMPDIR or /var/tmp: gone with the process. */
NODISCARD enum status file_temporary(int *fd, struct error *err);

/* "<directory>/<name>" in memory of its own, to be freed; NULL when out of memory. */
char *path_join(const char *directory, const char *name);

/* Everything before the last slash, in memory of its own; "." when there is none. */
char *path_directory(const char *path);

/* What follows the last slash; borrowed. */
const char *path_name(const char *path);

/*
 * May this path, taken from a backup or a manifest, be joined to a directory?
 * False for an empty or an absolute path, for "", "." or ".." as a component,
 * and for control characters.
 */
bool path_is_contained(const char *path);
