// SPDX-License-Identifier: PostgreSQL
#include "dump/spool.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_PREFIX "run-"

static char *
root_path(const char *configured)
{
    const char *temporary = getenv("TMPDIR");
    char *path;

    if (configured != NULL)
        return path_join(configured, "dumps");
    if (temporary == NULL || temporary[0] == '\0')
        temporary = "/var/tmp";
    if (asprintf(&path, "%s/redoubt-dumps-%u", temporary, (unsigned) geteuid()) < 0)
        return NULL;
    return path;
}

/* In a directory for everybody somebody else may have made it first. */
static enum status
require_ours(const char *path, struct error *err)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return error_errno(err, "could not stat \"%s\"", path);
    if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 022) == 0)
        return OK;
    error_set(err, STATUS_REFUSED, "\"%s\" is not a directory of ours alone", path);
    error_hint(err, "Remove it, or set \"spool\" to another directory.");
    return STATUS_REFUSED;
}

static enum status
take_lock(const char *path, int *fd, struct error *err)
{
    TRY(fd_open(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err));
    while (flock(*fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return error_errno(err, "could not lock \"%s\"", path);
    return OK;
}

static enum status
remove_file(void *arg, const char *name, struct error *err)
{
    (void) err;
    unlinkat(*(int *) arg, name, 0);
    return OK;
}

/* There are only files in it.  What cannot be removed is left for the next run. */
static void
remove_run(const char *path)
{
    SCOPED(fd_closep) int fd = -1;
    struct error err;
    enum status status = fd_open(&fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &err);

    if (status == OK)
        status = directory_each(path, remove_file, &fd, &err);
    if (status != OK && status != STATUS_NOT_FOUND)
        log_error(LOG_WARNING, &err);
    if (rmdir(path) != 0 && errno != ENOENT)
        log_warning("could not remove \"%s\": %s", path, strerror(errno));
}

/* Nobody holds its lock: the run that made it was killed. */
static enum status
sweep_one(void *arg, const char *name, struct error *err)
{
    SCOPED(freep) char *path = path_join(arg, name);
    SCOPED(fd_closep) int fd = -1;
    struct error ignored;

    if (path == NULL)
        return error_no_memory(err);
    if (strncmp(name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0 ||
        fd_open(&fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &ignored) != OK ||
        flock(fd, LOCK_EX | LOCK_NB) != 0)
        return OK;
    log_info("removing \"%s\", which a run that was killed has left", path);
    remove_run(path);
    return OK;
}

static enum status
make_run(const char *root, struct spool *spool, struct error *err)
{
    spool->path = path_join(root, RUN_PREFIX "XXXXXX");
    if (spool->path == NULL)
        return error_no_memory(err);
    if (mkdtemp(spool->path) == NULL)
    {
        error_errno(err, "could not make a directory in \"%s\"", root);
        free(spool->path);
        spool->path = NULL;
        return STATUS_IO;
    }
    return take_lock(spool->path, &spool->lock, err);
}

enum status
spool_open(struct spool *spool, const char *root, struct error *err)
{
    SCOPED(freep) char *path = root_path(root);
    /* Held until ours is locked: nobody else takes it for a dead one before. */
    SCOPED(fd_closep) int lock = -1;

    if (path == NULL)
        return error_no_memory(err);
    TRY(directory_create(path, 0700, err));
    TRY(require_ours(path, err));
    TRY(take_lock(path, &lock, err));
    TRY(directory_each(path, sweep_one, path, err));
    return make_run(path, spool, err);
}

void
spool_release(struct spool *spool)
{
    if (spool->path != NULL)
        remove_run(spool->path);
    free(spool->path);
    fd_closep(&spool->lock);
    *spool = SPOOL_INIT;
}
