// SPDX-License-Identifier: PostgreSQL
#include "pg/backup_manifest_filter.h"

#include "pg/incremental_file.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE (64 * 1024)

/* A piece that is not yet large enough, and a line: the parser has none above 64 KiB. */
#define OUT_MAX_BYTES (PIECE_SIZE + 64 * 1024 + 2)

/* What the parser said of the line that it is about to pass on. */
enum line_kind
{
    LINE_OTHER,
    LINE_FILE_STAYS,
    LINE_FILE_GOES,
};

struct pg_backup_manifest_filter
{
    struct pg_backup_manifest_filter_handler handler; /* set at creation, never changed after */
    struct pg_backup_manifest *manifest;

    enum line_kind line;
    bool open; /* the last line out is a file's that lacks its end: whether a comma comes */
    struct buffer out;
};

static enum status
flush(struct pg_backup_manifest_filter *filter, struct error *err)
{
    if (filter->out.size == 0)
        return OK;
    TRY(filter->handler.write(filter->handler.arg, buffer_bytes(&filter->out), err));
    buffer_consume(&filter->out, filter->out.size);
    return OK;
}

static enum status
see_file(void *arg, const struct pg_backup_manifest_file *file, struct error *err)
{
    struct pg_backup_manifest_filter *filter = arg;
    SCOPED(freep) char *plain = malloc(strlen(file->path) + 1);
    bool goes;

    if (plain == NULL)
        return error_no_memory(err);
    pg_incremental_plain_path(file->path, plain);
    goes = filter->handler.leave_out(filter->handler.arg, plain);
    filter->line = goes ? LINE_FILE_GOES : LINE_FILE_STAYS;
    return OK;
}

static enum status
see_wal_range(void *arg, const struct pg_backup_manifest_wal_range *range, struct error *err)
{
    struct pg_backup_manifest_filter *filter = arg;

    if (filter->handler.wal_range == NULL)
        return OK;
    return filter->handler.wal_range(filter->handler.arg, range, err);
}

/* A file's line ends when what follows it is known; the comma in the original is not ours. */
static enum status
write_line(struct pg_backup_manifest_filter *filter, struct bytes line, struct error *err)
{
    bool file = filter->line == LINE_FILE_STAYS;

    if (filter->open)
        TRY(buffer_append(&filter->out, file ? BYTES(",\n") : BYTES("\n"), err));
    filter->open = file;
    if (file)
    {
        line.size--;
        if (line.data[line.size - 1] == ',')
            line.size--;
    }
    return buffer_append(&filter->out, line, err);
}

static enum status
see_line(void *arg, struct bytes line, struct error *err)
{
    struct pg_backup_manifest_filter *filter = arg;

    if (filter->handler.covered != NULL)
        TRY(filter->handler.covered(filter->handler.arg, line, err));
    if (filter->line != LINE_FILE_GOES)
        TRY(write_line(filter, line, err));
    filter->line = LINE_OTHER;
    return filter->out.size < PIECE_SIZE ? OK : flush(filter, err);
}

enum status
pg_backup_manifest_filter_create(struct pg_backup_manifest_filter **filter,
                                 const struct pg_backup_manifest_filter_handler *handler,
                                 struct error *err)
{
    SCOPED(pg_backup_manifest_filter_freep)
    struct pg_backup_manifest_filter *created = calloc(1, sizeof(*created));
    struct pg_backup_manifest_handler lines = {see_file, see_wal_range, see_line, created};

    if (created == NULL)
        return error_no_memory(err);
    created->handler = *handler;
    created->out = BUFFER_INIT(OUT_MAX_BYTES);
    TRY(pg_backup_manifest_create(&created->manifest, &lines, err));
    *filter = created;
    created = NULL;
    return OK;
}

void
pg_backup_manifest_filter_freep(struct pg_backup_manifest_filter **filter)
{
    if (*filter == NULL)
        return;
    pg_backup_manifest_freep(&(*filter)->manifest);
    buffer_release(&(*filter)->out);
    free(*filter);
    *filter = NULL;
}

enum status
pg_backup_manifest_filter_feed(struct pg_backup_manifest_filter *filter, struct bytes bytes,
                               struct error *err)
{
    return pg_backup_manifest_feed(filter->manifest, bytes, err);
}

enum status
pg_backup_manifest_filter_finish(struct pg_backup_manifest_filter *filter,
                                 struct pg_backup_manifest_summary *summary, struct error *err)
{
    TRY(pg_backup_manifest_finish(filter->manifest, summary, err));
    if (summary->version == 1)
        return error_set(err, STATUS_REFUSED,
                         "backup manifest of version 1 cannot be the base of an incremental "
                         "backup: it does not name its cluster");
    return flush(filter, err);
}

enum status
pg_backup_manifest_filter_seal(struct pg_backup_manifest_filter *filter,
                               const uint8_t digest[PG_BACKUP_MANIFEST_DIGEST_SIZE],
                               struct error *err)
{
    char digits[PG_BACKUP_MANIFEST_DIGEST_SIZE * 2 + 1];

    hex_encode((struct bytes){digest, PG_BACKUP_MANIFEST_DIGEST_SIZE}, digits);
    TRY(buffer_append_text(&filter->out, err, "\"Manifest-Checksum\": \"%s\"}\n", digits));
    return flush(filter, err);
}
