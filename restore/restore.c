// SPDX-License-Identifier: PostgreSQL
#include "restore/restore.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "repo/wal.h"
#include "restore/configuration.h"
#include "restore/recovery_settings.h"
#include "restore/scatter.h"
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status write_remapped_map(const struct layout *layout, struct error *err);
static enum status write_settings(const struct restore_options *options, struct error *err);
static enum status write_kept_wal(struct repo *repo, const struct restore_options *options,
                                  struct error *err);
static enum status write_postgres_manifest(struct repo *repo, const struct restore_options *options,
                                           struct error *err);
static enum status sync_all(const struct layout *layout, struct error *err);
static enum status put_control_in_place(const struct layout *layout, struct error *err);

void
restore_result_release(struct restore_result *result)
{
    free(result->configuration);
    *result = (struct restore_result){0};
}

/* Everything but the last step. */
static enum status
write_all(struct repo *repo, const struct restore_options *options, struct restore_result *result,
          struct error *err)
{
    const struct layout *layout = options->layout;
    struct scatter_options scatter = {
        .repo = repo,
        .plan = options->plan,
        .layout = layout,
        .workers = options->workers,
    };

    CRASH_POINT("restore: before the files"); /* empty directories */
    TRY(scatter_run(&scatter, err));
    CRASH_POINT("restore: before the settings"); /* no pg_control: it cannot start */
    if (layout->remapped)
        TRY(write_remapped_map(layout, err));
    TRY(configuration_restore(repo, options->plan->backup.id, layout->into, &result->configuration,
                              err));
    TRY(recovery_settings_write_minimal(layout->into, &result->minimal_configuration, err));
    TRY(configuration_find_leads(layout->into, &result->names_directory, err));
    TRY(write_settings(options, err));
    TRY(write_kept_wal(repo, options, err));
    TRY(write_postgres_manifest(repo, options, err));
    TRY(stop_check(err));
    TRY(sync_all(layout, err));
    return stop_check(err);
}

static void
tell_what_remains(const struct layout *layout, struct error *err)
{
    if (access(layout->into, F_OK) != 0)
        return;
    error_detail(err,
                 "What was written so far remains in \"%s\"%s. It has no pg_control, so that no "
                 "server can start from it.",
                 layout->into,
                 layout->tablespaces.count == 0 ? "" : " and in its tablespaces' directories");
    if (err->hint[0] == '\0')
        error_hint(err, "Remove it before you try again.");
}

enum status
restore_run(struct repo *repo, const struct restore_options *options, struct restore_result *result,
            struct error *err)
{
    const struct layout *layout = options->layout;
    enum status status;

    TRY(layout_create(layout, err));
    status = write_all(repo, options, result, err);
    if (status == OK)
    {
        CRASH_POINT("restore: before pg_control"); /* all is durable, and cannot start */
        status = put_control_in_place(layout, err);
    }
    progress_end();
    if (status != OK)
        tell_what_remains(layout, err);
    return status;
}

static enum status
write_new_file(const char *path, struct bytes content, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;

    TRY(fd_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err));
    return fd_write(fd, content, path, err);
}

/* The server makes its links from this file, over those that are there. */
static enum status
write_remapped_map(const struct layout *layout, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT((size_t) 256 << 20);
    SCOPED(freep) char *path = path_join(layout->into, "tablespace_map");

    if (path == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < layout->tablespaces.count; index++)
        TRY(pg_tablespace_map_append(&text, layout->tablespaces.entries[index].oid,
                                     layout->tablespaces.entries[index].location, err));
    return write_new_file(path, buffer_bytes(&text), err);
}

/* The restored pg_control, which says whose data this is. */
static enum status
read_control(const struct restore_options *options, struct pg_control *control, struct error *err)
{
    SCOPED(freep) char *path = path_join(options->layout->into, LAYOUT_CONTROL_ASIDE);
    const struct backup *backup = &options->plan->backup;

    if (path == NULL)
        return error_no_memory(err);
    TRY(pg_control_read(path, control, err));
    if (control->system_identifier == backup->system_identifier)
        return OK;
    return error_set(err, STATUS_CORRUPT,
                     "pg_control has system identifier %" PRIu64 ", expected %" PRIu64,
                     control->system_identifier, backup->system_identifier);
}

static enum status
write_settings(const struct restore_options *options, struct error *err)
{
    struct recovery_settings settings = {
        .target = options->plan->target,
        .timeline = options->plan->timeline,
        .program = options->program,
        .config_path = options->config_path,
        .repository = options->repository,
        .take_over = options->take_over,
    };

    TRY(read_control(options, &settings.control, err));
    return recovery_settings_write(&settings, options->layout->into, err);
}

struct kept_wal
{
    struct repo *repo;
    const struct restore_options *options;
};

static enum status
write_kept_file(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct kept_wal *kept = arg;
    uint32_t segment_size = kept->options->plan->backup.wal_segment_size;
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(freep) char *path = NULL;
    SCOPED(fd_closep) int fd = -1;
    struct pg_wal_file file;
    uint64_t written = 0;

    (void) size_bytes;
    TRY(stop_check(err));
    TRY(pg_wal_file_parse(path_name(key), segment_size, &file, err));
    if (asprintf(&path, "%s/pg_wal/%s", kept->options->layout->into, path_name(key)) < 0)
        return error_no_memory(err);
    TRY(fd_open(&fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err));
    TRY(sink_open_fd(&sink, fd, path, err));
    TRY(sink_push_count(&sink, &written, err));
    TRY(wal_read_key(kept->repo, key, &sink, err));
    if (file.kind != PG_WAL_FILE_SEGMENT || written == segment_size)
        return OK;
    return error_set(err, STATUS_CORRUPT, "\"%s\" has %" PRIu64 " bytes, expected %" PRIu32, key,
                     written, segment_size);
}

/* What the archive lacked: the server finds it in pg_wal when restore_command has not got it. */
static enum status
write_kept_wal(struct repo *repo, const struct restore_options *options, struct error *err)
{
    struct kept_wal kept = {repo, options};
    char prefix[STORE_KEY_MAX + 1];

    if (options->plan->backup.wal_kept == 0)
        return OK;
    TRY(backup_key(repo, options->plan->backup.id, "wal/", prefix, err));
    return store_list(repo->store, prefix, "", write_kept_file, &kept, err);
}

/*
 * For pg_verifybackup.  That of an incremental describes the stream of changes,
 * not the files that they were laid over.
 */
static enum status
write_postgres_manifest(struct repo *repo, const struct restore_options *options, struct error *err)
{
    SCOPED(freep) char *path = path_join(options->layout->into, "backup_manifest");
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(fd_closep) int fd = -1;
    char key[STORE_KEY_MAX + 1];
    enum status status;

    if (options->plan->backup.parent[0] != '\0')
        return OK;
    if (path == NULL)
        return error_no_memory(err);
    TRY(backup_key(repo, options->plan->backup.id, "postgres-manifest", key, err));
    TRY(fd_open(&fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err));
    TRY(sink_open_fd(&sink, fd, path, err));
    status = object_read(repo, key, OBJECT_COMPRESSED, &sink, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    log_warning("the server's own manifest of backup %s is missing: pg_verifybackup cannot be used",
                options->plan->backup.id);
    if (unlink(path) != 0)
        return error_errno(err, "could not remove \"%s\"", path);
    return OK;
}

/* All that was written to the file system of a directory, its names included. */
static enum status
sync_file_system(const char *path, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;

    TRY(fd_open(&fd, path, O_RDONLY | O_DIRECTORY, 0, err));
    if (syncfs(fd) != 0)
        return error_errno(err, "could not sync the file system of \"%s\"", path);
    return OK;
}

static enum status
sync_all(const struct layout *layout, struct error *err)
{
    SCOPED(freep) char *parent = path_directory(layout->into);

    if (parent == NULL)
        return error_no_memory(err);
    log_progress("making it durable");
    TRY(sync_file_system(layout->into, err));
    /* The captured configuration, and the directory's own name. */
    TRY(sync_file_system(parent, err));
    for (size_t index = 0; index < layout->tablespaces.count; index++)
        TRY(sync_file_system(layout->tablespaces.entries[index].location, err));
    return OK;
}

/* From here on the cluster can start. */
static enum status
put_control_in_place(const struct layout *layout, struct error *err)
{
    SCOPED(freep) char *aside = path_join(layout->into, LAYOUT_CONTROL_ASIDE);
    SCOPED(freep) char *path = path_join(layout->into, LAYOUT_CONTROL);
    SCOPED(fd_closep) int fd = -1;

    if (aside == NULL || path == NULL)
        return error_no_memory(err);
    TRY(fd_open(&fd, aside, O_RDONLY, 0, err));
    return file_publish(fd, aside, path, err);
}
