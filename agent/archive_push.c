// SPDX-License-Identifier: PostgreSQL
#include "agent/archive_push.h"

#include "agent/wal_delivery.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "pg/control.h"
#include "pg/history.h"
#include "pg/wal_page.h"
#include "repo/lineage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_FILE  "global/pg_control"
#define HISTORY_LIMIT ((size_t) 1 << 20)

/* A file on its way. */
struct push
{
    const char *path;
    const char *name;
    int fd;
    struct pg_wal_file file;
    uint64_t size_bytes;
    uint64_t system_identifier;
    struct pg_wal_header header; /* of segments only, partial or not */
};

static void
close_push(struct push *push)
{
    fd_closep(&push->fd);
}

static bool
has_header(const struct push *push)
{
    return push->file.kind == PG_WAL_FILE_SEGMENT || push->file.kind == PG_WAL_FILE_PARTIAL;
}

static enum status
read_header(struct push *push, struct error *err)
{
    uint8_t bytes[PG_WAL_LONG_HEADER_SIZE];
    size_t got;
    enum status status;

    TRY(fd_pread(push->fd, bytes, sizeof(bytes), 0, &got, push->path, err));
    if (got < sizeof(bytes))
        return error_set(err, STATUS_CORRUPT, "\"%s\" has %zu bytes: too short for a WAL segment",
                         push->path, got);
    status = pg_wal_header_parse((struct bytes){bytes, got}, &push->header, err);
    if (status != OK)
        error_context(err, "\"%s\"", push->path);
    push->system_identifier = push->header.system_identifier;
    return status;
}

/* The cluster whose data directory this is, or the configured one. */
static enum status
read_control(struct push *push, const char *data_directory, struct error *err)
{
    struct pg_control control;
    enum status status = pg_control_read(CONTROL_FILE, &control, err);

    if (status == STATUS_NOT_FOUND && data_directory != NULL)
    {
        SCOPED(freep) char *path = path_join(data_directory, CONTROL_FILE);

        if (path == NULL)
            return error_no_memory(err);
        status = pg_control_read(path, &control, err);
    }
    if (status != OK)
    {
        error_context(err, "finding out whose \"%s\" is", push->name);
        error_hint(err, "Run in the data directory, as archive_command does, or set "
                        "postgres.data_directory in the configuration.");
        return status;
    }
    push->system_identifier = control.system_identifier;
    return OK;
}

static enum status
check_history(const struct push *push, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(HISTORY_LIMIT);
    SCOPED(pg_history_release) struct pg_history history = {0};
    enum status status;

    TRY(file_read(push->path, &content, err));
    status = pg_history_parse(push->file.timeline, buffer_bytes(&content), &history, err);
    if (status != OK)
        error_context(err, "\"%s\"", push->path);
    return status;
}

/*
 * A backup file tells people when a backup was; recovery never reads it.  The
 * server does not sync it, so that a crash can leave it empty
 * (do_pg_backup_stop in src/backend/access/transam/xlog.c).
 */
static void
note_backup_file(const struct push *push)
{
    if (push->size_bytes == 0)
        log_warning("\"%s\" is empty, as a crash can leave it; archiving it as it is", push->path);
}

static enum status
open_push(struct push *push, const char *data_directory, struct error *err)
{
    TRY(pg_wal_file_parse(push->name, 0, &push->file, err));
    TRY(fd_open(&push->fd, push->path, O_RDONLY, 0, err));
    TRY(fd_size(push->fd, &push->size_bytes, push->path, err));
    if (has_header(push))
        return read_header(push, err);
    if (push->file.kind == PG_WAL_FILE_HISTORY)
        TRY(check_history(push, err));
    else
        note_backup_file(push);
    return read_control(push, data_directory, err);
}

static enum status
find_lineage(struct repo *repo, const struct push *push, struct lineage *lineage, struct error *err)
{
    enum status status = lineage_read(repo, push->system_identifier, lineage, err);

    if (status != STATUS_NOT_FOUND)
        return status;
    error_set(err, STATUS_REFUSED,
              "\"%s\" is of the cluster with system identifier %llu, which the repository has not "
              "accepted as \"%s\"",
              push->path, (unsigned long long) push->system_identifier, repo->cluster);
    error_hint(err, "If this server is meant to archive here, such as after pg_upgrade or initdb, "
                    "run \"redoubt lineage add\".");
    return STATUS_REFUSED;
}

static enum status
mismatch(struct error *err, const char *name, const char *what, uint64_t found, uint64_t expected)
{
    return error_set(err, STATUS_CORRUPT, "\"%s\" has %s %llu, expected %llu", name, what,
                     (unsigned long long) found, (unsigned long long) expected);
}

enum status
archive_push_check_segment(const struct archive_push_file *file, const struct pg_wal_header *header,
                           struct error *err)
{
    struct pg_wal_file named;
    struct pg_wal_segment segment;
    char start[PG_LSN_TEXT_SIZE];
    char found[PG_LSN_TEXT_SIZE];

    if (header->segment_size != file->segment_size)
        return mismatch(err, file->name, "WAL segment size", header->segment_size,
                        file->segment_size);
    if (file->size_bytes != file->segment_size)
        return mismatch(err, file->name, "size", file->size_bytes, file->segment_size);
    TRY(pg_wal_file_parse(file->name, file->segment_size, &named, err));
    segment = (struct pg_wal_segment){named.timeline, named.number};
    if (header->page_address != pg_wal_segment_start(segment, file->segment_size))
    {
        pg_lsn_format(pg_wal_segment_start(segment, file->segment_size), start);
        pg_lsn_format(header->page_address, found);
        return error_set(err, STATUS_CORRUPT, "\"%s\" holds WAL of %s, expected %s", file->name,
                         found, start);
    }
    /* A timeline's first segment begins with a copy of its parent's pages. */
    if (header->timeline > named.timeline)
        return mismatch(err, file->name, "timeline", header->timeline, named.timeline);
    return OK;
}

enum status
archive_push(const struct config *config, struct repo *repo, const char *path, struct error *err)
{
    SCOPED(close_push) struct push push = {.path = path, .name = path_name(path), .fd = -1};
    struct lineage lineage;

    TRY(open_push(&push, config->postgres.data_directory, err));
    TRY(find_lineage(repo, &push, &lineage, err));
    if (has_header(&push))
    {
        const struct archive_push_file file = {push.name, push.size_bytes,
                                               lineage.wal_segment_size};

        TRY(archive_push_check_segment(&file, &push.header, err));
    }

    const struct wal_file file = {push.system_identifier, push.name};

    TRY(wal_delivery_run(config, repo, &file, push.fd, path, err));
    CRASH_POINT("archive-push: every repository has the file"); /* and PostgreSQL does not know */
    return OK;
}
