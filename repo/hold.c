// SPDX-License-Identifier: PostgreSQL
#include "repo/hold.h"

#include <stdio.h>
#include <string.h>

json_t *
hold_to_json(const struct hold *hold)
{
    char until[TIME_TEXT_SIZE];

    if (hold->until != HOLD_FOR_EVER)
        time_format(hold->until, until);
    return json_pack("{s:s, s:s?, s:s}", "backup", hold->backup, "until",
                     hold->until == HOLD_FOR_EVER ? NULL : until, "reason", hold->reason);
}

enum status
hold_from_json(const json_t *object, struct hold *hold, struct error *err)
{
    const char *backup;
    const char *reason;

    TRY(member_text(object, "backup", &backup, err));
    if (!backup_id_is_valid(backup))
        return error_set(err, STATUS_CORRUPT, "invalid backup id \"%s\"", backup);
    TRY(member_text(object, "reason", &reason, err));
    if (strlen(reason) >= HOLD_REASON_SIZE)
        return error_set(err, STATUS_CORRUPT, "member \"reason\": %zu bytes are more than %d",
                         strlen(reason), HOLD_REASON_SIZE - 1);
    *hold = (struct hold){.until = HOLD_FOR_EVER};
    if (member_exists(object, "until"))
        TRY(member_time(object, "until", &hold->until, err));
    snprintf(hold->backup, sizeof(hold->backup), "%s", backup);
    snprintf(hold->reason, sizeof(hold->reason), "%s", reason);
    return OK;
}
