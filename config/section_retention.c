// SPDX-License-Identifier: PostgreSQL
#include "config/section_retention.h"

#include "config/schema.h"

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

#define COUNT(member, its_help, default_count)                                                     \
    FIELD(section, member, SCHEMA_INTEGER, .maximum = RETENTION_COUNT_MAX, .help = (its_help),     \
          .otherwise = (default_count))
#define DURATION(key, member, its_help, default_duration)                                          \
    FIELD_AS(key, section, member, SCHEMA_DURATION, .maximum = DURATION_MAX_MS,                    \
             .help = (its_help), .otherwise = (default_duration))

const struct schema_field config_retention_fields[] = {
    COUNT(daily, "How many days keep a backup: each its newest.", "7"),
    COUNT(weekly, "How many weeks keep a backup: each that of its first day.", "4"),
    COUNT(monthly, "How many months keep a backup: each that of its first day.", "3"),
    DURATION("recovery_window", recovery_window_ms,
             "How far back the cluster can be restored to any moment. Outside of it a backup keeps "
             "only the WAL that makes it consistent.",
             "14d"),
    DURATION("minimum_age", minimum_age_ms, "What is younger never expires.", "1d"),
    DURATION("grace", grace_ms,
             "How long what has expired stays readable until it is deleted, so that whoever is "
             "restoring from it can finish.",
             "72h"),
    FIELD(section, timezone, SCHEMA_TEXT,
          .help = "The time zone in which days, weeks and months begin, such as Europe/Berlin.",
          .otherwise = "UTC"),
    FIELD(section, week_start, SCHEMA_CHOICE, .choices = week_starts, .help = "A week's first day.",
          .otherwise = "monday"),
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

    TRY(schema_read(config_retention_fields, section, "section \"retention\"", &values, err));
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
