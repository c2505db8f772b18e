// SPDX-License-Identifier: PostgreSQL
#include "retention/purge.h"

#include "base/crash.h"
#include "base/file.h"
#include "repo/object_name.h"
#include "retention/deleter.h"
#include "retention/wal_files.h"

#include <string.h>

struct purge
{
    struct repo *repo;
    const struct purge_options *options;
    const struct condemnation *condemnation;
    struct purge_counts *counts;
};

/* One round: whatever send sends is gone when it returns. */
static enum status
delete_round(struct purge *purge,
             enum status (*send)(struct purge *purge, struct deleter *deleter, struct error *err),
             struct error *err)
{
    SCOPED(deleter_freep) struct deleter *deleter = NULL;

    TRY(deleter_start(&deleter, purge->repo->store, purge->options->workers, err));
    TRY(send(purge, deleter, err));
    return deleter_finish(deleter, &purge->counts->objects, err);
}

static enum status
send_manifests(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct condemnation *condemnation = purge->condemnation;

    for (size_t index = 0; index < condemnation->backup_count; index++)
    {
        char key[STORE_KEY_MAX + 1];

        TRY(backup_key(purge->repo, condemnation->backups[index], "manifest", key, err));
        TRY(deleter_send(deleter, key, err));
    }
    return OK;
}

static enum status
send_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) size_bytes;
    return deleter_send(arg, key, err);
}

static enum status
send_folders(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct condemnation *condemnation = purge->condemnation;

    for (size_t index = 0; index < condemnation->backup_count; index++)
    {
        char prefix[STORE_KEY_MAX + 1];

        TRY(backup_key(purge->repo, condemnation->backups[index], "", prefix, err));
        TRY(store_list(purge->repo->store, prefix, "", send_key, deleter, err));
    }
    return OK;
}

static enum status
send_packs(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct pack_set *packs = &purge->condemnation->packs;

    for (size_t index = 0; index < packs->count; index++)
    {
        char key[STORE_KEY_MAX + 1];

        TRY(pack_key(purge->repo, packs->ids[index], key, err));
        TRY(deleter_send(deleter, key, err));
    }
    return OK;
}

static enum status
send_wal_file(void *arg, const char *key, struct error *err)
{
    return deleter_send(arg, key, err);
}

static enum status
send_wal(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct wal_set *wal = &purge->condemnation->wal;

    for (size_t index = 0; index < wal->count; index++)
        TRY(wal_files_visit(purge->repo, &wal->parts[index], send_wal_file, deleter, err));
    return OK;
}

struct memories
{
    const struct condemnation *condemnation;
    struct deleter *deleter;
};

static enum status
send_memory(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct memories *memories = arg;

    (void) size_bytes;
    if (!condemnation_has_verified(memories->condemnation, path_name(key)))
        return OK;
    return deleter_send(memories->deleter, key, err);
}

static enum status
send_memories(struct purge *purge, struct deleter *deleter, struct error *err)
{
    struct memories memories = {purge->condemnation, deleter};
    char prefix[STORE_KEY_MAX + 1];

    TRY(repo_key(purge->repo, prefix, err, "verified/"));
    return store_list(purge->repo->store, prefix, "", send_memory, &memories, err);
}

static enum status
send_documents(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct condemnation *condemnation = purge->condemnation;

    for (size_t index = 0; index < condemnation->dump_count; index++)
    {
        char key[STORE_KEY_MAX + 1];

        TRY(dump_key(purge->repo, condemnation->dumps[index], DUMP_EXTENSION_DOCUMENT, key, err));
        TRY(deleter_send(deleter, key, err));
    }
    return OK;
}

struct dumps
{
    struct repo *repo;
    struct deleter *deleter;
};

static enum status
send_dump(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct dumps *dumps = arg;
    struct object_name name;

    (void) size_bytes;
    TRY(object_name_read(dumps->repo, key, &name, err));
    return name.kind == OBJECT_KIND_NONE ? OK : deleter_send(dumps->deleter, key, err);
}

static enum status
send_dumps(struct purge *purge, struct deleter *deleter, struct error *err)
{
    const struct condemnation *condemnation = purge->condemnation;
    struct dumps dumps = {purge->repo, deleter};

    for (size_t index = 0; index < condemnation->dump_count; index++)
    {
        char prefix[STORE_KEY_MAX + 1];

        TRY(dump_key(purge->repo, condemnation->dumps[index], "", prefix, err));
        TRY(store_list(purge->repo->store, prefix, "", send_dump, &dumps, err));
    }
    return OK;
}

static enum status
delete_dumps(struct purge *purge, struct error *err)
{
    if (purge->condemnation->dump_count == 0)
        return OK;
    TRY(delete_round(purge, send_documents, err));
    CRASH_POINT("expire: after the documents of dumps are deleted"); /* the rest is no dump now */
    return delete_round(purge, send_dumps, err);
}

/*
 * By the protocol it cannot be.  But should it be, whatever went wrong, the
 * catalog's word is worth more than a condemnation's.
 */
static enum status
check_unused(const struct catalog *catalog, const struct condemnation *condemnation,
             struct error *err)
{
    for (size_t index = 0; index < condemnation->backup_count; index++)
        if (catalog_find_backup(catalog, condemnation->backups[index]) != NULL)
            return error_set(
                err, STATUS_CORRUPT, "log entry %llu condemns backup %s, which is in the catalog",
                (unsigned long long) condemnation->number, condemnation->backups[index]);
    for (size_t index = 0; index < condemnation->dump_count; index++)
        if (catalog_find_dump(catalog, condemnation->dumps[index]) != NULL)
            return error_set(err, STATUS_CORRUPT,
                             "log entry %llu condemns dump %s, which is in the catalog",
                             (unsigned long long) condemnation->number, condemnation->dumps[index]);
    return OK;
}

static enum status
delete_all(struct purge *purge, struct error *err)
{
    CRASH_POINT("expire: before the first deletion"); /* all is condemned: the next run goes on */
    TRY(delete_round(purge, send_manifests, err));
    CRASH_POINT("expire: after the manifests are deleted");
    TRY(delete_round(purge, send_folders, err));
    TRY(delete_round(purge, send_packs, err));
    CRASH_POINT("expire: after the packs are deleted");
    TRY(delete_round(purge, send_wal, err));
    TRY(delete_dumps(purge, err));
    if (purge->condemnation->verified_before[0] != '\0')
        TRY(delete_round(purge, send_memories, err));
    CRASH_POINT("expire: before the deletion is in the log"); /* the next run finds nothing left */
    return OK;
}

static enum status
purge_one(struct repo *repo, struct catalog *catalog, size_t index,
          const struct purge_options *options, struct purge_counts *counts, struct error *err)
{
    const struct condemnation *condemnation = &catalog->condemnations[index];
    const struct catalog_entry entry = {.deleted = condemnation->number};
    struct purge purge = {repo, options, condemnation, counts};

    if (condemnation->deleted || condemnation->time > options->condemned_before)
        return OK;
    TRY(check_unused(catalog, condemnation, err));
    TRY(delete_all(&purge, err));
    TRY(catalog_append(repo, catalog, &entry, (struct catalog_check){0}, err));
    counts->condemnations++;
    return OK;
}

enum status
purge_condemned(struct repo *repo, struct catalog *catalog, const struct purge_options *options,
                struct purge_counts *counts, struct error *err)
{
    /* Commits add to the catalog's condemnations, and move none. */
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        TRY(purge_one(repo, catalog, index, options, counts, err));
    return OK;
}
