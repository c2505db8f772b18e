// SPDX-License-Identifier: PostgreSQL
#include "agent/config_retention.h"

#include "agent/schema.h"

#define US_PER_MS       INT64_C(1000)
#define DURATION_MAX_MS ((uint64_t) (RETENTION_DURATION_MAX / US_PER_MS))

/* What the file says, in the schema's units. */
struct section
{
    uint32_t daily;
    uint32_t weekly;
    uint32_t monthly;
    int64_t recovery_window_ms;
    int64_t minimum_age_ms;
    int64_t grace_ms;
    const char *timezone; /* NULL: not set */
    unsigned week_start;
};

static const struct schema_choice week_starts[] = {
    {"monday", WEEK_FROM_MONDAY},
    {"sunday", WEEK_FROM_SUNDAY},
    {NULL, 0},
};

#define COUNT(member) FIELD(section, member, SCHEMA_INTEGER, .maximum = RETENTION_COUNT_MAX)
#define DURATION(key, member)                                                                      \
    FIELD_AS(key, section, member, SCHEMA_DURATION, .maximum = DURATION_MAX_MS)

static const struct schema_field fields[] = {
    COUNT(daily),
    COUNT(weekly),
    COUNT(monthly),
    DURATION("recovery_window", recovery_window_ms),
    DURATION("minimum_age", minimum_age_ms),
    DURATION("grace", grace_ms),
    FIELD(section, timezone, SCHEMA_TEXT),
    FIELD(section, week_start, SCHEMA_CHOICE, .choices = week_starts),
    FIELD_END,
};

static struct section
section_of(const struct retention_policy *policy)
{
    return (struct section){
        .daily = policy->daily,
        .weekly = policy->weekly,
        .monthly = policy->monthly,
        .recovery_window_ms = policy->recovery_window_us / US_PER_MS,
        .minimum_age_ms = policy->minimum_age_us / US_PER_MS,
        .grace_ms = policy->grace_us / US_PER_MS,
        .week_start = policy->week_start,
    };
}

static void
take_section(const struct section *section, struct retention_policy *policy)
{
    policy->daily = section->daily;
    policy->weekly = section->weekly;
    policy->monthly = section->monthly;
    policy->recovery_window_us = section->recovery_window_ms * US_PER_MS;
    policy->minimum_age_us = section->minimum_age_ms * US_PER_MS;
    policy->grace_us = section->grace_ms * US_PER_MS;
    policy->week_start = section->week_start;
}

/* What somebody who knows nothing of the file found wrong with it. */
static enum status
refuse(const struct yaml_node *node, const struct error *reason, struct error *err)
{
    yaml_error(node, err, "%s", reason->message);
    error_hint(err, "%s", reason->hint);
    return STATUS_CONFIG;
}

enum status
config_retention_read(const struct yaml_node *section, struct retention_policy *policy,
                      struct zone **zone, struct error *err)
{
    struct section values = section_of(policy);
    struct error reason = {0};

    TRY(schema_read(fields, section, "section \"retention\"", &values, err));
    take_section(&values, policy);
    if (retention_policy_check(policy, &reason) != OK)
        return refuse(section, &reason, err);
    if (values.timezone == NULL)
        return OK;
    if (zone_read(zone, values.timezone, &reason) != OK)
        return refuse(yaml_child(section, "timezone"), &reason, err);
    policy->zone = *zone;
    return OK;
}
