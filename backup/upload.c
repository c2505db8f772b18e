// SPDX-License-Identifier: PostgreSQL
#include "backup/upload.h"

#include "pg/backup_manifest_filter.h"
#include "repo/object.h"
#include "stream/sink.h"

#include <string.h>

/* The repository's object goes through the filter to the server. */
struct upload
{
    const struct backup_parent *parent;
    struct pg_connection *connection;
    struct pg_backup_manifest_filter *filter;
    struct hasher *stored; /* of what is stored, to compare with its own checksum */
    struct hasher *sent;
};

static void
release_upload(struct upload *upload)
{
    pg_backup_manifest_filter_freep(&upload->filter);
    hasher_freep(&upload->stored);
    hasher_freep(&upload->sent);
}

static bool
leave_out(void *arg, const char *path)
{
    const struct backup_parent *parent = ((struct upload *) arg)->parent;
    struct pg_relation_path relation;

    if (!pg_relation_path_parse(path, &relation))
        return false;
    if (backup_parent_needs_whole(parent, &relation))
        return true;
    /* Small, and some of its bits are cleared without WAL: always whole. */
    if (relation.fork == PG_FORK_VM)
        return true;
    return relation.fork == PG_FORK_MAIN && backup_parent_heals(parent, path);
}

static enum status
add_stored(void *arg, struct bytes bytes, struct error *err)
{
    return hasher_update(((struct upload *) arg)->stored, bytes, err);
}

static enum status
send_bytes(void *arg, struct bytes bytes, struct error *err)
{
    struct upload *upload = arg;

    if (upload->sent != NULL)
        TRY(hasher_update(upload->sent, bytes, err));
    return pg_copy_write(upload->connection, bytes, err);
}

static enum status
feed(void *arg, struct bytes bytes, struct error *err)
{
    return pg_backup_manifest_filter_feed(((struct upload *) arg)->filter, bytes, err);
}

static enum status
read_stored(struct upload *upload, struct repo *repo, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct pg_backup_manifest_summary summary;
    struct digest digest;
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, upload->parent->backup.id, "postgres-manifest", key, err));
    TRY(sink_open_call(&sink, feed, upload, err));
    TRY(object_read(repo, key, OBJECT_COMPRESSED, &sink, err));
    TRY(pg_backup_manifest_filter_finish(upload->filter, &summary, err));
    TRY(hasher_finish(upload->stored, &digest, err));
    if (memcmp(digest.bytes, summary.digest, DIGEST_SIZE) != 0)
        return error_set(err, STATUS_CORRUPT, "\"%s\" does not match its own checksum", key);
    return OK;
}

/* The last line's checksum is of all that went before it. */
static enum status
send_manifest(struct upload *upload, struct repo *repo, struct error *err)
{
    struct digest digest;

    TRY(read_stored(upload, repo, err));
    TRY(hasher_finish(upload->sent, &digest, err));
    hasher_freep(&upload->sent);
    TRY(pg_backup_manifest_filter_seal(upload->filter, digest.bytes, err));
    return pg_copy_end(upload->connection, err);
}

enum status
backup_upload_manifest(struct pg_connection *connection, struct repo *repo,
                       const struct backup_parent *parent, struct error *err)
{
    SCOPED(release_upload)
    struct upload upload = {.parent = parent, .connection = connection};
    const struct pg_backup_manifest_filter_handler handler = {
        .leave_out = leave_out, .write = send_bytes, .covered = add_stored, .arg = &upload};
    SCOPED(pg_result_freep) PGresult *ready = NULL;
    SCOPED(pg_result_freep) PGresult *done = NULL;
    SCOPED(pg_result_freep) PGresult *nothing = NULL;

    TRY(hasher_create(&upload.stored, NULL, err));
    TRY(hasher_create(&upload.sent, NULL, err));
    TRY(pg_backup_manifest_filter_create(&upload.filter, &handler, err));
    TRY(pg_send(connection, "UPLOAD_MANIFEST", err));
    TRY(pg_next_result(connection, PGRES_COPY_IN, &ready, err));
    TRY(send_manifest(&upload, repo, err));
    TRY(pg_next_result(connection, PGRES_COMMAND_OK, &done, err));
    return pg_next_result(connection, PGRES_COMMAND_OK, &nothing, err);
}
