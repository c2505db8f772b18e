// SPDX-License-Identifier: PostgreSQL
#include "drill/place.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "drill/leftover.h"
#include "repo/backup.h"
#include "restore/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER "redoubt-drill"
#define KEPT   "kept"
#define RUN    "run"

/* Where a socket goes whose own path would be too long; by the drill's id, to be found again. */
#define SHORT_RUN "/tmp/redoubt-drill-%s"

/* As restore/server.c names it. */
#define SERVER_LOG "server.log"

#define COPY_BLOCK 65536

void
place_release(struct place *place)
{
    free(place->directory);
    free(place->own);
    free(place->data);
    free(place->tablespaces);
    free(place->run);
    fd_closep(&place->lock);
    *place = PLACE_INIT;
}

/* Nobody else may write there: they could put links where we delete. */
static enum status
require_ours(const char *path, struct error *err)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return error_errno(err, "could not look at \"%s\"", path);
    if (S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 022) == 0)
        return OK;
    error_set(err, STATUS_REFUSED, "\"%s\" is no directory of ours alone", path);
    error_hint(err, "It must belong to the user that drills, and nobody else may write to it.");
    return STATUS_REFUSED;
}

static enum status
refuse_strangers(const char *path, struct error *err)
{
    error_set(err, STATUS_REFUSED, "directory \"%s\" is not empty, and no drill's", path);
    error_hint(err, "Name another one with --into or drill.directory: what is in a drill's "
                    "directory is deleted.");
    return STATUS_REFUSED;
}

/* A new one is marked before anything is put there. */
static enum status
lock_marker(struct place *place, struct error *err)
{
    SCOPED(freep) char *marker = path_join(place->directory, MARKER);
    bool empty;

    if (marker == NULL)
        return error_no_memory(err);
    TRY(directory_is_empty(place->directory, &empty, err));
    if (!empty && access(marker, F_OK) != 0)
        return refuse_strangers(place->directory, err);
    TRY(fd_open(&place->lock, marker, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err));
    if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
        return directory_sync(place->directory, err);
    if (errno != EWOULDBLOCK)
        return error_errno(err, "could not lock \"%s\"", marker);
    error_set(err, STATUS_REFUSED, "another drill is working in \"%s\"", place->directory);
    error_hint(err, "Wait until it has ended, or drill elsewhere with --into.");
    return STATUS_REFUSED;
}

static enum status
make_directory(struct place *place, const char *path, struct error *err)
{
    SCOPED(freep) char *canonical = NULL;

    TRY(directory_create(path, 0700, err));
    canonical = realpath(path, NULL);
    if (canonical == NULL)
        return error_errno(err, "could not find \"%s\"", path);
    place->directory = canonical;
    canonical = NULL;
    return require_ours(place->directory, err);
}

/* The run directory of a drill that has its socket elsewhere; "" when it has none there. */
static void
name_short_run(const char *id, char *path, size_t size)
{
    snprintf(path, size, SHORT_RUN, id);
}

static enum status
clear_one(void *arg, const char *name, struct error *err)
{
    const char *directory = arg;
    SCOPED(freep) char *path = path_join(directory, name);
    SCOPED(freep) char *kept = NULL;
    enum status status;
    char run[64];

    if (!backup_id_is_valid(name))
        return OK;
    kept = path == NULL ? NULL : path_join(path, KEPT);
    if (kept == NULL)
        return error_no_memory(err);
    if (access(kept, F_OK) == 0)
        return OK;
    log_warning("removing \"%s\": a drill that was killed left it", path);
    TRY(leftover_end_servers(path, err));
    /* First what only the directory's name tells of; in /tmp it may be anybody's. */
    name_short_run(name, run, sizeof(run));
    status = leftover_remove(run, err);
    if (status != OK && status != STATUS_REFUSED)
        return status;
    return leftover_remove(path, err);
}

static enum status
name_parts(struct place *place, const char *id, struct error *err)
{
    char run[64];

    place->own = path_join(place->directory, id);
    if (place->own == NULL)
        return error_no_memory(err);
    place->data = path_join(place->own, "data");
    place->tablespaces = path_join(place->own, "tablespaces");
    place->run = path_join(place->own, RUN);
    if (place->run != NULL && !server_run_fits(place->run))
    {
        free(place->run);
        name_short_run(id, run, sizeof(run));
        place->run = strdup(run);
    }
    if (place->data == NULL || place->tablespaces == NULL || place->run == NULL)
        return error_no_memory(err);
    return OK;
}

/* Made here and now: in /tmp, somebody else may have been faster. */
static enum status
make_new(const char *path, struct error *err)
{
    if (mkdir(path, 0700) != 0)
        return error_errno(err, "could not create directory \"%s\"", path);
    return OK;
}

enum status
place_open(struct place *place, const char *directory, const char *id, struct error *err)
{
    TRY(make_directory(place, directory, err));
    TRY(lock_marker(place, err));
    TRY(directory_each(place->directory, clear_one, place->directory, err));
    TRY(name_parts(place, id, err));
    TRY(make_new(place->own, err));
    TRY(make_new(place->run, err));
    CRASH_POINT("drill: before the restore");
    return OK;
}

enum status
place_clear(struct place *place, struct error *err)
{
    if (place->own == NULL || place->run == NULL)
        return OK;
    CRASH_POINT("drill: before the copy is removed");
    TRY(leftover_end_servers(place->own, err));
    TRY(leftover_remove(place->run, err));
    return leftover_remove(place->own, err);
}

static enum status
copy_file(const char *from, const char *to, struct error *err)
{
    SCOPED(fd_closep) int source = -1;
    SCOPED(fd_closep) int sink = -1;
    char block[COPY_BLOCK];
    size_t got;

    TRY(fd_open(&source, from, O_RDONLY | O_NOFOLLOW, 0, err));
    TRY(fd_open(&sink, to, O_WRONLY | O_CREAT | O_EXCL, 0600, err));
    do
    {
        TRY(fd_read(source, block, sizeof(block), &got, from, err));
        TRY(fd_write(sink, (struct bytes){(const uint8_t *) block, got}, to, err));
    } while (got > 0);
    return OK;
}

/* What is kept is all in one directory, whose removal is then nobody's puzzle. */
static enum status
bring_home_log(const struct place *place, struct error *err)
{
    SCOPED(freep) char *home = path_join(place->own, RUN);
    SCOPED(freep) char *from = path_join(place->run, SERVER_LOG);
    SCOPED(freep) char *to = home == NULL ? NULL : path_join(home, SERVER_LOG);

    if (to == NULL || from == NULL)
        return error_no_memory(err);
    if (strcmp(place->run, home) == 0)
        return OK;
    TRY(make_new(home, err));
    if (access(from, F_OK) == 0) /* there was a server */
        TRY(copy_file(from, to, err));
    return leftover_remove(place->run, err);
}

enum status
place_keep(struct place *place, struct error *err)
{
    SCOPED(freep) char *kept = path_join(place->own, KEPT);

    if (kept == NULL)
        return error_no_memory(err);
    TRY(leftover_end_servers(place->own, err));
    TRY(bring_home_log(place, err));
    return file_create(kept, 0600, BYTES("A drill was told to keep this.\n"), err);
}
