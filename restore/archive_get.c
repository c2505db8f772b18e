// SPDX-License-Identifier: PostgreSQL
#include "restore/archive_get.h"

#include "base/crash.h"
#include "base/file.h"
#include "pg/wal_page.h"
#include "repo/lineage.h"
#include "repo/wal.h"
#include "stream/sink.h"
#include "stream/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An observer that keeps a file's first bytes and counts them all. */
struct head_sink
{
    struct sink base;
    struct head *head;
};

struct head
{
    uint8_t bytes[PG_WAL_LONG_HEADER_SIZE];
    uint64_t size_bytes; /* of the whole file */
};

static enum status
head_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct head *head = ((struct head_sink *) self)->head;

    if (head->size_bytes < sizeof(head->bytes))
    {
        size_t room = sizeof(head->bytes) - head->size_bytes;

        memcpy(head->bytes + head->size_bytes, chunk.data, chunk.size < room ? chunk.size : room);
    }
    head->size_bytes += chunk.size;
    return sink_write(self->next, chunk, err);
}

static enum status
head_finish(struct sink *self, struct error *err)
{
    return sink_finish(self->next, err);
}

static void
head_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops head_ops = {
    .name = "head",
    .write = head_write,
    .finish = head_finish,
    .free = head_free,
};

static enum status
push_head(struct sink **sink, struct head *head, struct error *err)
{
    struct head_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &head_ops;
    stage->head = head;
    sink_push(sink, &stage->base);
    return OK;
}

/* The archive is authenticated, but the server would fail harder on a wrong file than we do. */
static enum status
check_segment(const struct archive_get *request, const struct pg_wal_file *file,
              const struct head *head, struct error *err)
{
    struct pg_wal_segment segment = {file->timeline, file->number};
    struct pg_wal_header header;

    if (head->size_bytes != request->segment_size)
        return error_set(err, STATUS_CORRUPT,
                         "it has %" PRIu64 " bytes, and this cluster's segments have %" PRIu32,
                         head->size_bytes, request->segment_size);
    TRY(pg_wal_header_parse((struct bytes){head->bytes, sizeof(head->bytes)}, &header, err));
    if (header.system_identifier != request->system_identifier)
        return error_set(err, STATUS_CORRUPT,
                         "it is of a cluster with system identifier %" PRIu64 ", expected %" PRIu64,
                         header.system_identifier, request->system_identifier);
    if (header.page_address != pg_wal_segment_start(segment, request->segment_size) ||
        header.timeline > file->timeline)
    {
        char address[PG_LSN_TEXT_SIZE];

        pg_lsn_format(header.page_address, address);
        return error_set(err, STATUS_CORRUPT,
                         "it begins at LSN %s of timeline %" PRIu32 ", which is not what its "
                         "name says",
                         address, header.timeline);
    }
    return OK;
}

static enum status
read_into(struct repo *repo, const struct archive_get *request, const struct pg_wal_file *file,
          int fd, const char *temporary, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file archived = {request->system_identifier, request->name};
    struct head head = {.size_bytes = 0};

    TRY(sink_open_fd(&sink, fd, temporary, err));
    TRY(push_head(&sink, &head, err));
    /* Decompressing and writing take as long as each other: do both at once. */
    TRY(sink_push_thread(&sink, err));
    TRY(wal_read(repo, &archived, &sink, err));
    return file->kind == PG_WAL_FILE_SEGMENT ? check_segment(request, file, &head, err) : OK;
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
