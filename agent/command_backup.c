// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "backup/backup.h"
#include "base/json.h"
#include "base/units.h"
#include "config/repository.h"

#include <stdio.h>

static const struct option_spec options[] = {
    {"full", 0, OPTION_FLAG, NULL, "store everything anew, whatever earlier backups have"},
    {"spread", 0, OPTION_FLAG, NULL,
     "let the server spread its checkpoint over time: gentler, starts later"},
    {0},
};

static const struct command_example examples[] = {
    {"A backup now, of what changed since the last:", "redoubt backup"},
    {"One that shares nothing with earlier ones:", "redoubt backup --full"},
    {"For a script:", "redoubt backup --json"},
    {0},
};

static enum status
print_json(const struct backup *backup, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
    SCOPED(json_freep) json_t *object = backup_to_json(backup);

    if (object == NULL)
        return error_no_memory(err);
    TRY(json_append(object, &text, err));
    printf("%.*s\n", (int) text.size, (const char *) text.data);
    return OK;
}

static void
print_text(const struct backup *backup)
{
    char logical[UNITS_TEXT_SIZE];
    char stored[UNITS_TEXT_SIZE];
    char new[UNITS_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];
    char start[PG_LSN_TEXT_SIZE];
    char stop[PG_LSN_TEXT_SIZE];

    units_format_size(backup->logical_bytes, logical);
    units_format_size(backup->stored_bytes, stored);
    units_format_size(backup->new_bytes, new);
    units_format_duration((backup->stopped - backup->started) / 1000, duration);
    pg_lsn_format(backup->start.lsn, start);
    pg_lsn_format(backup->stop.lsn, stop);
    printf("backup %s%s\n", backup->id, backup->damaged ? " (damaged)" : "");
    if (backup->parent[0] != '\0')
        printf("  incremental, since %s\n", backup->parent);
    printf("  %llu files, %s, stored as %s, of which %s are new, in %s\n",
           (unsigned long long) backup->file_count, logical, stored, new, duration);
    printf("  WAL %s to %s on timeline %u", start, stop, backup->stop.timeline);
    if (backup->wal_kept > 0)
        printf(", %u %s kept with it", backup->wal_kept, backup->wal_kept == 1 ? "file" : "files");
    printf("\n");
}

/* It is stored all the same; but a timer's run must not pass for a good one. */
static enum status
report_damage(const struct backup *backup, struct error *err)
{
    error_set(err, STATUS_CORRUPT,
              "the server met pages with wrong checksums: backup %s is damaged", backup->id);
    error_hint(err,
               "Its log says which. Restores do not choose this backup by themselves; find the "
               "damaged relations with pg_amcheck or pg_checksums and mend them soon.");
    return STATUS_CORRUPT;
}

/* What healing found wrong is wrong in every earlier backup that shares it; this one is good. */
static enum status
report_healing(const struct backup *backup, struct error *err)
{
    error_set(err, STATUS_CORRUPT, "%u blocks of earlier backups are not what they should be",
              backup->healed_blocks);
    error_detail(err, "Backup %s has them right. The log names the files.", backup->id);
    error_hint(err, "Run \"redoubt verify --all\" to learn which backups are damaged.");
    return STATUS_CORRUPT;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    const struct config *config = invocation->config;
    SCOPED(repo_freep) struct repo *repo = NULL;
    struct backup_options backup_options = {
        .conninfo = config->postgres.connection,
        .data_directory = config->postgres.data_directory,
        .fast_checkpoint = !options_flag(&invocation->options, "spread"),
        .full = options_flag(&invocation->options, "full"),
        .workers = config->workers,
        .memory_bytes = config->memory_bytes,
    };
    struct backup backup;

    TRY(repository_open(config, &repo, err));
    TRY(backup_run(repo, &backup_options, &backup, err));
    if (invocation->json)
        TRY(print_json(&backup, err));
    else
        print_text(&backup);
    if (backup.damaged)
        return report_damage(&backup, err);
    return backup.healed_blocks > 0 ? report_healing(&backup, err) : OK;
}

const struct command command_backup = {
    .name = "backup",
    .summary = "take a base backup",
    .topic = COMMAND_BACKUP,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Takes a base backup over the replication protocol, from a primary or a standby, while "
        "the server runs.  Every file's checksum is held against the server's own manifest.\n\n"
        "The WAL that makes the backup consistent is streamed beside it and compared with the "
        "archive; what the archive lacks is stored with the backup, so that it is complete by "
        "itself.\n\n"
        "A backup exists only when this command has succeeded.  One that the server reports as "
        "damaged, pages with wrong checksums, is kept and marked, and is never chosen by "
        "itself.\n\n"
        "\"redoubt restore\" brings the cluster back to its end, or to any later moment that "
        "archived WAL reaches.",
    .options = options,
    .examples = examples,
    .run = run,
};
