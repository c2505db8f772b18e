// SPDX-License-Identifier: PostgreSQL
#include "repo/drill.h"

#include <stdio.h>
#include <string.h>

static const char *const verdict_names[] = {
    [DRILL_BROKEN] = "broken",
    [DRILL_PASSED] = "passed",
    [DRILL_FAILED] = "failed",
};

#define VERDICT_COUNT (sizeof(verdict_names) / sizeof(verdict_names[0]))

const char *
drill_verdict_name(enum drill_verdict verdict)
{
    return verdict_names[verdict];
}

enum status
drill_key(const struct repo *repo, const char *id, char key[STORE_KEY_MAX + 1], struct error *err)
{
    return repo_key(repo, key, err, "drills/%s.json", id);
}

bool
drill_is_of(const struct drill *drill, const char *repository)
{
    return strncmp(drill->repository, repository, sizeof(drill->repository) - 1) == 0;
}

/* Left out where there is nothing to say: so an older entry and its receipt stay the same. */
static int
add_origin(json_t *object, const struct drill *drill)
{
    if (drill->system_identifier != 0 &&
        json_object_set_new(object, "system_identifier", json_u64(drill->system_identifier)) != 0)
        return -1;
    if (drill->repository[0] == '\0')
        return 0;
    return json_object_set_new(object, "repository", json_string(drill->repository));
}

json_t *
drill_to_json(const struct drill *drill)
{
    char started[TIME_TEXT_SIZE];
    char finished[TIME_TEXT_SIZE];
    json_t *object;

    time_format(drill->started, started);
    time_format(drill->finished, finished);
    object = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "id", drill->id, "backup",
                       drill->backup_id[0] == '\0' ? json_null() : json_string(drill->backup_id),
                       "target", json_text(drill->target), "verdict",
                       drill_verdict_name(drill->verdict), "started", started, "finished", finished,
                       "rto_seconds", json_seconds(drill->rto_ms), "rpo_seconds",
                       json_seconds(drill->rpo_ms), "findings", json_u64(drill->findings));
    if (object != NULL && add_origin(object, drill) != 0)
        json_freep(&object);
    return object;
}

/* It becomes part of a key, and is printed. */
static enum status
read_id(const char *text, char id[BACKUP_ID_SIZE], struct error *err)
{
    if (!backup_id_is_valid(text))
        return error_set(err, STATUS_CORRUPT, "invalid id \"%s\"", text);
    snprintf(id, BACKUP_ID_SIZE, "%s", text);
    return OK;
}

static enum status
read_verdict(const json_t *object, enum drill_verdict *verdict, struct error *err)
{
    const char *text;

    TRY(member_text(object, "verdict", &text, err));
    for (unsigned index = 0; index < VERDICT_COUNT; index++)
        if (strcmp(verdict_names[index], text) == 0)
        {
            *verdict = (enum drill_verdict) index;
            return OK;
        }
    return error_set(err, STATUS_CORRUPT, "member \"verdict\": unknown \"%s\"", text);
}

static enum status
read_origin(const json_t *object, struct drill *drill, struct error *err)
{
    TRY(member_u64_optional(object, "system_identifier", &drill->system_identifier, err));
    if (!member_exists(object, "repository"))
        return OK;
    return member_text_into(object, "repository", drill->repository, sizeof(drill->repository),
                            err);
}

enum status
drill_from_json(const json_t *object, struct drill *drill, struct error *err)
{
    const char *id;
    const char *backup_id = NULL;

    *drill = (struct drill){0};
    TRY(member_text(object, "id", &id, err));
    TRY(read_id(id, drill->id, err));
    TRY(member_text_optional(object, "backup", &backup_id, err));
    if (backup_id != NULL)
        TRY(read_id(backup_id, drill->backup_id, err));
    TRY(read_origin(object, drill, err));
    TRY(member_text_into(object, "target", drill->target, sizeof(drill->target), err));
    TRY(read_verdict(object, &drill->verdict, err));
    TRY(member_time(object, "started", &drill->started, err));
    TRY(member_time(object, "finished", &drill->finished, err));
    TRY(member_seconds(object, "rto_seconds", &drill->rto_ms, err));
    TRY(member_seconds(object, "rpo_seconds", &drill->rpo_ms, err));
    return member_u32(object, "findings", &drill->findings, err);
}
