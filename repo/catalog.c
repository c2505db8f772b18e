// SPDX-License-Identifier: PostgreSQL
#include "repo/catalog.h"

#include "base/crash.h"
#include "repo/catalog_entry.h"
#include "repo/log_entry.h"

#include <stdlib.h>
#include <string.h>

#define COMMIT_TRIES 1000

void
catalog_release(struct catalog *catalog)
{
    free(catalog->backups);
    free(catalog->dumps);
    free(catalog->departed_dumps);
    free(catalog->lineages);
    free(catalog->holds);
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        condemnation_release(&catalog->condemnations[index]);
    free(catalog->condemnations);
    wal_set_release(&catalog->condemned_wal);
    free(catalog->drills);
    *catalog = (struct catalog){0};
}

/* Read one entry and take it in.  winner, which may be NULL, is given its id. */
static enum status
replay(struct repo *repo, struct catalog *catalog, uint64_t number, char *winner, struct error *err)
{
    SCOPED(log_entry_release) struct log_entry entry = {0};

    TRY(log_entry_read(repo, number, &entry, err));
    if (winner != NULL)
        memcpy(winner, entry.id, LOG_ENTRY_ID_SIZE);
    return catalog_entry_apply(repo, catalog, &entry, err);
}

/*
 * Can reading begin there?  Not at the checkpoint of a version that did not know
 * of all that may not be forgotten: it may have begun itself at one that had it.
 */
static bool
is_beginning(const struct log_entry *entry)
{
    static const char *const lists[] = {"lineages", "backups",   "dumps",        "departed_dumps",
                                        "holds",    "condemned", "condemned_wal"};
    const char *kind = json_string_value(json_object_get(entry->members, "kind"));

    if (kind == NULL || strcmp(kind, "checkpoint") != 0)
        return false;
    for (size_t index = 0; index < sizeof(lists) / sizeof(lists[0]); index++)
        if (!member_exists(entry->members, lists[index]))
            return false;
    return true;
}

/* At the newest checkpoint that there is to begin at; without one at the first entry. */
static enum status
begin(struct repo *repo, struct catalog *catalog, uint64_t last, struct error *err)
{
    uint64_t number = last / CATALOG_CHECKPOINT * CATALOG_CHECKPOINT;

    for (; number > 0; number -= CATALOG_CHECKPOINT)
    {
        SCOPED(log_entry_release) struct log_entry entry = {0};

        TRY(log_entry_read(repo, number, &entry, err));
        if (is_beginning(&entry))
            return catalog_entry_apply(repo, catalog, &entry, err);
    }
    return OK;
}

enum status
catalog_load(struct repo *repo, struct catalog *catalog, struct error *err)
{
    uint64_t last;

    TRY(log_entry_last(repo, catalog->last_number, &last, err));
    if (catalog->last_number == 0)
        TRY(begin(repo, catalog, last, err));
    for (uint64_t number = catalog->last_number + 1; number <= last; number++)
        TRY(replay(repo, catalog, number, NULL, err));
    return OK;
}

/*
 * Try to write the next number.  CONFLICT: somebody else did, and the catalog
 * now has what they wrote.  A reply that was lost looks the same, so the id
 * tells whether the winner was this very call.
 */
static enum status
try_append(struct repo *repo, struct catalog *catalog, const struct catalog_entry *entry,
           const char id[LOG_ENTRY_ID_SIZE], struct error *err)
{
    SCOPED(log_entry_release)
    struct log_entry made = {
        .number = catalog->last_number + 1,
        .members = catalog_entry_to_json(catalog, entry),
    };
    char winner[LOG_ENTRY_ID_SIZE];
    enum status status;

    memcpy(made.id, id, LOG_ENTRY_ID_SIZE);
    status = log_entry_create(repo, &made, err);
    /* It is committed: no failure to read it back may say otherwise. */
    if (status == OK)
        return catalog_entry_apply(repo, catalog, &made, err);
    if (status != STATUS_CONFLICT)
        return status;
    TRY(replay(repo, catalog, made.number, winner, err));
    if (memcmp(winner, id, LOG_ENTRY_ID_SIZE) == 0)
        return OK;
    return error_set(err, STATUS_CONFLICT, "another writer took log entry %llu",
                     (unsigned long long) made.number);
}

/* Write the checkpoint whose turn it is; who else does so writes the same. */
static enum status
append_checkpoint(struct repo *repo, struct catalog *catalog, struct error *err)
{
    char id[LOG_ENTRY_ID_SIZE];
    enum status status;

    TRY(log_entry_make_id(id, err));
    status = try_append(repo, catalog, NULL, id, err);
    return status == STATUS_CONFLICT ? OK : status;
}

enum status
catalog_append(struct repo *repo, struct catalog *catalog, const struct catalog_entry *entry,
               struct catalog_check check, struct error *err)
{
    char id[LOG_ENTRY_ID_SIZE];

    if (repo->copy)
        return error_set(err, STATUS_REFUSED,
                         "%s is a copy: what happens is committed to its original",
                         repo->store->location);
    TRY(log_entry_make_id(id, err));
    for (int try = 0; try < COMMIT_TRIES; try++)
    {
        enum status status;

        if ((catalog->last_number + 1) % CATALOG_CHECKPOINT == 0)
            TRY(append_checkpoint(repo, catalog, err));
        if (check.holds != NULL)
            TRY(check.holds(check.arg, catalog, err));
        CRASH_POINT("log: before the entry exists"); /* nothing was committed */
        status = try_append(repo, catalog, entry, id, err);
        if (status == OK)
            CRASH_POINT("log: after the entry exists"); /* it is committed */
        if (status != STATUS_CONFLICT)
            return status;
        /* Who lost may have slept for long: read all that happened at once. */
        TRY(catalog_load(repo, catalog, err));
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

const struct dump *
catalog_find_dump(const struct catalog *catalog, const char *id)
{
    struct dump wanted;
    struct error ignored;

    if (dump_id_parse(id, &wanted, &ignored) != OK)
        return NULL;
    for (size_t index = 0; index < catalog->dump_count; index++)
    {
        const struct dump *dump = &catalog->dumps[index];

        if (strcmp(dump->name, wanted.name) == 0 && strcmp(dump->database, wanted.database) == 0)
            return dump;
    }
    return NULL;
}

/* Both are of one catalog. */
static int
compare_dumps(const void *left, const void *right)
{
    const struct dump *first = *(const struct dump *const *) left;
    const struct dump *second = *(const struct dump *const *) right;
    int order = strcmp(first->database, second->database);

    return order != 0 ? order : (first > second) - (first < second);
}

enum status
catalog_sort_dumps(const struct catalog *catalog, const struct dump ***sorted, struct error *err)
{
    *sorted = calloc(catalog->dump_count + 1, sizeof(**sorted));
    if (*sorted == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < catalog->dump_count; index++)
        (*sorted)[index] = &catalog->dumps[index];
    qsort(*sorted, catalog->dump_count, sizeof(**sorted), compare_dumps);
    return OK;
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

const struct hold *
catalog_find_hold(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->hold_count; index++)
        if (strcmp(catalog->holds[index].id, id) == 0)
            return &catalog->holds[index];
    return NULL;
}

const struct drill *
catalog_find_drill(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->drill_count; index++)
        if (strcmp(catalog->drills[index].id, id) == 0)
            return &catalog->drills[index];
    return NULL;
}

const struct drill *
catalog_last_drill(const struct catalog *catalog)
{
    return catalog->drill_count == 0 ? NULL : &catalog->drills[catalog->drill_count - 1];
}
