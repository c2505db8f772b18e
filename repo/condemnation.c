// SPDX-License-Identifier: PostgreSQL
#include "repo/condemnation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
condemnation_release(struct condemnation *condemnation)
{
    pack_set_release(&condemnation->packs);
    free(condemnation->backups);
    free(condemnation->dumps);
    wal_set_release(&condemnation->wal);
    *condemnation = (struct condemnation){0};
}

enum status
condemnation_add_backup(struct condemnation *condemnation, const char *id, struct error *err)
{
    char(*grown)[BACKUP_ID_SIZE] =
        realloc(condemnation->backups, (condemnation->backup_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    condemnation->backups = grown;
    snprintf(grown[condemnation->backup_count++], BACKUP_ID_SIZE, "%s", id);
    return OK;
}

enum status
condemnation_add_dump(struct condemnation *condemnation, const char *id, struct error *err)
{
    char(*grown)[DUMP_ID_SIZE] =
        realloc(condemnation->dumps, (condemnation->dump_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    condemnation->dumps = grown;
    snprintf(grown[condemnation->dump_count++], DUMP_ID_SIZE, "%s", id);
    return OK;
}

bool
condemnation_is_empty(const struct condemnation *condemnation)
{
    return condemnation->packs.count == 0 && condemnation->backup_count == 0 &&
           condemnation->dump_count == 0 && condemnation->wal.count == 0 &&
           condemnation->verified_before[0] == '\0';
}

bool
condemnation_has_backup(const struct condemnation *condemnation, const char *id)
{
    for (size_t index = 0; index < condemnation->backup_count; index++)
        if (strcmp(condemnation->backups[index], id) == 0)
            return true;
    return false;
}

bool
condemnation_has_dump(const struct condemnation *condemnation, const char *id)
{
    for (size_t index = 0; index < condemnation->dump_count; index++)
        if (strcmp(condemnation->dumps[index], id) == 0)
            return true;
    return false;
}

bool
condemnation_has_verified(const struct condemnation *condemnation, const char *name)
{
    return verified_name_is_valid(name) && strcmp(name, condemnation->verified_before) < 0;
}

static json_t *
pack_to_json(const void *items, size_t index)
{
    const struct pack_set *packs = items;
    char text[2 * PACK_ID_SIZE + 1];

    hex_encode((struct bytes){packs->ids[index], PACK_ID_SIZE}, text);
    return json_string(text);
}

static json_t *
backup_id_to_json(const void *items, size_t index)
{
    return json_string(((const struct condemnation *) items)->backups[index]);
}

static json_t *
dump_id_to_json(const void *items, size_t index)
{
    return json_string(((const struct condemnation *) items)->dumps[index]);
}

json_t *
condemnation_to_json(const struct condemnation *condemnation)
{
    const struct pack_set *packs = &condemnation->packs;
    const char *before = condemnation->verified_before;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s*}", "packs", json_array_of(packs->count, pack_to_json, packs),
        "backups", json_array_of(condemnation->backup_count, backup_id_to_json, condemnation),
        "dumps", json_array_of(condemnation->dump_count, dump_id_to_json, condemnation), "wal",
        wal_set_to_json(&condemnation->wal), "verified_before", before[0] == '\0' ? NULL : before);
}

static enum status
packs_from_json(const json_t *array, struct pack_set *packs, struct error *err)
{
    for (size_t index = 0; index < json_array_size(array); index++)
    {
        const char *text = json_string_value(json_array_get(array, index));
        uint8_t id[PACK_ID_SIZE];

        if (text == NULL || !hex_decode(text, id, sizeof(id)))
            return error_set(err, STATUS_CORRUPT, "invalid pack id \"%s\"",
                             text == NULL ? "" : text);
        TRY(pack_set_add(packs, id, err));
    }
    pack_set_sort(packs);
    return OK;
}

static enum status
backups_from_json(const json_t *array, struct condemnation *condemnation, struct error *err)
{
    for (size_t index = 0; index < json_array_size(array); index++)
    {
        const char *id = json_string_value(json_array_get(array, index));

        if (id == NULL || !backup_id_is_valid(id))
            return error_set(err, STATUS_CORRUPT, "invalid backup id \"%s\"", id == NULL ? "" : id);
        TRY(condemnation_add_backup(condemnation, id, err));
    }
    return OK;
}

/* Entries of who knew of no dumps have none. */
static enum status
dumps_from_json(const json_t *object, struct condemnation *condemnation, struct error *err)
{
    const json_t *array = NULL;

    if (member_exists(object, "dumps"))
        TRY(member_array(object, "dumps", &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
    {
        const char *id = json_string_value(json_array_get(array, index));
        struct dump dump;

        TRY(dump_id_parse(id == NULL ? "" : id, &dump, err));
        TRY(condemnation_add_dump(condemnation, id, err));
    }
    return OK;
}

static enum status
verified_from_json(const json_t *object, struct condemnation *condemnation, struct error *err)
{
    const char *name = "";

    TRY(member_text_optional(object, "verified_before", &name, err));
    if (name[0] != '\0' && !verified_name_is_whole(name))
        return error_set(err, STATUS_CORRUPT, "invalid name \"%s\" of a verification", name);
    snprintf(condemnation->verified_before, VERIFIED_NAME_SIZE, "%s", name);
    return OK;
}

enum status
condemnation_from_json(const json_t *object, struct condemnation *condemnation, struct error *err)
{
    SCOPED(condemnation_release) struct condemnation read = {0};
    const json_t *packs;
    const json_t *backups;
    const json_t *wal;

    TRY(member_array(object, "packs", &packs, err));
    TRY(member_array(object, "backups", &backups, err));
    TRY(member_array(object, "wal", &wal, err));
    TRY(packs_from_json(packs, &read.packs, err));
    TRY(backups_from_json(backups, &read, err));
    TRY(dumps_from_json(object, &read, err));
    TRY(wal_set_add_json(&read.wal, wal, err));
    TRY(verified_from_json(object, &read, err));
    *condemnation = read;
    read = (struct condemnation){0};
    return OK;
}
