// SPDX-License-Identifier: PostgreSQL
#include "repo/verification.h"

json_t *
verification_to_json(const struct verification *verification)
{
    char started[TIME_TEXT_SIZE];
    char finished[TIME_TEXT_SIZE];

    time_format(verification->started, started);
    time_format(verification->finished, finished);
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s}", "objects", json_u64(verification->objects),
                     "bytes", json_u64(verification->bytes), "findings",
                     json_u64(verification->findings), "damage", json_u64(verification->damage),
                     "started", started, "finished", finished);
}

enum status
verification_from_json(const json_t *object, struct verification *verification, struct error *err)
{
    TRY(member_u64(object, "objects", &verification->objects, err));
    TRY(member_u64(object, "bytes", &verification->bytes, err));
    TRY(member_u64(object, "findings", &verification->findings, err));
    verification->damage = 0; /* earlier versions did not tell it from other findings */
    TRY(member_u64_optional(object, "damage", &verification->damage, err));
    TRY(member_time(object, "started", &verification->started, err));
    return member_time(object, "finished", &verification->finished, err);
}
