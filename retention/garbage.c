// SPDX-License-Identifier: PostgreSQL
#include "retention/garbage.h"

#include "base/file.h"
#include "retention/mark.h"
#include "retention/run_ages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unused_pack
{
    uint8_t id[PACK_ID_SIZE];
    uint64_t size_bytes;
};

struct sweep
{
    const struct garbage_question *question;
    struct garbage *garbage;
    struct pack_set live; /* owned; these four */
    bool *live_seen;      /* for each live pack: is it there? */
    struct run_ages ages;
    struct unused_pack *unused; /* that are listed and not live */
    size_t unused_count;
};

static void
release_sweep(struct sweep *sweep)
{
    pack_set_release(&sweep->live);
    free(sweep->live_seen);
    run_ages_release(&sweep->ages);
    free(sweep->unused);
}

void
garbage_release(struct garbage *garbage)
{
    condemnation_release(&garbage->condemned);
    *garbage = (struct garbage){0};
}

/* Is it on its way out already?  What is still there after its deletion is not. */
static bool
pack_is_pending(const struct catalog *catalog, const uint8_t id[PACK_ID_SIZE])
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (!catalog->condemnations[index].deleted &&
            pack_set_has(&catalog->condemnations[index].packs, id))
            return true;
    return false;
}

static bool
folder_is_pending(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (!catalog->condemnations[index].deleted &&
            condemnation_has_backup(&catalog->condemnations[index], id))
            return true;
    return false;
}

static enum status
add_unused(struct sweep *sweep, const uint8_t id[PACK_ID_SIZE], uint64_t size_bytes,
           struct error *err)
{
    if (sweep->unused_count % 1024 == 0)
    {
        struct unused_pack *grown =
            realloc(sweep->unused, (sweep->unused_count + 1024) * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        sweep->unused = grown;
    }
    memcpy(sweep->unused[sweep->unused_count].id, id, PACK_ID_SIZE);
    sweep->unused[sweep->unused_count++].size_bytes = size_bytes;
    return OK;
}

static enum status
see_pack(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct sweep *sweep = arg;
    uint8_t id[PACK_ID_SIZE];
    char expected[STORE_KEY_MAX + 1];
    size_t place;

    if (!hex_decode(path_name(key), id, sizeof(id)))
        return OK;
    TRY(pack_key(sweep->question->repo, id, expected, err));
    if (strcmp(key, expected) != 0)
        return OK;
    TRY(run_ages_see(&sweep->ages, pack_id_tag(id), pack_id_time(id), err));
    if (pack_set_find(&sweep->live, id, &place))
    {
        sweep->live_seen[place] = true;
        return OK;
    }
    return pack_is_pending(sweep->question->catalog, id) ? OK
                                                         : add_unused(sweep, id, size_bytes, err);
}

/* A listing that lacks what must be there is no listing to delete by. */
static enum status
check_live_packs(const struct sweep *sweep, struct error *err)
{
    for (size_t index = 0; index < sweep->live.count; index++)
    {
        char text[2 * PACK_ID_SIZE + 1];

        if (sweep->live_seen[index])
            continue;
        hex_encode((struct bytes){sweep->live.ids[index], PACK_ID_SIZE}, text);
        error_set(err, STATUS_CORRUPT, "pack %s, which a backup that stays uses, is missing", text);
        error_hint(err, "Nothing expires while packs are missing. \"redoubt verify\" tells which "
                        "backups are damaged, \"redoubt expire --forget\" gives one up.");
        return STATUS_CORRUPT;
    }
    return OK;
}

static enum status
list_packs(struct sweep *sweep, struct error *err)
{
    const struct garbage_question *question = sweep->question;
    char prefix[STORE_KEY_MAX + 1];

    sweep->live_seen = calloc(sweep->live.count + 1, sizeof(*sweep->live_seen));
    if (sweep->live_seen == NULL)
        return error_no_memory(err);
    TRY(repo_key(question->repo, prefix, err, "packs/"));
    TRY(store_list(question->repo->store, prefix, "", see_pack, sweep, err));
    return check_live_packs(sweep, err);
}

static bool
is_dead(const struct sweep *sweep, uint32_t tag)
{
    return run_ages_last_seen(&sweep->ages, tag) < sweep->question->dead_before;
}

static enum status
condemn_packs(struct sweep *sweep, struct error *err)
{
    struct garbage *garbage = sweep->garbage;

    for (size_t index = 0; index < sweep->unused_count; index++)
    {
        const struct unused_pack *pack = &sweep->unused[index];

        if (!is_dead(sweep, pack_id_tag(pack->id)))
        {
            garbage->spared_packs++;
            continue;
        }
        TRY(pack_set_add(&garbage->condemned.packs, pack->id, err));
        garbage->pack_bytes += pack->size_bytes;
    }
    pack_set_sort(&garbage->condemned.packs);
    return OK;
}

/* Backups that the plan lets go leave the catalog before their folders are condemned. */
static bool
is_kept(const struct retention_plan *plan, const char *id)
{
    for (size_t index = 0; index < plan->backup_count; index++)
        if (plan->backups[index].keep && strcmp(plan->backups[index].backup->id, id) == 0)
            return true;
    return false;
}

static enum status
condemn_folder(struct sweep *sweep, const char *id, struct error *err)
{
    const struct catalog *catalog = sweep->question->catalog;
    struct condemnation *condemned = &sweep->garbage->condemned;
    time_us began;

    if (!backup_id_is_valid(id) || is_kept(sweep->question->plan, id) ||
        folder_is_pending(catalog, id) || condemnation_has_backup(condemned, id))
        return OK;
    if (!time_parse_name(id, &began)) /* an id begins with the time at which its run began */
        return OK;                    /* no time that there is: not an id of ours */
    TRY(run_ages_see(&sweep->ages, backup_tag(id), began, err));
    return is_dead(sweep, backup_tag(id)) ? condemnation_add_backup(condemned, id, err) : OK;
}

struct folders
{
    struct sweep *sweep;
    size_t prefix_size;
    char last[BACKUP_ID_SIZE]; /* the folder that was looked at last */
};

static enum status
see_folder(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct folders *folders = arg;
    const char *name = key + folders->prefix_size;
    size_t size = strcspn(name, "/");

    (void) size_bytes;
    if (size >= BACKUP_ID_SIZE || name[size] == '\0')
        return OK;
    if (strncmp(folders->last, name, size) == 0 && folders->last[size] == '\0')
        return OK;
    snprintf(folders->last, sizeof(folders->last), "%.*s", (int) size, name);
    return condemn_folder(folders->sweep, folders->last, err);
}

static enum status
condemn_folders(struct sweep *sweep, struct error *err)
{
    struct repo *repo = sweep->question->repo;
    struct folders folders = {.sweep = sweep};
    char prefix[STORE_KEY_MAX + 1];

    TRY(repo_key(repo, prefix, err, "backups/"));
    folders.prefix_size = strlen(prefix);
    return store_list(repo->store, prefix, "", see_folder, &folders, err);
}

/* The segments of a run that the plan lets go. */
static enum status
condemn_run(const struct garbage_question *question, const struct wal_part *part,
            const struct wal_run *run, struct wal_runs *gone, struct error *err)
{
    for (uint64_t number = run->first; number <= run->last; number++)
    {
        struct pg_wal_segment segment = {run->timeline, number};

        if (!retention_plan_keeps_wal(question->plan, part->system_identifier, segment))
            TRY(wal_runs_add(gone, (struct wal_run){run->timeline, number, number}, err));
    }
    return OK;
}

static void
release_part(struct wal_part *part)
{
    wal_runs_release(&part->runs);
}

static enum status
condemn_part(const struct garbage_question *question, const struct wal_part *part,
             struct condemnation *condemned, struct error *err)
{
    const struct catalog *catalog = question->catalog;
    SCOPED(release_part)
    struct wal_part gone = {part->system_identifier, part->segment_size, {0}};
    struct wal_runs *runs = &gone.runs;

    for (size_t index = 0; index < part->runs.count; index++)
        TRY(condemn_run(question, part, &part->runs.items[index], runs, err));
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (!catalog->condemnations[index].deleted)
            TRY(wal_runs_subtract(
                runs, wal_set_runs(&catalog->condemnations[index].wal, part->system_identifier),
                err));
    return wal_set_add(&condemned->wal, &gone, err);
}

static bool
verified_is_pending(const struct catalog *catalog, const char *name)
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (!catalog->condemnations[index].deleted &&
            condemnation_has_verified(&catalog->condemnations[index], name))
            return true;
    return false;
}

/* What verify remembers, as far as a listing of it went. */
struct memories
{
    const struct catalog *catalog;
    uint64_t count;      /* that nothing condemns yet */
    uint64_t superseded; /* of these, before the newest whole one */
    char newest_whole[VERIFIED_NAME_SIZE];
};

static enum status
see_memory(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct memories *memories = arg;
    const char *name = path_name(key);

    (void) size_bytes;
    (void) err;
    if (!verified_name_is_valid(name))
        return OK;
    if (verified_name_is_whole(name))
    {
        memories->superseded = memories->count;
        snprintf(memories->newest_whole, sizeof(memories->newest_whole), "%s", name);
    }
    if (!verified_is_pending(memories->catalog, name))
        memories->count++;
    return OK;
}

/* No verification depends on them: one that still reads them has the grace time to do so. */
static enum status
condemn_memories(const struct garbage_question *question, struct garbage *garbage,
                 struct error *err)
{
    struct memories memories = {.catalog = question->catalog};
    char prefix[STORE_KEY_MAX + 1];

    TRY(repo_key(question->repo, prefix, err, "verified/"));
    TRY(store_list(question->repo->store, prefix, "", see_memory, &memories, err));
    if (memories.superseded == 0)
        return OK;
    garbage->verified = memories.superseded;
    memcpy(garbage->condemned.verified_before, memories.newest_whole, VERIFIED_NAME_SIZE);
    return OK;
}

static enum status
condemn_dumps(const struct garbage_question *question, struct garbage *garbage, struct error *err)
{
    const struct dump_question dumps = {
        .repo = question->repo,
        .catalog = question->catalog,
        .plan = question->dumps,
        .dead_before = question->dead_dumps_before,
    };

    return dump_garbage_find(&dumps, &garbage->condemned, &garbage->dump_bytes, err);
}

static enum status
find(struct sweep *sweep, struct error *err)
{
    const struct garbage_question *question = sweep->question;

    TRY(mark_packs(question->repo, question->plan, &sweep->live, err));
    TRY(list_packs(sweep, err));
    TRY(condemn_packs(sweep, err));
    TRY(condemn_folders(sweep, err));
    TRY(condemn_dumps(question, sweep->garbage, err));
    TRY(condemn_memories(question, sweep->garbage, err));
    for (size_t index = 0; index < question->wal->count; index++)
        TRY(condemn_part(question, &question->wal->parts[index], &sweep->garbage->condemned, err));
    return OK;
}

enum status
garbage_find(const struct garbage_question *question, struct garbage *garbage, struct error *err)
{
    SCOPED(release_sweep) struct sweep sweep = {.question = question, .garbage = garbage};

    return find(&sweep, err);
}
