// SPDX-License-Identifier: PostgreSQL
#include "backup/backup.h"

#include "backup/ancestry.h"
#include "backup/base_backup.h"
#include "backup/configuration.h"
#include "backup/files.h"
#include "backup/frame_visit.h"
#include "backup/identity.h"
#include "backup/manifest.h"
#include "backup/repack.h"
#include "backup/upload.h"
#include "backup/wal.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/progress.h"

#include <stdio.h>
#include <string.h>

#define UPLOADERS_MAX 3

/* Of records, of the server's manifest, and of healing or repacking, together. */
#define SORT_MEMORY ((size_t) 36 * FRAME_SIZE)

/* In the order in which they may be freed: threads of the group use what is above it. */
struct run
{
    struct repo *repo;
    const struct backup_options *options;
    struct backup *backup;
    struct pg_connection *connection;
    struct lineage lineage;
    struct catalog catalog;
    struct backup_ancestry *ancestry; /* NULL: a full backup, as is the next */
    struct backup_parent *parent;     /* the ancestry's */
    struct base_backup *stream;
    struct backup_manifest *manifest;
    struct backup_heal *heal; /* NULL: a full backup */
    struct backup_frames *frames;
    struct backup_files *files;
    struct backup_wal *wal;
    bool parent_failed; /* the failure is a reason for a full backup */
    struct progress progress;
    struct group *group;
};

static void
release_run(struct run *run)
{
    group_freep(&run->group);
    backup_wal_freep(&run->wal);
    backup_files_freep(&run->files);
    backup_frames_freep(&run->frames);
    backup_heal_freep(&run->heal);
    backup_manifest_freep(&run->manifest);
    base_backup_freep(&run->stream);
    backup_ancestry_freep(&run->ancestry);
    catalog_release(&run->catalog);
    pg_connection_freep(&run->connection);
}

/* Uploaders hold most of the memory: a pack each, and two packs more are open or waiting. */
static int
uploader_count(const struct backup_options *options)
{
    uint64_t frames = (uint64_t) (options->workers * 3 + 2) * (FRAME_SIZE + FRAME_STORED_MAX);
    uint64_t taken = frames + SORT_MEMORY + FRAME_VISIT_MEMORY;
    uint64_t rest = options->memory_bytes > taken ? options->memory_bytes - taken : 0;
    uint64_t packs = rest / PACK_SIZE;

    return packs < 3 ? 1 : packs - 2 > UPLOADERS_MAX ? UPLOADERS_MAX : (int) (packs - 2);
}

static enum status
identify(struct run *run, struct error *err)
{
    const struct lineage *lineage = &run->lineage;
    char checksums[32];
    char standby[32];

    TRY(pg_connection_open(&run->connection, run->options->conninfo, PG_CONNECTION_REPLICATION,
                           err));
    TRY(identity_of_replication(run->connection, &run->lineage, err));
    run->backup->system_identifier = lineage->system_identifier;
    run->backup->wal_segment_size = lineage->wal_segment_size;
    run->backup->major = lineage->major;
    TRY(pg_query_text(run->connection, "SHOW data_checksums", checksums, sizeof(checksums), err));
    run->backup->data_checksums = strcmp(checksums, "on") == 0;
    TRY(pg_query_text(run->connection, "SHOW in_hot_standby", standby, sizeof(standby), err));
    run->backup->from_standby = strcmp(standby, "on") == 0;
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
    bool added;

    if (catalog_present_lineage(&run->catalog) == NULL)
    {
        TRY(identity_accept(run->repo, &run->lineage, &added, err));
        TRY(catalog_load(run->repo, &run->catalog, err));
    }
    TRY(check_lineage(run->backup, &run->catalog, err));
    return lineage_publish(run->repo, &run->lineage, err);
}

/* A failure of what only an incremental does. */
static enum status
of_parent(struct run *run, enum status status)
{
    if (status != OK && status != STATUS_CANCELLED && run->ancestry != NULL)
        run->parent_failed = true;
    return status;
}

static enum status
find_parent(struct run *run, struct error *err)
{
    const struct backup_ancestry_options options = {
        .repo = run->repo,
        .replication = run->connection,
        .conninfo = run->options->conninfo,
        .catalog = &run->catalog,
        .server = run->lineage,
        .data_checksums = run->backup->data_checksums,
        .from_standby = run->backup->from_standby,
        .now = run->backup->started,
    };
    enum status status = backup_ancestry_find(&run->ancestry, &options, err);

    if (status == STATUS_REFUSED)
    {
        log_info("taking a full backup: %s", err->message);
        return OK;
    }
    /* What damage did to an earlier backup must not keep us from taking a good one. */
    if (status == STATUS_CORRUPT || status == STATUS_NOT_FOUND)
    {
        log_warning("taking a full backup: %s", err->message);
        return OK;
    }
    TRY(status);
    run->parent = backup_ancestry_parent(run->ancestry);
    snprintf(run->backup->parent, sizeof(run->backup->parent), "%s", run->parent->backup.id);
    return OK;
}

static enum status
begin(void *arg, const struct manifest_file *file, struct error *err)
{
    struct run *run = arg;

    /* Another thread's failure need not wait until a channel tells us. */
    if (group_failed(run->group))
        return group_cancelled(err);
    progress_add(&run->progress, 0);
    return backup_files_begin(run->files, file, err);
}

static enum status
data(void *arg, struct bytes bytes, struct error *err)
{
    struct run *run = arg;

    progress_add(&run->progress, bytes.size);
    return backup_files_data(run->files, bytes, err);
}

static enum status
end(void *arg, struct error *err)
{
    return backup_files_end(((struct run *) arg)->files, err);
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
prepare_healing(struct run *run, struct error *err)
{
    enum backup_heal_rule rule = run->backup->data_checksums ? HEAL_EXACT : HEAL_MASKED;

    if (run->parent == NULL)
        return OK;
    return backup_heal_create(&run->heal, run->parent->same_server ? rule : HEAL_READ,
                              FRAME_SIZE * 4, err);
}

static enum status
prepare(struct run *run, struct error *err)
{
    struct backup *backup = run->backup;
    struct backup_wal_options wal = {.repo = run->repo,
                                     .conninfo = run->options->conninfo,
                                     .backup_id = backup->id,
                                     .system_identifier = backup->system_identifier,
                                     .segment_size = backup->wal_segment_size,
                                     .prove = run->parent != NULL};
    struct backup_frames_options frames = {.repo = run->repo,
                                           .tag = backup_tag(backup->id),
                                           .workers = (int) run->options->workers,
                                           .uploaders = uploader_count(run->options),
                                           .sort_memory = FRAME_SIZE * 16};

    TRY(prepare_healing(run, err));
    TRY(backup_wal_open(&run->wal, &wal, err));
    TRY(backup_manifest_create(&run->manifest, run->repo, backup->id, FRAME_SIZE * 8, err));
    TRY(group_create(&run->group, err));
    TRY(backup_frames_create(&run->frames, &frames, run->group, err));
    return backup_files_create(&run->files,
                               &(struct backup_files_options){
                                   .frames = run->frames, .parent = run->parent, .heal = run->heal},
                               err);
}

/* From PostgreSQL 17 on the server is told what the parent has. */
static enum status
start_stream(struct run *run, struct error *err)
{
    struct base_backup_options options = {
        .connection = run->connection,
        .label = "redoubt",
        .fast_checkpoint = run->options->fast_checkpoint,
        .incremental = run->parent != NULL && !run->parent->by_page_lsn,
    };

    if (options.incremental)
        TRY(backup_ancestry_foresee(run->ancestry, err));
    if (options.incremental)
        TRY(backup_upload_manifest(run->connection, run->repo, run->parent, err));
    return base_backup_start(&run->stream, &options, err);
}

static enum status
receive(struct run *run, struct error *err)
{
    const struct base_backup_handler handler = {begin, data, end, manifest, server_progress, run};
    struct backup *backup = run->backup;
    enum status status;

    TRY(of_parent(run, start_stream(run, err)));
    backup->start = base_backup_start_position(run->stream);
    TRY(backup_wal_start(run->wal, backup->start, run->group, err));
    if (run->ancestry != NULL)
        TRY(of_parent(run, backup_ancestry_learn(run->ancestry, backup->start.lsn, err)));
    progress_start(&run->progress, "backup", base_backup_estimate(run->stream));
    status = base_backup_receive(run->stream, &handler, &backup->stop, &backup->damaged, err);
    TRY(status == STATUS_REFUSED ? of_parent(run, status) : status);
    backup->stopped = clock_now();
    if (backup->damaged)
    {
        log_warning("the server met pages with wrong checksums: this backup is marked as damaged");
        log_error(LOG_WARNING, err);
    }
    backup_wal_stop_at(run->wal, backup->stop.lsn);
    TRY(backup_manifest_finish(run->manifest, err));
    if (run->parent != NULL)
        TRY(backup_repack_run(run->repo, run->parent, run->frames, err));
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
    size_t used_count;
    size_t own_count;
    const struct pack *used = backup_manifest_packs(run->manifest, &used_count);

    (void) backup_frames_packs(run->frames, &own_count);
    backup->file_count = totals->files;
    backup->logical_bytes = totals->bytes;
    backup->extent_count = totals->extents;
    backup->pack_count = (uint32_t) used_count;
    backup->live_bytes = backup_manifest_live(run->manifest);
    for (size_t index = 0; index < used_count; index++)
    {
        backup->stored_bytes += used[index].size_bytes;
        backup->packed_bytes += used[index].content_bytes;
        if (index < own_count) /* its own come first */
            backup->new_bytes += used[index].size_bytes;
    }
    backup->wal_kept = backup_wal_kept(run->wal);
}

/* The parent must be an ancestor; what was healed is held against it. */
static enum status
check_parent(struct run *run, struct error *err)
{
    struct backup_heal_result healed;

    if (run->ancestry == NULL)
        return OK;
    if (!backup_wal_proven(run->wal))
        return of_parent(run, error_set(err, STATUS_REFUSED,
                                        "the archive has none of the WAL that the server showed"));
    TRY(of_parent(run, backup_ancestry_prove(run->ancestry, run->backup->start.lsn, err)));
    TRY(backup_heal_compare(run->heal, run->repo, run->parent->packs, run->parent->pack_count,
                            &healed, err));
    run->backup->healed_files = healed.files;
    run->backup->healed_blocks = healed.wrong;
    return OK;
}

/* The lineage holds, and nothing that the backup uses was condemned meanwhile. */
static enum status
check_commit(void *arg, const struct catalog *catalog, struct error *err)
{
    struct run *run = arg;
    size_t count;
    const struct pack *packs = backup_manifest_packs(run->manifest, &count);

    TRY(check_lineage(run->backup, catalog, err));
    return catalog_check_backup(catalog, run->backup, packs, count, err);
}

static enum status
write_manifest(struct run *run, struct manifest_totals *totals, struct error *err)
{
    const struct backup_overlay_options overlay = {
        .repo = run->repo, .frames = run->frames, .parent = run->parent, .heal = run->heal};
    struct manifest_header header = {
        .backup_id = run->backup->id,
        .system_identifier = run->backup->system_identifier,
        .major = run->backup->major,
    };

    header.tablespaces = base_backup_tablespaces(run->stream, &header.tablespace_count);
    TRY(backup_records_sort(backup_frames_records(run->frames), err));
    return backup_manifest_commit(run->manifest, &overlay, &header, totals, err);
}

static enum status
commit(struct run *run, struct error *err)
{
    struct catalog_entry entry = {.backup = run->backup};
    struct catalog_check check = {check_commit, run};
    struct manifest_totals totals;
    enum status status = write_manifest(run, &totals, err);

    TRY(status == STATUS_CORRUPT ? of_parent(run, status) : status);
    TRY(check_parent(run, err));
    TRY(backup_configuration_store(run->repo, run->connection, run->options->data_directory,
                                   run->backup->id, err));
    count_bytes(run, &totals);
    CRASH_POINT("backup: before it is committed"); /* all is stored, nothing refers to it */
    return catalog_append(run->repo, &run->catalog, &entry, check, err);
}

/* One attempt; *parent_failed: a full backup may do better. */
static enum status
run_once(struct repo *repo, const struct backup_options *options, bool full, struct backup *backup,
         bool *parent_failed, struct error *err)
{
    SCOPED(release_run) struct run run = {.repo = repo, .options = options, .backup = backup};
    enum status status;

    *backup = (struct backup){.started = clock_now()};
    TRY(backup_make_id(backup->started, backup->id, err));
    TRY(identify(&run, err));
    TRY(catalog_load(repo, &run.catalog, err)); /* before the first object; see catalog.h */
    TRY(accept_cluster(&run, err));
    if (!full)
        TRY(find_parent(&run, err));
    TRY(prepare(&run, err));
    status = receive_all(&run, err);
    if (status == OK)
        status = commit(&run, err);
    *parent_failed = run.parent_failed;
    return status;
}

enum status
backup_run(struct repo *repo, const struct backup_options *options, struct backup *backup,
           struct error *err)
{
    bool parent_failed = false;
    enum status status = run_once(repo, options, options->full, backup, &parent_failed, err);

    if (status == OK || !parent_failed)
        return status;
    log_warning("taking a full backup: %s", err->message);
    return run_once(repo, options, true, backup, &parent_failed, err);
}
