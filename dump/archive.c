// SPDX-License-Identifier: PostgreSQL
#include "dump/archive.h"

#include "base/file.h"
#include "dump/source.h"
#include "pg/tar.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* pg_dump's directory format (src/bin/pg_dump/pg_backup_directory.c). */
#define CONTENTS_NAME "toc.dat"

struct fetch
{
    struct progress *progress; /* NULL: nobody watches */
    const char *directory;     /* where files go */
    char *path;                /* owned; of the open file */
    int fd;
    enum archive_part part;
    bool enough;
    struct pg_tar_reader *reader; /* owned; of the directory format only */
};

static void
release_fetch(struct fetch *fetch)
{
    pg_tar_reader_freep(&fetch->reader);
    fd_closep(&fetch->fd);
    free(fetch->path);
}

/* Nothing of it needs to survive a crash: it is not synced. */
static enum status
begin_file(struct fetch *fetch, const char *name, struct error *err)
{
    free(fetch->path);
    fetch->path = path_join(fetch->directory, name);
    if (fetch->path == NULL)
        return error_no_memory(err);
    fd_closep(&fetch->fd);
    return fd_open(&fetch->fd, fetch->path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
}

/* The format has no folders, so a member that asks for one is none of pg_dump's. */
static enum status
begin_member(void *arg, const struct pg_tar_member *member, struct error *err)
{
    if (member->type == PG_TAR_FILE && strchr(member->path, '/') == NULL)
        return begin_file(arg, member->path, err);
    return error_set(err, STATUS_CORRUPT, "unexpected \"%s\" among a dump's files", member->path);
}

static enum status
write_file(void *arg, struct bytes bytes, struct error *err)
{
    struct fetch *fetch = arg;

    return fd_write(fetch->fd, bytes, fetch->path, err);
}

static enum status
end_member(void *arg, struct error *err)
{
    struct fetch *fetch = arg;

    if (fetch->part == ARCHIVE_ALL || strcmp(path_name(fetch->path), CONTENTS_NAME) != 0)
        return OK;
    fetch->enough = true;
    return error_set(err, STATUS_CANCELLED, "the contents are known");
}

static enum status
take(void *arg, struct bytes chunk, struct error *err)
{
    struct fetch *fetch = arg;

    if (fetch->progress != NULL)
        progress_add(fetch->progress, chunk.size);
    if (fetch->reader != NULL)
        return pg_tar_reader_feed(fetch->reader, chunk, err);
    return write_file(fetch, chunk, err);
}

static enum status
fetch_file(struct repo *repo, const struct dump *dump, struct fetch *fetch, char **path,
           struct error *err)
{
    TRY(begin_file(fetch, "archive", err));
    TRY(source_read(repo, dump, (struct source_target){take, fetch}, err));
    *path = fetch->path;
    fetch->path = NULL;
    return OK;
}

static enum status
fetch_directory(struct repo *repo, const struct dump *dump, struct fetch *fetch, char **path,
                struct error *err)
{
    const struct pg_tar_handler handler = {begin_member, write_file, end_member, fetch};
    enum status status;

    TRY(pg_tar_reader_create(&fetch->reader, &handler, err));
    status = source_read(repo, dump, (struct source_target){take, fetch}, err);
    if (status == OK)
        status = pg_tar_reader_finish(fetch->reader, false, err);
    if (status != OK && !fetch->enough)
        return status;
    *path = strdup(fetch->directory);
    return *path == NULL ? error_no_memory(err) : OK;
}

enum status
archive_fetch(struct repo *repo, const struct dump *dump, enum archive_part part,
              const struct spool *spool, struct progress *progress, char **path, struct error *err)
{
    SCOPED(release_fetch)
    struct fetch fetch = {.progress = progress, .directory = spool->path, .fd = -1, .part = part};

    if (dump->format == DUMP_DIRECTORY)
        return fetch_directory(repo, dump, &fetch, path, err);
    return fetch_file(repo, dump, &fetch, path, err);
}
