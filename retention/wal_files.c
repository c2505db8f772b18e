// SPDX-License-Identifier: PostgreSQL
#include "retention/wal_files.h"

#include "repo/wal.h"

static enum status
note_file(void *arg, const char *name, struct error *err)
{
    struct wal_part *part = arg;
    struct pg_wal_file file;

    if (pg_wal_file_parse(name, part->segment_size, &file, err) != OK ||
        file.kind == PG_WAL_FILE_HISTORY)
        return OK;
    return wal_runs_add(&part->runs, (struct wal_run){file.timeline, file.number, file.number},
                        err);
}

static void
release_part(struct wal_part *part)
{
    wal_runs_release(&part->runs);
}

enum status
wal_files_list(struct repo *repo, const struct catalog *catalog, struct wal_set *present,
               struct error *err)
{
    for (size_t index = 0; index < catalog->lineage_count; index++)
    {
        const struct lineage *lineage = &catalog->lineages[index];
        SCOPED(release_part)
        struct wal_part part = {lineage->system_identifier, lineage->wal_segment_size, {0}};

        /* One that was accepted again is listed once. */
        if (catalog_find_lineage(catalog, lineage->system_identifier) != lineage)
            continue;
        TRY(wal_list(repo, part.system_identifier, 0, note_file, &part, err));
        TRY(wal_set_add(present, &part, err));
    }
    return OK;
}

struct visitor
{
    struct repo *repo;
    const struct wal_part *part;
    enum status (*visit)(void *arg, const char *key, struct error *err);
    void *arg;
};

static enum status
visit_file(void *arg, const char *name, struct error *err)
{
    const struct visitor *visitor = arg;
    const struct wal_part *part = visitor->part;
    struct wal_file wal = {part->system_identifier, name};
    struct pg_wal_file file;
    char key[STORE_KEY_MAX + 1];

    if (pg_wal_file_parse(name, part->segment_size, &file, err) != OK ||
        file.kind == PG_WAL_FILE_HISTORY ||
        !wal_runs_have(&part->runs, (struct pg_wal_segment){file.timeline, file.number}))
        return OK;
    TRY(wal_key(visitor->repo, &wal, key, err));
    return visitor->visit(visitor->arg, key, err);
}

enum status
wal_files_visit(struct repo *repo, const struct wal_part *part,
                enum status (*visit)(void *arg, const char *key, struct error *err), void *arg,
                struct error *err)
{
    struct visitor visitor = {repo, part, visit, arg};
    pg_timeline timeline = 0;

    /* The runs are sorted: each timeline is listed once, and no other. */
    for (size_t index = 0; index < part->runs.count; index++)
    {
        if (part->runs.items[index].timeline == timeline)
            continue;
        timeline = part->runs.items[index].timeline;
        TRY(wal_list(repo, part->system_identifier, timeline, visit_file, &visitor, err));
    }
    return OK;
}
