// SPDX-License-Identifier: PostgreSQL
#include "dump/extract.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/progress.h"
#include "dump/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Passwords of roles may be in it, and rows are nobody else's business. */
#define MODE 0600

struct extract
{
    const char *temporary;
    int fd;
    struct progress progress;
};

static void
close_extract(struct extract *extract)
{
    fd_closep(&extract->fd);
}

static enum status
take(void *arg, struct bytes chunk, struct error *err)
{
    struct extract *extract = arg;

    progress_add(&extract->progress, chunk.size);
    return fd_write(extract->fd, chunk, extract->temporary, err);
}

static enum status
require_free(const char *path, struct error *err)
{
    if (access(path, F_OK) != 0)
        return OK;
    error_set(err, STATUS_CONFLICT, "\"%s\" exists already", path);
    error_hint(err, "Remove it, or give another name.");
    return STATUS_CONFLICT;
}

static enum status
write_temporary(struct repo *repo, const struct dump *dump, struct extract *extract,
                struct error *err)
{
    enum status status;

    progress_start(&extract->progress, "writing", dump->raw_bytes);
    status = source_read(repo, dump, (struct source_target){take, extract}, err);
    progress_end();
    TRY(status);
    return fd_sync(extract->fd, extract->temporary, err);
}

enum status
extract_to_file(struct repo *repo, const struct dump *dump, const char *path, struct error *err)
{
    SCOPED(close_extract) struct extract extract = {.fd = -1};
    SCOPED(freep) char *temporary = NULL;
    SCOPED(freep) char *directory = path_directory(path);
    enum status status;

    TRY(require_free(path, err));
    if (directory == NULL || asprintf(&temporary, "%s.redoubt-tmp", path) < 0)
        return error_no_memory(err);
    extract.temporary = temporary;
    /* O_TRUNC: what a run that was killed has left is written anew. */
    TRY(fd_open(&extract.fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, MODE, err));
    status = write_temporary(repo, dump, &extract, err);
    if (status == OK)
        CRASH_POINT("load: the file has no name yet");
    /* link, not rename: it never replaces what somebody made meanwhile. */
    if (status == OK && link(temporary, path) != 0)
        status = error_errno(err, "could not create \"%s\"", path);
    unlink(temporary);
    TRY(status);
    return directory_sync(directory, err);
}
