// SPDX-License-Identifier: PostgreSQL
#include "restore/archive_get.h"

#include "base/crash.h"
#include "base/file.h"
#include "repo/lineage.h"
#include "repo/wal.h"
#include "repo/wal_head.h"
#include "stream/sink.h"
#include "stream/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status
read_into(struct repo *repo, const struct archive_get *request, const struct pg_wal_file *file,
          int fd, const char *temporary, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file archived = {request->system_identifier, request->name};
    struct wal_head_wanted wanted = {
        request->system_identifier, request->segment_size, {file->timeline, file->number}};
    struct wal_head head;

    TRY(sink_open_fd(&sink, fd, temporary, err));
    TRY(sink_push_wal_head(&sink, &head, err));
    /* Decompressing and writing take as long as each other: do both at once. */
    TRY(sink_push_thread(&sink, err));
    TRY(wal_read(repo, &archived, &sink, err));
    /* The archive is authenticated, but the server would fail harder on a wrong file than we do. */
    return file->kind == PG_WAL_FILE_SEGMENT ? wal_head_check(&head, &wanted, err) : OK;
}

/*
 * Nothing of this cluster is there at all when the configuration names another
 * one, and "not there" would end the recovery.
 */
static enum status
require_known_cluster(struct repo *repo, const struct archive_get *request, struct error *err)
{
    struct lineage lineage;
    struct error reason = {0};
    enum status status = lineage_read(repo, request->system_identifier, &lineage, &reason);

    if (status == OK)
        return OK;
    *err = reason;
    if (status != STATUS_NOT_FOUND)
        return status;
    error_set(err, STATUS_REFUSED,
              "cluster \"%s\" in the repository has no WAL of system identifier %" PRIu64,
              repo->cluster, request->system_identifier);
    error_hint(err, "Check the configuration's \"cluster\" and \"repository\".");
    return STATUS_REFUSED;
}

static enum status
fetch(struct repo *repo, const struct archive_get *request, const struct pg_wal_file *file,
      const char *temporary, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    enum status status;

    status = fd_open(&fd, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600, err);
    /* Only the repository may say that something is not there. */
    if (status == STATUS_NOT_FOUND)
        return STATUS_IO;
    TRY(status);
    status = read_into(repo, request, file, fd, temporary, err);
    if (status == STATUS_NOT_FOUND)
        TRY(require_known_cluster(repo, request, err));
    TRY(status);
    CRASH_POINT("archive-get: before the name"); /* the server asks again */
    if (rename(temporary, request->path) != 0)
    {
        error_errno(err, "could not rename \"%s\" to \"%s\"", temporary, request->path);
        return STATUS_IO;
    }
    return OK;
}

enum status
archive_get(struct repo *repo, const struct archive_get *request, struct error *err)
{
    SCOPED(freep) char *temporary = NULL;
    struct pg_wal_file file;
    enum status status;

    TRY(pg_wal_file_parse(request->name, request->segment_size, &file, err));
    if (asprintf(&temporary, "%s.redoubt-tmp", request->path) < 0)
        return error_no_memory(err);
    status = fetch(repo, request, &file, temporary, err);
    if (status == OK)
        return OK;
    unlink(temporary);
    error_context(err, "WAL file %s", request->name);
    return status;
}
