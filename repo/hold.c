// SPDX-License-Identifier: PostgreSQL
#include "repo/hold.h"

#include <stdio.h>
#include <string.h>

const char *
hold_member(const char *id)
{
    return strchr(id, '/') == NULL ? "backup" : "dump";
}

enum status
hold_id_from_json(const json_t *object, const char **id, struct error *err)
{
    return member_text(object, member_exists(object, "dump") ? "dump" : "backup", id, err);
}

static enum status
check_id(const char *id, struct error *err)
{
    struct dump dump;

    if (strcmp(hold_member(id), "dump") == 0)
        return dump_id_parse(id, &dump, err);
    if (backup_id_is_valid(id))
        return OK;
    return error_set(err, STATUS_CORRUPT, "invalid backup id \"%s\"", id);
}

json_t *
hold_to_json(const struct hold *hold)
{
    char until[TIME_TEXT_SIZE];

    if (hold->until != HOLD_FOR_EVER)
        time_format(hold->until, until);
    return json_pack("{s:s, s:s?, s:s}", hold_member(hold->id), hold->id, "until",
                     hold->until == HOLD_FOR_EVER ? NULL : until, "reason", hold->reason);
}

enum status
hold_from_json(const json_t *object, struct hold *hold, struct error *err)
{
    const char *id;
    const char *reason;

    TRY(hold_id_from_json(object, &id, err));
    TRY(check_id(id, err));
    TRY(member_text(object, "reason", &reason, err));
    if (strlen(reason) >= HOLD_REASON_SIZE)
        return error_set(err, STATUS_CORRUPT, "member \"reason\": %zu bytes are more than %d",
                         strlen(reason), HOLD_REASON_SIZE - 1);
    *hold = (struct hold){.until = HOLD_FOR_EVER};
    if (member_exists(object, "until"))
        TRY(member_time(object, "until", &hold->until, err));
    snprintf(hold->id, sizeof(hold->id), "%s", id);
    snprintf(hold->reason, sizeof(hold->reason), "%s", reason);
    return OK;
}
