// SPDX-License-Identifier: PostgreSQL
#include "retention/prune.h"

#include "base/stop.h"
#include "repo/catalog.h"
#include "repo/difference.h"
#include "repo/log_entry.h"
#include "repo/object_name.h"
#include "retention/deleter.h"

#include <stdlib.h>
#include <string.h>

/* What the target has and the original has not. */
struct candidate
{
    struct object_name name;
    uint64_t size_bytes;
    bool deleted; /* from the original, as the log says */
    char *key;    /* owned */
};

struct prune
{
    struct repo *original;
    struct repo *target;
    struct candidate *candidates; /* owned */
    size_t count;
    size_t unexplained;    /* candidates that no entry was found for */
    uint64_t *carried_out; /* owned: numbers of condemnations */
    size_t carried_out_count;
};

static void
release_prune(struct prune *prune)
{
    for (size_t index = 0; index < prune->count; index++)
        free(prune->candidates[index].key);
    free(prune->candidates);
    free(prune->carried_out);
}

static enum status
add_candidate(struct prune *prune, const struct difference *difference,
              const struct object_name *name, struct error *err)
{
    struct candidate candidate = {.name = *name, .size_bytes = difference->target_size};

    if (prune->count % 256 == 0)
    {
        struct candidate *grown = realloc(prune->candidates, (prune->count + 256) * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        prune->candidates = grown;
    }
    candidate.key = strdup(difference->key);
    if (candidate.key == NULL)
        return error_no_memory(err);
    prune->candidates[prune->count++] = candidate;
    return OK;
}

static enum status
see_object(void *arg, const struct difference *difference, struct error *err)
{
    struct prune *prune = arg;
    struct object_name name;

    if (difference->in_source)
        return OK;
    TRY(object_name_read(prune->target, difference->key, &name, err));
    if (name.kind == OBJECT_KIND_NONE || name.kind == OBJECT_KIND_LINEAGE)
        return OK;
    return add_candidate(prune, difference, &name, err);
}

/* What refers comes before what it refers to, as in retention/purge.h. */
static enum status
find_candidates(struct prune *prune, struct error *err)
{
    static const char *const folders[] = {"backups/", "packs/", "wal/", "dumps/"};
    char prefix[STORE_KEY_MAX + 1];

    for (size_t index = 0; index < sizeof(folders) / sizeof(folders[0]); index++)
    {
        TRY(repo_key(prune->target, prefix, err, "%s", folders[index]));
        TRY(difference_visit(prune->original->store, prune->target->store, prefix, see_object,
                             prune, err));
    }
    prune->unexplained = prune->count;
    return OK;
}

static bool
wal_is_in(const struct wal_set *wal, const struct object_name *name)
{
    for (size_t index = 0; index < wal->count; index++)
    {
        const struct wal_part *part = &wal->parts[index];
        uint64_t per_log = (UINT64_C(1) << 32) / part->segment_size;
        struct pg_wal_segment segment = {name->wal.timeline,
                                         name->wal.log * per_log + name->wal.log_segment};

        if (part->system_identifier == name->system_identifier &&
            wal_runs_have(&part->runs, segment))
            return true;
    }
    return false;
}

static bool
is_in(const struct condemnation *condemnation, const struct object_name *name)
{
    switch (name->kind)
    {
    case OBJECT_KIND_PACK:
        return pack_set_has(&condemnation->packs, name->pack);
    case OBJECT_KIND_WAL:
        return name->wal.kind != PG_WAL_FILE_HISTORY && wal_is_in(&condemnation->wal, name);
    case OBJECT_KIND_MANIFEST:
    case OBJECT_KIND_BACKUP:
    case OBJECT_KIND_BACKUP_WAL:
        return condemnation_has_backup(condemnation, name->backup);
    case OBJECT_KIND_DUMP:
    case OBJECT_KIND_DUMP_GLOBALS:
    case OBJECT_KIND_DUMP_DOCUMENT:
        return condemnation_has_dump(condemnation, name->dump);
    case OBJECT_KIND_NONE:
    case OBJECT_KIND_LINEAGE:
    case OBJECT_KIND_DRILL: /* receipts are kept for ever */
        break;
    }
    return false;
}

static enum status
take_condemnation(struct prune *prune, const struct log_entry *entry, struct error *err)
{
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const json_t *object;
    bool carried_out = false;

    for (size_t index = 0; index < prune->carried_out_count; index++)
        carried_out |= prune->carried_out[index] == entry->number;
    if (!carried_out)
        return OK;
    TRY(member_object(entry->members, "condemn", &object, err));
    TRY(condemnation_from_json(object, &condemnation, err));
    for (size_t index = 0; index < prune->count; index++)
    {
        struct candidate *candidate = &prune->candidates[index];

        if (candidate->deleted || !is_in(&condemnation, &candidate->name))
            continue;
        candidate->deleted = true;
        prune->unexplained--;
    }
    return OK;
}

static enum status
take_deletion(struct prune *prune, const struct log_entry *entry, struct error *err)
{
    const json_t *object;
    uint64_t number;
    uint64_t *grown;

    TRY(member_object(entry->members, "delete", &object, err));
    TRY(member_u64(object, "condemned", &number, err));
    grown = realloc(prune->carried_out, (prune->carried_out_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    prune->carried_out = grown;
    prune->carried_out[prune->carried_out_count++] = number;
    return OK;
}

static enum status
take_entry(struct prune *prune, uint64_t number, struct error *err)
{
    SCOPED(log_entry_release) struct log_entry entry = {0};
    const char *kind;

    TRY(stop_check(err));
    TRY(log_entry_read(prune->target, number, &entry, err));
    TRY(member_text(entry.members, "kind", &kind, err));
    if (strcmp(kind, "delete") == 0)
        return take_deletion(prune, &entry, err);
    return strcmp(kind, "condemn") == 0 ? take_condemnation(prune, &entry, err) : OK;
}

/* Newest entries first: usually they explain everything.  A deletion follows its condemnation. */
static enum status
explain_candidates(struct prune *prune, struct error *err)
{
    uint64_t number;

    if (prune->count == 0)
        return OK;
    TRY(log_entry_last(prune->target, 0, &number, err));
    for (; number > 0 && prune->unexplained > 0; number--)
        TRY(take_entry(prune, number, err));
    return OK;
}

/* By the protocol it cannot be; but the catalog's word is worth more than a condemnation's. */
static enum status
check_unused(const struct prune *prune, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};

    TRY(catalog_load(prune->target, &catalog, err));
    for (size_t index = 0; index < prune->count; index++)
    {
        const struct candidate *candidate = &prune->candidates[index];
        const struct object_name *name = &candidate->name;

        if (!candidate->deleted)
            continue;
        if (name->backup[0] != '\0' && catalog_find_backup(&catalog, name->backup) != NULL)
            return error_set(err, STATUS_CORRUPT,
                             "backup %s was deleted, as the log says, and is in the catalog",
                             name->backup);
        if (name->dump[0] != '\0' && catalog_find_dump(&catalog, name->dump) != NULL)
            return error_set(err, STATUS_CORRUPT,
                             "dump %s was deleted, as the log says, and is in the catalog",
                             name->dump);
    }
    return OK;
}

/* What refers to the other objects of its backup or dump. */
static bool
is_head(const struct candidate *candidate)
{
    return candidate->name.kind == OBJECT_KIND_MANIFEST ||
           candidate->name.kind == OBJECT_KIND_DUMP_DOCUMENT;
}

/* One round: all that was sent is gone when it returns. */
static enum status
delete_round(struct prune *prune, bool heads, unsigned workers, struct prune_counts *counts,
             struct error *err)
{
    SCOPED(deleter_freep) struct deleter *deleter = NULL;

    TRY(deleter_start(&deleter, prune->target->store, workers, err));
    for (size_t index = 0; index < prune->count; index++)
    {
        const struct candidate *candidate = &prune->candidates[index];

        if (!candidate->deleted || is_head(candidate) != heads)
            continue;
        TRY(deleter_send(deleter, candidate->key, err));
        counts->bytes += candidate->size_bytes;
    }
    return deleter_finish(deleter, &counts->objects, err);
}

enum status
prune_copy(struct repo *original, struct repo *target, unsigned workers,
           struct prune_counts *counts, struct error *err)
{
    SCOPED(release_prune) struct prune prune = {.original = original, .target = target};

    TRY(find_candidates(&prune, err));
    TRY(explain_candidates(&prune, err));
    if (prune.unexplained == prune.count)
        return OK;
    TRY(check_unused(&prune, err));
    TRY(delete_round(&prune, true, workers, counts, err));
    return delete_round(&prune, false, workers, counts, err);
}
