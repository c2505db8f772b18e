// SPDX-License-Identifier: PostgreSQL
#include "backup/base_backup.h"

#include "base/stop.h"
#include "pg/tar.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copied files with a wrong checksum: the server's last word, after all data. */
#define SQLSTATE_DATA_CORRUPTED "XX001"

#define PATH_SIZE 1025

struct base_backup
{
    struct pg_connection *connection;
    struct pg_wal_position start;
    uint64_t estimate_bytes;
    struct pg_tablespace_map tablespaces;

    const struct base_backup_handler *handler; /* while receiving */
    struct pg_tar_reader *archive;             /* the present one; NULL for the manifest */
    bool in_manifest;
    char prefix[32];      /* of the present archive's paths */
    char path[PATH_SIZE]; /* of the present member */
    bool skip_member;
};

static enum status
send_command(struct base_backup *backup, const struct base_backup_options *options,
             struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(4096);
    const char *text;

    TRY(buffer_append_text(&command, err, "BASE_BACKUP (LABEL "));
    TRY(pg_quote_literal(options->label, &command, err));
    /* WAIT false: an archiver that is stuck must not hang us; we see to the WAL ourselves. */
    TRY(buffer_append_text(&command, err,
                           ", PROGRESS, CHECKPOINT '%s', WAIT false, TABLESPACE_MAP, "
                           "MANIFEST 'yes', MANIFEST_CHECKSUMS 'CRC32C'%s)",
                           options->fast_checkpoint ? "fast" : "spread",
                           options->incremental ? ", INCREMENTAL" : ""));
    TRY(buffer_text(&command, &text, err));
    return pg_send(backup->connection, text, err);
}

static enum status
read_position(struct base_backup *backup, struct pg_wal_position *position, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_next_result(backup->connection, PGRES_TUPLES_OK, &result, err));
    if (PQntuples(result) != 1 || PQnfields(result) < 2)
        return error_set(err, STATUS_CORRUPT, "the server sent no position of its base backup");
    position->timeline = (pg_timeline) strtoul(PQgetvalue(result, 0, 1), NULL, 10);
    return pg_lsn_parse(PQgetvalue(result, 0, 0), &position->lsn, err);
}

static enum status
add_tablespace(struct base_backup *backup, const PGresult *result, int row, struct error *err)
{
    struct pg_tablespace_map *map = &backup->tablespaces;
    struct pg_tablespace *grown = realloc(map->entries, (map->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    map->entries = grown;
    grown[map->count].oid = (uint32_t) strtoul(PQgetvalue(result, row, 0), NULL, 10);
    grown[map->count].location = strdup(PQgetvalue(result, row, 1));
    if (grown[map->count].location == NULL)
        return error_no_memory(err);
    map->count++;
    return OK;
}

/* One row for each tablespace; the data directory's own has no OID.  Sizes are in kB. */
static enum status
read_tablespaces(struct base_backup *backup, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_next_result(backup->connection, PGRES_TUPLES_OK, &result, err));
    for (int row = 0; row < PQntuples(result); row++)
    {
        backup->estimate_bytes += strtoull(PQgetvalue(result, row, 2), NULL, 10) * 1024;
        if (!PQgetisnull(result, row, 0))
            TRY(add_tablespace(backup, result, row, err));
    }
    return OK;
}

enum status
base_backup_start(struct base_backup **backup, const struct base_backup_options *options,
                  struct error *err)
{
    SCOPED(base_backup_freep) struct base_backup *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->connection = options->connection;
    TRY(send_command(made, options, err));
    TRY(read_position(made, &made->start, err));
    TRY(read_tablespaces(made, err));
    *backup = made;
    made = NULL;
    return OK;
}

void
base_backup_freep(struct base_backup **backup)
{
    if (*backup == NULL)
        return;
    pg_tablespace_map_release(&(*backup)->tablespaces);
    pg_tar_reader_freep(&(*backup)->archive);
    free(*backup);
    *backup = NULL;
}

struct pg_wal_position
base_backup_start_position(const struct base_backup *backup)
{
    return backup->start;
}

uint64_t
base_backup_estimate(const struct base_backup *backup)
{
    return backup->estimate_bytes;
}

const struct pg_tablespace *
base_backup_tablespaces(const struct base_backup *backup, size_t *count)
{
    *count = backup->tablespaces.count;
    return backup->tablespaces.entries;
}

static enum status
begin_member(void *arg, const struct pg_tar_member *member, struct error *err)
{
    struct base_backup *backup = arg;
    struct manifest_file file = {
        .path = backup->path,
        .type = member->type == PG_TAR_DIRECTORY ? MANIFEST_DIRECTORY : MANIFEST_FILE,
        .mode = member->mode,
        .size_bytes = member->type == PG_TAR_DIRECTORY ? 0 : member->size_bytes,
        .mtime = member->mtime,
    };

    TRY(stop_check(err));
    /* With TABLESPACE_MAP the server sends no links; the restore makes its own. */
    backup->skip_member = member->type == PG_TAR_SYMLINK;
    if (backup->skip_member)
        return OK;
    if (snprintf(backup->path, PATH_SIZE, "%s%s", backup->prefix, member->path) >= PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", member->path);
    return backup->handler->begin(backup->handler->arg, &file, err);
}

static enum status
member_data(void *arg, struct bytes bytes, struct error *err)
{
    struct base_backup *backup = arg;

    return backup->skip_member ? OK : backup->handler->data(backup->handler->arg, bytes, err);
}

static enum status
end_member(void *arg, struct error *err)
{
    struct base_backup *backup = arg;

    return backup->skip_member ? OK : backup->handler->end(backup->handler->arg, err);
}

static enum status
end_archive(struct base_backup *backup, struct error *err)
{
    if (backup->archive == NULL)
        return OK;
    TRY(pg_tar_reader_finish(backup->archive, false, err));
    pg_tar_reader_freep(&backup->archive);
    return OK;
}

/* "base.tar" or "<oid>.tar": anything else is not a name that we follow. */
static enum status
choose_prefix(struct base_backup *backup, const char *name, struct error *err)
{
    char *end;
    unsigned long oid;

    backup->prefix[0] = '\0';
    if (strcmp(name, "base.tar") == 0)
        return OK;
    oid = strtoul(name, &end, 10);
    for (size_t index = 0; index < backup->tablespaces.count; index++)
        if (strcmp(end, ".tar") == 0 && backup->tablespaces.entries[index].oid == oid)
        {
            snprintf(backup->prefix, sizeof(backup->prefix), "pg_tblspc/%lu/", oid);
            return OK;
        }
    return error_set(err, STATUS_CORRUPT, "the server sent an archive \"%s\" of no tablespace",
                     name);
}

static enum status
begin_archive(struct base_backup *backup, struct bytes names, struct error *err)
{
    const struct pg_tar_handler handler = {begin_member, member_data, end_member, backup};

    if (memchr(names.data, '\0', names.size) == NULL)
        return error_set(err, STATUS_CORRUPT, "the server sent an archive without a name");
    TRY(end_archive(backup, err));
    TRY(choose_prefix(backup, (const char *) names.data, err));
    return pg_tar_reader_create(&backup->archive, &handler, err);
}

static enum status
take_data(struct base_backup *backup, struct bytes bytes, struct error *err)
{
    if (backup->in_manifest)
        return backup->handler->manifest(backup->handler->arg, bytes, err);
    if (backup->archive == NULL)
        return error_set(err, STATUS_CORRUPT, "the server sent data before any archive");
    return pg_tar_reader_feed(backup->archive, bytes, err);
}

static enum status
take_message(struct base_backup *backup, struct bytes message, struct error *err)
{
    struct bytes rest = {message.data + 1, message.size - 1};
    uint64_t done;

    if (message.size == 0)
        return error_set(err, STATUS_CORRUPT, "the server sent an empty message");
    switch (message.data[0])
    {
    case 'd':
        return take_data(backup, rest, err);
    case 'n':
        return begin_archive(backup, rest, err);
    case 'm':
        backup->in_manifest = true;
        return end_archive(backup, err);
    case 'p':
        if (rest.size != sizeof(done))
            return error_set(err, STATUS_CORRUPT, "the server sent a malformed progress report");
        memcpy(&done, rest.data, sizeof(done));
        backup->handler->progress(backup->handler->arg, be64toh(done));
        return OK;
    default:
        return error_set(err, STATUS_CORRUPT, "the server sent an unknown message '%c'",
                         message.data[0]);
    }
}

static enum status
receive_stream(struct base_backup *backup, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct bytes message;
    bool more;

    TRY(pg_next_result(backup->connection, PGRES_COPY_OUT, &result, err));
    for (;;)
    {
        TRY(pg_copy_read(backup->connection, &message, &more, err));
        if (!more)
            break;
        TRY(take_message(backup, message, err));
    }
    return end_archive(backup, err);
}

enum status
base_backup_receive(struct base_backup *backup, const struct base_backup_handler *handler,
                    struct pg_wal_position *stop, bool *damaged, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *command_end = NULL;
    enum status status;

    backup->handler = handler;
    *damaged = false;
    TRY(receive_stream(backup, err));
    TRY(read_position(backup, stop, err));
    status = pg_next_result(backup->connection, PGRES_COMMAND_OK, &command_end, err);
    if (status != OK &&
        strcmp(pg_connection_sqlstate(backup->connection), SQLSTATE_DATA_CORRUPTED) == 0)
    {
        *damaged = true;
        return OK;
    }
    return status;
}
