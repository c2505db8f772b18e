// SPDX-License-Identifier: PostgreSQL
#include "repo/catalog.h"

#include "base/crash.h"
#include "base/file.h"
#include "base/random.h"
#include "repo/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_LIMIT    ((size_t) 64 << 20)
#define COMMIT_TRIES   1000
#define ENTRY_ID_BYTES 16

static enum status
entry_key(struct repo *repo, uint64_t number, char key[STORE_KEY_MAX + 1], struct error *err)
{
    return repo_key(repo, key, err, "log/%020llu.json", (unsigned long long) number);
}

void
catalog_release(struct catalog *catalog)
{
    free(catalog->backups);
    free(catalog->lineages);
    *catalog = (struct catalog){0};
}

static enum status
add_backup(struct catalog *catalog, const struct backup *backup, struct error *err)
{
    struct backup *grown =
        realloc(catalog->backups, (catalog->backup_count + 1) * sizeof(*catalog->backups));

    if (grown == NULL)
        return error_no_memory(err);
    catalog->backups = grown;
    catalog->backups[catalog->backup_count++] = *backup;
    return OK;
}

static enum status
add_lineage(struct catalog *catalog, const struct lineage *lineage, struct error *err)
{
    struct lineage *grown =
        realloc(catalog->lineages, (catalog->lineage_count + 1) * sizeof(*catalog->lineages));

    if (grown == NULL)
        return error_no_memory(err);
    catalog->lineages = grown;
    catalog->lineages[catalog->lineage_count++] = *lineage;
    return OK;
}

static enum status
add_backup_json(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct backup backup = {0};

    TRY(backup_from_json(object, &backup, err));
    return add_backup(catalog, &backup, err);
}

static enum status
add_lineage_json(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct lineage lineage = {0};

    TRY(lineage_from_json(object, &lineage, err));
    return add_lineage(catalog, &lineage, err);
}

static enum status
add_each(struct catalog *catalog, const json_t *entry, const char *name,
         enum status (*add)(struct catalog *catalog, const json_t *object, struct error *err),
         struct error *err)
{
    const json_t *array;

    TRY(member_array(entry, name, &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
        TRY(add(catalog, json_array_get(array, index), err));
    return OK;
}

/* A checkpoint replaces what came before it, which is the same. */
static enum status
apply_checkpoint(struct catalog *catalog, const json_t *entry, struct error *err)
{
    catalog_release(catalog);
    TRY(add_each(catalog, entry, "lineages", add_lineage_json, err));
    return add_each(catalog, entry, "backups", add_backup_json, err);
}

static enum status
apply(struct catalog *catalog, const json_t *entry, struct error *err)
{
    const json_t *object;
    const char *kind;

    TRY(member_text(entry, "kind", &kind, err));
    if (strcmp(kind, "checkpoint") == 0)
        return apply_checkpoint(catalog, entry, err);
    if (strcmp(kind, "lineage") == 0)
    {
        TRY(member_object(entry, "lineage", &object, err));
        return add_lineage_json(catalog, object, err);
    }
    if (strcmp(kind, "backup") == 0)
    {
        TRY(member_object(entry, "backup", &object, err));
        return add_backup_json(catalog, object, err);
    }
    error_set(err, STATUS_UNSUPPORTED, "unknown kind \"%s\"", kind);
    error_hint(err, "A newer redoubt wrote it: upgrade this one.");
    return STATUS_UNSUPPORTED;
}

static enum status
parse_entry(struct bytes text, uint64_t number, json_t **entry, struct error *err)
{
    uint32_t version;
    uint64_t stored_number;

    TRY(json_parse(text, ENTRY_LIMIT, entry, err));
    TRY(member_u32(*entry, "version", &version, err));
    if (version != 1)
        return error_set(err, STATUS_UNSUPPORTED, "log entry has version %u, expected 1", version);
    TRY(member_u64(*entry, "number", &stored_number, err));
    if (stored_number != number)
        return error_set(err, STATUS_CORRUPT, "log entry is numbered %llu",
                         (unsigned long long) stored_number);
    return OK;
}

/* Read one entry and apply it.  id, which may be NULL, is what identifies its writer. */
static enum status
replay(struct repo *repo, struct catalog *catalog, uint64_t number, char *id, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(ENTRY_LIMIT);
    SCOPED(json_freep) json_t *entry = NULL;
    char key[STORE_KEY_MAX + 1];
    const char *stored_id;
    enum status status;

    TRY(entry_key(repo, number, key, err));
    status = object_get(repo, key, OBJECT_PLAIN, &text, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_CORRUPT, "log entry \"%s\" is missing", key);
    if (status == OK)
        status = parse_entry(buffer_bytes(&text), number, &entry, err);
    if (status == OK)
        status = apply(catalog, entry, err);
    if (status == OK && id != NULL)
    {
        status = member_text(entry, "id", &stored_id, err);
        if (status == OK)
            snprintf(id, 2 * ENTRY_ID_BYTES + 1, "%s", stored_id);
    }
    if (status != OK)
        error_context(err, "log entry \"%s\"", key);
    else
        catalog->last_number = number;
    return status;
}

/* The listing must be 1, 2, 3 without a hole: a hole is a loss, not an end. */
static enum status
count_entry(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    uint64_t *last = arg;
    char expected[32];

    (void) size_bytes;
    snprintf(expected, sizeof(expected), "%020llu.json", (unsigned long long) *last + 1);
    if (strcmp(path_name(key), expected) != 0)
        return error_set(err, STATUS_CORRUPT, "the cluster's log has \"%s\" where \"%s\" belongs",
                         path_name(key), expected);
    (*last)++;
    return OK;
}

enum status
catalog_load(struct repo *repo, struct catalog *catalog, struct error *err)
{
    char prefix[STORE_KEY_MAX + 1];
    uint64_t last = 0;
    uint64_t first;

    catalog_release(catalog);
    TRY(repo_key(repo, prefix, err, "log/"));
    TRY(store_list(repo->store, prefix, "", count_entry, &last, err));
    first = last / CATALOG_CHECKPOINT * CATALOG_CHECKPOINT;
    for (uint64_t number = first == 0 ? 1 : first; number <= last; number++)
        TRY(replay(repo, catalog, number, NULL, err));
    return OK;
}

static json_t *
checkpoint_to_json(const struct catalog *catalog)
{
    json_t *lineages = json_array();
    json_t *backups = json_array();

    for (size_t index = 0; index < catalog->lineage_count; index++)
        json_array_append_new(lineages, lineage_to_json(&catalog->lineages[index]));
    for (size_t index = 0; index < catalog->backup_count; index++)
        json_array_append_new(backups, backup_to_json(&catalog->backups[index]));
    return json_pack("{s:s, s:o, s:o}", "kind", "checkpoint", "lineages", lineages, "backups",
                     backups);
}

/* The entry as it goes into the log, but for its number.  NULL: a checkpoint. */
static json_t *
entry_to_json(const struct catalog *catalog, const struct catalog_entry *entry)
{
    if (entry == NULL)
        return checkpoint_to_json(catalog);
    if (entry->lineage != NULL)
        return json_pack("{s:s, s:o}", "kind", "lineage", "lineage",
                         lineage_to_json(entry->lineage));
    return json_pack("{s:s, s:o}", "kind", "backup", "backup", backup_to_json(entry->backup));
}

static enum status
put_entry(struct repo *repo, uint64_t number, const char *id, json_t *object, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(ENTRY_LIMIT);
    SCOPED(json_freep) json_t *whole = NULL;
    char host[256] = "";
    char time[TIME_TEXT_SIZE];
    char key[STORE_KEY_MAX + 1];

    gethostname(host, sizeof(host) - 1);
    time_format(clock_now(), time);
    whole = json_pack("{s:i, s:o, s:s, s:s, s:s, s:s}", "version", 1, "number", json_u64(number),
                      "id", id, "time", time, "host", host, "agent", "redoubt " REDOUBT_VERSION);
    if (whole == NULL || object == NULL || json_object_update(whole, object) != 0)
        return error_no_memory(err);
    TRY(json_append(whole, &text, err));
    TRY(entry_key(repo, number, key, err));
    return object_put(repo, key, OBJECT_PLAIN, buffer_bytes(&text), err);
}

static enum status
make_entry_id(char id[2 * ENTRY_ID_BYTES + 1], struct error *err)
{
    uint8_t random[ENTRY_ID_BYTES];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, id);
    return OK;
}

/*
 * Try to write the next number.  CONFLICT: somebody else did, and the catalog
 * now has what they wrote.  A reply that was lost looks the same, so the id
 * tells whether the winner was this very call.
 */
static enum status
try_append(struct repo *repo, struct catalog *catalog, const struct catalog_entry *entry,
           const char *id, struct error *err)
{
    SCOPED(json_freep) json_t *object = entry_to_json(catalog, entry);
    char winner[2 * ENTRY_ID_BYTES + 1] = "";
    uint64_t number = catalog->last_number + 1;
    enum status status = put_entry(repo, number, id, object, err);

    if (status == OK)
    {
        /* It is committed: no failure to read it back may say otherwise. */
        TRY(apply(catalog, object, err));
        catalog->last_number = number;
        return OK;
    }
    if (status != STATUS_CONFLICT)
        return status;
    TRY(replay(repo, catalog, number, winner, err));
    if (strcmp(winner, id) == 0)
        return OK;
    return error_set(err, STATUS_CONFLICT, "another writer took log entry %llu",
                     (unsigned long long) number);
}

enum status
catalog_append(struct repo *repo, struct catalog *catalog, const struct catalog_entry *entry,
               struct catalog_check check, struct error *err)
{
    char id[2 * ENTRY_ID_BYTES + 1];
    char checkpoint_id[2 * ENTRY_ID_BYTES + 1];

    TRY(make_entry_id(id, err));
    for (int try = 0; try < COMMIT_TRIES; try++)
    {
        bool checkpoint = (catalog->last_number + 1) % CATALOG_CHECKPOINT == 0;
        enum status status;

        if (check.holds != NULL)
            TRY(check.holds(check.arg, catalog, err));
        TRY(make_entry_id(checkpoint_id, err));
        CRASH_POINT("log: before the entry exists"); /* nothing was committed */
        status = try_append(repo, catalog, checkpoint ? NULL : entry,
                            checkpoint ? checkpoint_id : id, err);
        if (status == OK && !checkpoint)
        {
            CRASH_POINT("log: after the entry exists"); /* it is committed */
            return OK;
        }
        if (status != OK && status != STATUS_CONFLICT)
            return status;
    }
    return error_set(err, STATUS_TRANSIENT, "could not win a log entry in %d tries", COMMIT_TRIES);
}

const struct backup *
catalog_find_backup(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->backup_count; index++)
        if (strcmp(catalog->backups[index].id, id) == 0)
            return &catalog->backups[index];
    return NULL;
}

const struct lineage *
catalog_find_lineage(const struct catalog *catalog, uint64_t system_identifier)
{
    for (size_t index = 0; index < catalog->lineage_count; index++)
        if (catalog->lineages[index].system_identifier == system_identifier)
            return &catalog->lineages[index];
    return NULL;
}

const struct lineage *
catalog_present_lineage(const struct catalog *catalog)
{
    return catalog->lineage_count == 0 ? NULL : &catalog->lineages[catalog->lineage_count - 1];
}
