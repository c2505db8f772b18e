// SPDX-License-Identifier: PostgreSQL
#include "retention/policy.h"

struct retention_policy
retention_policy_default(void)
{
    return (struct retention_policy){
        .daily = 7,
        .weekly = 4,
        .monthly = 3,
        .recovery_window_us = 14 * US_PER_DAY,
        .minimum_age_us = US_PER_DAY,
        .grace_us = 72 * US_PER_HOUR,
        .week_start = WEEK_FROM_MONDAY,
        .zone = zone_utc(),
    };
}

static enum status
check_count(const char *name, uint32_t count, struct error *err)
{
    if (count <= RETENTION_COUNT_MAX)
        return OK;
    return error_set(err, STATUS_CONFIG, "%s is %u, more than %u", name, count,
                     RETENTION_COUNT_MAX);
}

static enum status
check_duration(const char *name, int64_t duration_us, struct error *err)
{
    if (duration_us < 0)
        return error_set(err, STATUS_CONFIG, "%s is negative", name);
    if (duration_us > RETENTION_DURATION_MAX)
        return error_set(err, STATUS_CONFIG, "%s is more than a hundred years", name);
    return OK;
}

enum status
retention_policy_check(const struct retention_policy *policy, struct error *err)
{
    TRY(check_count("daily", policy->daily, err));
    TRY(check_count("weekly", policy->weekly, err));
    TRY(check_count("monthly", policy->monthly, err));
    if (policy->daily == 0 && policy->weekly == 0 && policy->monthly == 0)
    {
        error_set(err, STATUS_CONFIG, "the retention policy would keep nothing");
        error_hint(err, "Set daily, weekly or monthly to how many of them to keep, "
                        "such as \"daily: 7\".");
        return STATUS_CONFIG;
    }
    TRY(check_duration("recovery_window", policy->recovery_window_us, err));
    TRY(check_duration("minimum_age", policy->minimum_age_us, err));
    return check_duration("grace", policy->grace_us, err);
}
