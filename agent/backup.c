// SPDX-License-Identifier: PostgreSQL
#include "agent/backup.h"

#include "agent/backup_configuration.h"
#include "agent/backup_manifest.h"
#include "agent/backup_wal.h"
#include "agent/base_backup.h"
#include "agent/identity.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/progress.h"

#define UPLOADERS_MAX 3

/* In the order in which they may be freed: threads of the group use what is above it. */
struct run
{
    struct repo *repo;
    const struct backup_options *options;
    struct backup *backup;
    struct pg_connection *connection;
    struct catalog catalog;
    struct base_backup *stream;
    struct backup_manifest *manifest;
    struct backup_frames *frames;
    struct backup_wal *wal;
    struct progress progress;
    struct group *group;
};

static void
release_run(struct run *run)
{
    group_freep(&run->group);
    backup_wal_freep(&run->wal);
    backup_frames_freep(&run->frames);
    backup_manifest_freep(&run->manifest);
    base_backup_freep(&run->stream);
    catalog_release(&run->catalog);
    pg_connection_freep(&run->connection);
}

/* Uploaders hold most of the memory: a pack each, and two packs more are open or waiting. */
static int
uploader_count(const struct backup_options *options)
{
    uint64_t frames = (uint64_t) (options->workers * 3 + 2) * (FRAME_SIZE + FRAME_STORED_MAX);
    uint64_t rest = options->memory_bytes > frames ? options->memory_bytes - frames : 0;
    uint64_t packs = rest / PACK_SIZE;

    return packs < 5 ? 1 : packs - 4 > UPLOADERS_MAX ? UPLOADERS_MAX : (int) (packs - 4);
}

static enum status
identify(struct run *run, struct error *err)
{
    struct lineage lineage;

    TRY(pg_connection_open(&run->connection, run->options->conninfo, PG_CONNECTION_REPLICATION,
                           err));
    TRY(identity_of_replication(run->connection, &lineage, err));
    run->backup->system_identifier = lineage.system_identifier;
    run->backup->wal_segment_size = lineage.wal_segment_size;
    run->backup->major = lineage.major;
    return OK;
}

/* The backup's cluster must be the repository's; holds for the commit too. */
static enum status
check_lineage(void *arg, const struct catalog *catalog, struct error *err)
{
    const struct backup *backup = arg;
    const struct lineage *present = catalog_present_lineage(catalog);

    if (present != NULL && present->system_identifier == backup->system_identifier)
        return OK;
    if (present == NULL)
        return error_set(err, STATUS_REFUSED, "the repository has accepted no cluster yet");
    error_set(err, STATUS_REFUSED,
              "this server has system identifier %llu, and the repository's cluster %llu",
              (unsigned long long) backup->system_identifier,
              (unsigned long long) present->system_identifier);
    error_hint(err, "If the cluster was upgraded or made anew, accept it with \"redoubt lineage "
                    "add\"; if not, this is the wrong server or the wrong repository.");
    return STATUS_REFUSED;
}

/*
 * A repository that has seen no cluster takes the first that is backed up; and
 * what an earlier try accepted may still lack its object beside the WAL.
 */
static enum status
accept_cluster(struct run *run, struct error *err)
{
    struct lineage lineage = {run->backup->system_identifier, run->backup->wal_segment_size,
                              run->backup->major};
    bool added;

    if (catalog_present_lineage(&run->catalog) == NULL)
    {
        TRY(identity_accept(run->repo, &lineage, &added, err));
        TRY(catalog_load(run->repo, &run->catalog, err));
    }
    TRY(check_lineage(run->backup, &run->catalog, err));
    return lineage_publish(run->repo, &lineage, err);
}

static enum status
begin(void *arg, const struct manifest_file *file, struct error *err)
{
    struct run *run = arg;

    /* Another thread's failure need not wait until a channel tells us. */
    if (group_failed(run->group))
        return group_cancelled(err);
    progress_add(&run->progress, 0);
    return backup_frames_begin(run->frames, file, err);
}

static enum status
data(void *arg, struct bytes bytes, struct error *err)
{
    struct run *run = arg;

    progress_add(&run->progress, bytes.size);
    return backup_frames_data(run->frames, bytes, err);
}

static enum status
end(void *arg, struct error *err)
{
    return backup_frames_end(((struct run *) arg)->frames, err);
}

static enum status
manifest(void *arg, struct bytes bytes, struct error *err)
{
    return backup_manifest_write(((struct run *) arg)->manifest, bytes, err);
}

static void
server_progress(void *arg, uint64_t done_bytes)
{
    (void) arg;
    (void) done_bytes; /* our own count is finer */
}

static enum status
prepare(struct run *run, struct error *err)
{
    struct backup *backup = run->backup;
    struct backup_wal_options wal = {run->repo, run->options->conninfo, backup->id,
                                     backup->system_identifier, backup->wal_segment_size};
    struct backup_frames_options frames = {.repo = run->repo,
                                           .tag = backup_tag(backup->id),
                                           .workers = (int) run->options->workers,
                                           .uploaders = uploader_count(run->options),
                                           .sort_memory = FRAME_SIZE * 16};

    TRY(backup_wal_open(&run->wal, &wal, err));
    TRY(backup_manifest_create(&run->manifest, run->repo, backup->id, FRAME_SIZE * 8, err));
    TRY(group_create(&run->group, err));
    return backup_frames_create(&run->frames, &frames, run->group, err);
}

static enum status
receive(struct run *run, struct error *err)
{
    const struct base_backup_options options = {run->connection, "redoubt",
                                                run->options->fast_checkpoint};
    const struct base_backup_handler handler = {begin, data, end, manifest, server_progress, run};
    struct backup *backup = run->backup;

    TRY(base_backup_start(&run->stream, &options, err));
    backup->start = base_backup_start_position(run->stream);
    TRY(backup_wal_start(run->wal, backup->start, run->group, err));
    progress_start(&run->progress, "backup", base_backup_estimate(run->stream));
    TRY(base_backup_receive(run->stream, &handler, &backup->stop, &backup->damaged, err));
    backup->stopped = clock_now();
    if (backup->damaged)
    {
        log_warning("the server met pages with wrong checksums: this backup is marked as damaged");
        log_error(LOG_WARNING, err);
    }
    backup_wal_stop_at(run->wal, backup->stop.lsn);
    TRY(backup_manifest_finish(run->manifest, err));
    return backup_frames_finish(run->frames, err);
}

/* All threads done, or the first failure of any of them. */
static enum status
receive_all(struct run *run, struct error *err)
{
    enum status status = receive(run, err);

    if (status != OK)
        group_fail(run->group, status, err);
    status = group_join(run->group, err);
    progress_end();
    return status;
}

static void
count_bytes(struct run *run, const struct manifest_totals *totals)
{
    struct backup *backup = run->backup;
    size_t count;
    const struct pack *packs = backup_frames_packs(run->frames, &count);

    backup->file_count = totals->files;
    backup->logical_bytes = totals->bytes;
    for (size_t index = 0; index < count; index++)
        backup->new_bytes += packs[index].size_bytes;
    backup->stored_bytes = backup->new_bytes;
    backup->wal_kept = backup_wal_kept(run->wal);
}

static enum status
commit(struct run *run, struct error *err)
{
    struct manifest_header header = {
        .backup_id = run->backup->id,
        .system_identifier = run->backup->system_identifier,
        .major = run->backup->major,
    };
    struct catalog_entry entry = {.backup = run->backup};
    struct catalog_check check = {check_lineage, run->backup};
    struct manifest_totals totals;

    header.tablespaces = base_backup_tablespaces(run->stream, &header.tablespace_count);
    TRY(backup_manifest_commit(run->manifest, run->frames, &header, &totals, err));
    TRY(backup_configuration_store(run->repo, run->connection, run->options->data_directory,
                                   run->backup->id, err));
    count_bytes(run, &totals);
    CRASH_POINT("backup: before it is committed"); /* all is stored, nothing refers to it */
    return catalog_append(run->repo, &run->catalog, &entry, check, err);
}

enum status
backup_run(struct repo *repo, const struct backup_options *options, struct backup *backup,
           struct error *err)
{
    SCOPED(release_run) struct run run = {.repo = repo, .options = options, .backup = backup};

    *backup = (struct backup){.started = clock_now()};
    TRY(backup_make_id(backup->started, backup->id, err));
    TRY(identify(&run, err));
    TRY(catalog_load(repo, &run.catalog, err));
    TRY(accept_cluster(&run, err));
    TRY(prepare(&run, err));
    TRY(receive_all(&run, err));
    return commit(&run, err);
}
