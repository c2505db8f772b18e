// SPDX-License-Identifier: PostgreSQL
#include "verify/wal_check.h"

#include "base/file.h"
#include "repo/lineage.h"
#include "repo/wal.h"
#include "verify/timeline_check.h"
#include "verify/wal_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A walk through the objects below "wal/", cluster by cluster. */
struct walk
{
    struct verify_context *context;
    struct inventory *inventory;
    struct crew *crew;
    const struct backup *only; /* NULL: all files */
    struct wal_owner owner;    /* whose files are being walked; 0: none yet */
    bool *met;                 /* owned; by the catalog's lineages */
    struct wal_set vanished;   /* verified once, gone, and not condemned */
};

static void
release_walk(struct walk *walk)
{
    wal_set_release(&walk->vanished);
    free(walk->met);
}

static enum status
unexpected(struct walk *walk, const char *name, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {VERIFY_INFORMATION, "unexpected", key,
                                           "no WAL file has such a name, or its place", ""};

    TRY(repo_key(walk->context->repo, key, err, "%s", name));
    return context_find(walk->context, &finding, err);
}

/* The lineage as the log has it; NULL when it has none, or cannot be read. */
static const struct lineage *
note_met(struct walk *walk, uint64_t system_identifier)
{
    const struct catalog *catalog = walk->context->catalog;
    const struct lineage *known = NULL;

    for (size_t index = 0; catalog != NULL && index < catalog->lineage_count; index++)
        if (catalog->lineages[index].system_identifier == system_identifier)
        {
            known = &catalog->lineages[index];
            walk->met[index] = true;
        }
    return known;
}

/* Whose WAL it is, by its object beside the WAL and by the catalog. */
static enum status
meet_owner(struct walk *walk, uint64_t system_identifier, struct error *err)
{
    struct verify_context *context = walk->context;
    const struct lineage *known;
    struct lineage lineage = {0};
    struct error reason = {0};
    char key[STORE_KEY_MAX + 1];
    enum status status = lineage_read(context->repo, system_identifier, &lineage, &reason);

    if (status == STATUS_NOT_FOUND)
        error_hint(&reason, "\"redoubt lineage add\" or the next backup writes it again.");
    known = note_met(walk, system_identifier);
    if (status == OK && known != NULL && known->wal_segment_size != lineage.wal_segment_size)
        status = error_set(&reason, STATUS_CORRUPT, "its WAL segment size %u is not the log's, %u",
                           lineage.wal_segment_size, known->wal_segment_size);
    else if (status == OK && known == NULL && context->catalog != NULL)
        status = error_set(&reason, STATUS_CORRUPT, "the log does not accept this cluster");
    TRY(repo_key(context->repo, key, err, "wal/%" PRIu64 "/lineage.json", system_identifier));
    TRY(context_judge(context, key, status, &reason, NULL, err));
    walk->owner = (struct wal_owner){system_identifier, lineage.wal_segment_size};
    if (known != NULL)
        walk->owner.segment_size = known->wal_segment_size;
    return OK;
}

/* "wal/<system identifier>/..." */
static bool
read_owner(const char *name, uint64_t *system_identifier)
{
    char *end;

    *system_identifier = strtoull(name + strlen("wal/"), &end, 10);
    return *end == '/' && *system_identifier != 0;
}

/* Is it where an archived file of its name is looked for? */
static bool
is_in_place(const struct walk *walk, const char *name)
{
    const struct wal_file file = {walk->owner.system_identifier, path_name(name)};
    char expected[STORE_KEY_MAX + 1];
    struct error ignored;

    return wal_key(walk->context->repo, &file, expected, &ignored) == OK &&
           strcmp(name, context_name(walk->context, expected)) == 0;
}

/* Of one backup only the segments between its start and its stop are of interest. */
static bool
is_of_interest(const struct walk *walk, const struct pg_wal_file *file)
{
    const struct backup *backup = walk->only;

    if (backup == NULL)
        return true;
    if (walk->owner.system_identifier != backup->system_identifier)
        return false;
    if (file->kind == PG_WAL_FILE_HISTORY)
        return file->timeline <= backup->stop.timeline;
    return file->kind == PG_WAL_FILE_SEGMENT && file->timeline >= backup->start.timeline &&
           file->timeline <= backup->stop.timeline &&
           file->number >= backup->start.lsn / backup->wal_segment_size &&
           file->number <= backup->stop.lsn / backup->wal_segment_size;
}

/* It may be deleted at any moment, and nobody reads it any more. */
static bool
is_condemned(const struct walk *walk, const struct pg_wal_file *file)
{
    const struct wal_run run = {file->timeline, file->number, file->number};

    return walk->context->catalog != NULL && file->kind != PG_WAL_FILE_HISTORY &&
           catalog_condemned_wal(walk->context->catalog, walk->owner.system_identifier, run);
}

/* A history is never expired; of segments the log would say so. */
static enum status
note_vanished(struct walk *walk, const char *name, const struct pg_wal_file *file,
              struct error *err)
{
    struct wal_run run = {file->timeline, file->number, file->number};
    const struct wal_part part = {
        walk->owner.system_identifier, walk->owner.segment_size, {&run, 1}};
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {
        VERIFY_DAMAGE, "missing", key,
        "it was verified once, and is gone; a history file is never expired", ""};

    if (file->kind == PG_WAL_FILE_HISTORY)
    {
        TRY(repo_key(walk->context->repo, key, err, "%s", name));
        return context_find(walk->context, &finding, err);
    }
    if (file->kind != PG_WAL_FILE_SEGMENT || part.segment_size == 0)
        return OK;
    return wal_set_add(&walk->vanished, &part, err);
}

static enum status
visit(struct walk *walk, const struct inventory_item *item, struct error *err)
{
    struct pg_wal_file file;
    struct error ignored;

    if (strcmp(path_name(item->name), "lineage.json") == 0)
        return OK;
    if (pg_wal_file_parse(path_name(item->name), walk->owner.segment_size, &file, &ignored) != OK ||
        !is_in_place(walk, item->name))
        return unexpected(walk, item->name, err);
    if (!is_of_interest(walk, &file) || is_condemned(walk, &file))
        return OK;
    if (!item->present)
        return note_vanished(walk, item->name, &file, err);
    return wal_job_send(walk->crew, walk->context, item, &walk->owner, &file, err);
}

static enum status
walk_files(struct walk *walk, struct error *err)
{
    struct inventory_item item;
    bool more;

    TRY(inventory_next(walk->inventory, "wal/", &more, &item, err));
    while (more)
    {
        uint64_t system_identifier;

        if (!read_owner(item.name, &system_identifier))
            TRY(unexpected(walk, item.name, err));
        else
        {
            if (system_identifier != walk->owner.system_identifier)
                TRY(meet_owner(walk, system_identifier, err));
            TRY(visit(walk, &item, err));
        }
        TRY(inventory_next(walk->inventory, "wal/", &more, &item, err));
    }
    return OK;
}

/* A lineage of the log that has nothing archived: its object must be there all the same. */
static enum status
check_unmet(struct walk *walk, struct error *err)
{
    const struct catalog *catalog = walk->context->catalog;

    for (size_t index = 0; catalog != NULL && index < catalog->lineage_count; index++)
        if (!walk->met[index])
            TRY(meet_owner(walk, catalog->lineages[index].system_identifier, err));
    return OK;
}

static enum status
run_walk(struct walk *walk, struct error *err)
{
    SCOPED(crew_freep) struct crew *crew = NULL;
    const struct catalog *catalog = walk->context->catalog;

    walk->met = calloc(catalog == NULL ? 1 : catalog->lineage_count + 1, sizeof(*walk->met));
    if (walk->met == NULL)
        return error_no_memory(err);
    TRY(crew_start(&crew, walk->context, err));
    walk->crew = crew;
    TRY(walk_files(walk, err));
    return crew_finish(crew, err);
}

static struct timeline_check
timelines_of(const struct walk *walk, uint64_t system_identifier, uint32_t segment_size)
{
    return (struct timeline_check){walk->context, system_identifier, segment_size,
                                   wal_set_runs(&walk->vanished, system_identifier)};
}

enum status
wal_check_run(struct verify_context *context, struct inventory *inventory, struct error *err)
{
    SCOPED(release_walk) struct walk walk = {.context = context, .inventory = inventory};
    const struct catalog *catalog = context->catalog;

    TRY(run_walk(&walk, err));
    TRY(check_unmet(&walk, err));
    for (size_t index = 0; catalog != NULL && index < catalog->lineage_count; index++)
    {
        const struct lineage *lineage = &catalog->lineages[index];
        const struct timeline_check check =
            timelines_of(&walk, lineage->system_identifier, lineage->wal_segment_size);

        TRY(timeline_check_run(&check, err));
    }
    return OK;
}

enum status
wal_check_backup(struct verify_context *context, struct inventory *inventory,
                 const struct backup *backup, struct error *err)
{
    SCOPED(release_walk)
    struct walk walk = {.context = context, .inventory = inventory, .only = backup};
    struct timeline_check check;

    TRY(run_walk(&walk, err));
    check = timelines_of(&walk, backup->system_identifier, backup->wal_segment_size);
    return timeline_check_backup(&check, backup, err);
}
