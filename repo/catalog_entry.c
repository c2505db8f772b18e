// SPDX-License-Identifier: PostgreSQL
#include "repo/catalog_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes what an entry, or an element of a checkpoint's, says. */
typedef enum status (*taker)(struct catalog *catalog, const json_t *object, struct error *err);

/* One more element at the end of an owned array. */
#define GROW(array, count, err)                                                                    \
    do                                                                                             \
    {                                                                                              \
        void *grown_ = realloc((array), ((count) + 1) * sizeof(*(array)));                         \
        if (grown_ == NULL)                                                                        \
            return error_no_memory(err);                                                           \
        (array) = grown_;                                                                          \
    } while (0)

static enum status
add_backup(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct backup backup = {0};

    TRY(backup_from_json(object, &backup, err));
    GROW(catalog->backups, catalog->backup_count, err);
    catalog->backups[catalog->backup_count++] = backup;
    return OK;
}

static enum status
add_dump(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct dump dump;

    TRY(dump_from_json(object, &dump, err));
    GROW(catalog->dumps, catalog->dump_count, err);
    catalog->dumps[catalog->dump_count++] = dump;
    return OK;
}

static enum status
pass_over(struct catalog *catalog, const json_t *object, struct error *err)
{
    (void) catalog;
    (void) object;
    (void) err;
    return OK;
}

static enum status
add_lineage(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct lineage lineage = {0};

    TRY(lineage_from_json(object, &lineage, err));
    GROW(catalog->lineages, catalog->lineage_count, err);
    catalog->lineages[catalog->lineage_count++] = lineage;
    return OK;
}

static void
remove_hold(struct catalog *catalog, const char *id)
{
    const struct hold *hold = catalog_find_hold(catalog, id);

    if (hold != NULL)
        catalog->holds[hold - catalog->holds] = catalog->holds[--catalog->hold_count];
}

static enum status
add_hold(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct hold hold;

    TRY(hold_from_json(object, &hold, err));
    remove_hold(catalog, hold.id);
    if (catalog_find_backup(catalog, hold.id) == NULL &&
        catalog_find_dump(catalog, hold.id) == NULL)
        return OK;
    GROW(catalog->holds, catalog->hold_count, err);
    catalog->holds[catalog->hold_count++] = hold;
    return OK;
}

static enum status
release_hold(struct catalog *catalog, const json_t *object, struct error *err)
{
    const char *id;

    TRY(hold_id_from_json(object, &id, err));
    remove_hold(catalog, id);
    return OK;
}

/* One that is not there is gone, which is what was wanted. */
static enum status
remove_backup(struct catalog *catalog, const json_t *object, struct error *err)
{
    const struct backup *backup;
    const char *id;
    size_t index;

    TRY(member_text(object, "id", &id, err));
    backup = catalog_find_backup(catalog, id);
    if (backup == NULL)
        return OK;
    remove_hold(catalog, id);
    index = (size_t) (backup - catalog->backups);
    catalog->backup_count--;
    memmove(&catalog->backups[index], &catalog->backups[index + 1],
            (catalog->backup_count - index) * sizeof(*catalog->backups));
    return OK;
}

/* What was expired by a run that was killed then: nobody writes it, and nobody needs it. */
static enum status
add_departed(struct catalog *catalog, const char *id, struct error *err)
{
    struct dump dump;

    TRY(dump_id_parse(id, &dump, err));
    GROW(catalog->departed_dumps, catalog->departed_dump_count, err);
    snprintf(catalog->departed_dumps[catalog->departed_dump_count++], DUMP_ID_SIZE, "%s", id);
    return OK;
}

static enum status
take_departed(struct catalog *catalog, const json_t *text, struct error *err)
{
    const char *id = json_string_value(text);

    return add_departed(catalog, id == NULL ? "" : id, err);
}

static enum status
remove_dump(struct catalog *catalog, const json_t *object, struct error *err)
{
    const struct dump *dump;
    const char *id;
    size_t index;

    TRY(member_text(object, "id", &id, err));
    dump = catalog_find_dump(catalog, id);
    if (dump == NULL)
        return OK;
    remove_hold(catalog, id);
    index = (size_t) (dump - catalog->dumps);
    catalog->dump_count--;
    memmove(&catalog->dumps[index], &catalog->dumps[index + 1],
            (catalog->dump_count - index) * sizeof(*catalog->dumps));
    return add_departed(catalog, id, err);
}

static void
forget_departed(struct catalog *catalog, const struct condemnation *condemnation)
{
    size_t left = 0;

    for (size_t index = 0; index < catalog->departed_dump_count; index++)
        if (!condemnation_has_dump(condemnation, catalog->departed_dumps[index]))
            memmove(catalog->departed_dumps[left++], catalog->departed_dumps[index], DUMP_ID_SIZE);
    catalog->departed_dump_count = left;
}

static enum status
take_each(struct catalog *catalog, const json_t *object, const char *name, taker take,
          struct error *err)
{
    const json_t *array;

    TRY(member_array(object, name, &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
        TRY(take(catalog, json_array_get(array, index), err));
    return OK;
}

static enum status
take_expiries(struct catalog *catalog, const json_t *object, struct error *err)
{
    TRY(take_each(catalog, object, "backups", remove_backup, err));
    if (!member_exists(object, "dumps")) /* none ever is written by who knows of no dumps */
        return OK;
    return take_each(catalog, object, "dumps", remove_dump, err);
}

static enum status
take_verification(struct catalog *catalog, const json_t *object, struct error *err)
{
    TRY(verification_from_json(object, &catalog->verification, err));
    catalog->has_verification = true;
    return OK;
}

static enum status
take_good_drill(struct catalog *catalog, const json_t *object, struct error *err)
{
    TRY(drill_from_json(object, &catalog->good_drill, err));
    catalog->has_good_drill = true;
    return OK;
}

/* The oldest makes room for it. */
static enum status
add_drill(struct catalog *catalog, const json_t *object, struct error *err)
{
    struct drill drill;

    TRY(drill_from_json(object, &drill, err));
    if (catalog->drill_count < CATALOG_DRILLS)
        GROW(catalog->drills, catalog->drill_count, err);
    else
        memmove(&catalog->drills[0], &catalog->drills[1],
                --catalog->drill_count * sizeof(*catalog->drills));
    catalog->drills[catalog->drill_count++] = drill;
    if (drill.verdict != DRILL_PASSED || !drill_is_of(&drill, ""))
        return OK;
    return take_good_drill(catalog, object, err);
}

static enum status
take_deletion(struct catalog *catalog, const json_t *object, struct error *err)
{
    uint64_t number;

    TRY(member_u64(object, "condemned", &number, err));
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (catalog->condemnations[index].number == number)
            catalog->condemnations[index].deleted = true;
    return OK;
}

static enum status
take_condemnation(struct catalog *catalog, const struct log_entry *entry, struct error *err)
{
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const json_t *object;

    TRY(member_object(entry->members, "condemn", &object, err));
    TRY(condemnation_from_json(object, &condemnation, err));
    condemnation.number = entry->number;
    condemnation.time = entry->time;
    TRY(wal_set_add_all(&catalog->condemned_wal, &condemnation.wal, err));
    forget_departed(catalog, &condemnation);
    GROW(catalog->condemnations, catalog->condemnation_count, err);
    catalog->condemnations[catalog->condemnation_count++] = condemnation;
    condemnation = (struct condemnation){0};
    return OK;
}

/* A checkpoint names condemnations by their entries, which may be long. */
static enum status
recall_condemnation(struct repo *repo, struct catalog *catalog, uint64_t number, struct error *err)
{
    SCOPED(log_entry_release) struct log_entry entry = {0};

    TRY(log_entry_read(repo, number, &entry, err));
    return take_condemnation(catalog, &entry, err);
}

static enum status
recall_condemnations(struct repo *repo, struct catalog *catalog, const struct log_entry *entry,
                     struct error *err)
{
    const json_t *array;

    TRY(member_array(entry->members, "condemned", &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
    {
        json_int_t number = json_integer_value(json_array_get(array, index));

        if (number <= 0 || (uint64_t) number >= entry->number)
            return error_set(err, STATUS_CORRUPT, "a checkpoint names the condemnation %lld",
                             (long long) number);
        TRY(recall_condemnation(repo, catalog, (uint64_t) number, err));
    }
    return OK;
}

static enum status
take_optional(struct catalog *catalog, const json_t *object, const char *name, taker take,
              struct error *err)
{
    const json_t *member;

    if (!member_exists(object, name))
        return OK;
    TRY(member_object(object, name, &member, err));
    return take(catalog, member, err);
}

/* Where reading begins.  Behind its last entry a catalog knows all this, and more. */
static enum status
take_checkpoint(struct repo *repo, struct catalog *catalog, const struct log_entry *entry,
                struct error *err)
{
    const json_t *members = entry->members;
    const json_t *wal;

    catalog_release(catalog);
    TRY(take_each(catalog, members, "lineages", add_lineage, err));
    TRY(take_each(catalog, members, "backups", add_backup, err));
    TRY(take_each(catalog, members, "dumps", add_dump, err));
    TRY(take_each(catalog, members, "departed_dumps", take_departed, err));
    TRY(take_each(catalog, members, "holds", add_hold, err));
    TRY(recall_condemnations(repo, catalog, entry, err));
    TRY(member_array(members, "condemned_wal", &wal, err));
    TRY(wal_set_add_json(&catalog->condemned_wal, wal, err));
    TRY(take_optional(catalog, members, "verify", take_verification, err));
    if (member_exists(members, "drills")) /* none is written by who knows of no drills */
        TRY(take_each(catalog, members, "drills", add_drill, err));
    return take_optional(catalog, members, "good_drill", take_good_drill, err);
}

/* The kinds of entries, whose member of the same name is taken by a function. */
static const struct
{
    const char *kind;
    taker take;
} kinds[] = {
    {"backup", add_backup},     {"delete", take_deletion},
    {"drill", add_drill},       {"dump", add_dump},
    {"dump-failed", pass_over}, {"expire", take_expiries},
    {"hold", add_hold},         {"lineage", add_lineage},
    {"release", release_hold},  {"verify", take_verification},
};

static enum status
take_kind(struct catalog *catalog, const struct log_entry *entry, const char *kind,
          struct error *err)
{
    const json_t *object;

    if (strcmp(kind, "condemn") == 0)
        return take_condemnation(catalog, entry, err);
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++)
        if (strcmp(kinds[index].kind, kind) == 0)
        {
            TRY(member_object(entry->members, kind, &object, err));
            return kinds[index].take(catalog, object, err);
        }
    error_set(err, STATUS_UNSUPPORTED, "unknown kind \"%s\"", kind);
    error_hint(err, "A newer redoubt wrote it: upgrade this one.");
    return STATUS_UNSUPPORTED;
}

static enum status
take_entry(struct repo *repo, struct catalog *catalog, const struct log_entry *entry,
           struct error *err)
{
    bool follows = catalog->last_number > 0 && catalog->last_number + 1 == entry->number;
    const char *kind;

    TRY(member_text(entry->members, "kind", &kind, err));
    if (strcmp(kind, "checkpoint") != 0)
    {
        TRY(take_kind(catalog, entry, kind, err));
        catalog->last_change = entry->number;
    }
    else if (!follows)
    {
        TRY(take_checkpoint(repo, catalog, entry, err));
        catalog->last_change = entry->number;
    }
    catalog->last_number = entry->number;
    catalog->last_time = entry->time;
    return OK;
}

enum status
catalog_entry_apply(struct repo *repo, struct catalog *catalog, const struct log_entry *entry,
                    struct error *err)
{
    enum status status = take_entry(repo, catalog, entry, err);

    if (status != OK)
        error_context(err, "log entry %llu", (unsigned long long) entry->number);
    return status;
}

static json_t *
one_backup(const void *items, size_t index)
{
    return backup_to_json(&((const struct backup *) items)[index]);
}

static json_t *
one_dump(const void *items, size_t index)
{
    return dump_to_json(&((const struct dump *) items)[index]);
}

static json_t *
one_departed(const void *items, size_t index)
{
    return json_string(((const struct catalog *) items)->departed_dumps[index]);
}

static json_t *
one_lineage(const void *items, size_t index)
{
    return lineage_to_json(&((const struct lineage *) items)[index]);
}

static json_t *
one_hold(const void *items, size_t index)
{
    return hold_to_json(&((const struct hold *) items)[index]);
}

static json_t *
one_drill(const void *items, size_t index)
{
    return drill_to_json(&((const struct drill *) items)[index]);
}

static json_t *
one_expiry(const void *items, size_t index)
{
    const struct expiry *expiry = &((const struct expiry *) items)[index];

    return json_pack("{s:s, s:s}", "id", expiry->id, "reason", expiry->reason);
}

static json_t *
expiries_to_json(const struct catalog_entry *entry)
{
    return json_pack("{s:o, s:o}", "backups",
                     json_array_of(entry->expiry_count, one_expiry, entry->expiries), "dumps",
                     json_array_of(entry->dump_expiry_count, one_expiry, entry->dump_expiries));
}

/* The numbers of condemnations that are still to be carried out. */
static json_t *
condemned_numbers(const struct catalog *catalog)
{
    json_t *array = json_array();

    for (size_t index = 0; index < catalog->condemnation_count && array != NULL; index++)
        if (!catalog->condemnations[index].deleted &&
            json_array_append_new(array, json_u64(catalog->condemnations[index].number)) != 0)
            json_freep(&array);
    return array;
}

static json_t *
checkpoint_to_json(const struct catalog *catalog)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", "checkpoint", "lineages",
        json_array_of(catalog->lineage_count, one_lineage, catalog->lineages), "backups",
        json_array_of(catalog->backup_count, one_backup, catalog->backups), "dumps",
        json_array_of(catalog->dump_count, one_dump, catalog->dumps), "departed_dumps",
        json_array_of(catalog->departed_dump_count, one_departed, catalog), "holds",
        json_array_of(catalog->hold_count, one_hold, catalog->holds), "condemned",
        condemned_numbers(catalog), "condemned_wal", wal_set_to_json(&catalog->condemned_wal),
        "verify",
        catalog->has_verification ? verification_to_json(&catalog->verification) : json_null(),
        "drills", json_array_of(catalog->drill_count, one_drill, catalog->drills), "good_drill",
        catalog->has_good_drill ? drill_to_json(&catalog->good_drill) : json_null());
}

static json_t *
wrap(const char *kind, json_t *content)
{
    return json_pack("{s:s, s:o}", "kind", kind, kind, content);
}

json_t *
catalog_entry_to_json(const struct catalog *catalog, const struct catalog_entry *entry)
{
    if (entry == NULL)
        return checkpoint_to_json(catalog);
    if (entry->backup != NULL)
        return wrap("backup", backup_to_json(entry->backup));
    if (entry->dump != NULL)
        return wrap("dump", dump_to_json(entry->dump));
    if (entry->dump_failure != NULL)
        return wrap("dump-failed", dump_failure_to_json(entry->dump_failure));
    if (entry->lineage != NULL)
        return wrap("lineage", lineage_to_json(entry->lineage));
    if (entry->expiry_count + entry->dump_expiry_count > 0)
        return wrap("expire", expiries_to_json(entry));
    if (entry->condemnation != NULL)
        return wrap("condemn", condemnation_to_json(entry->condemnation));
    if (entry->hold != NULL)
        return wrap("hold", hold_to_json(entry->hold));
    if (entry->released != NULL)
        return wrap("release", json_pack("{s:s}", hold_member(entry->released), entry->released));
    if (entry->verification != NULL)
        return wrap("verify", verification_to_json(entry->verification));
    if (entry->drill != NULL)
        return wrap("drill", drill_to_json(entry->drill));
    return wrap("delete", json_pack("{s:o}", "condemned", json_u64(entry->deleted)));
}
