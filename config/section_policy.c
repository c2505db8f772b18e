// SPDX-License-Identifier: PostgreSQL
#include "config/section_policy.h"

#include "base/units.h"
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#define US_PER_MS      INT64_C(1000)
#define MINUTE_US      (60 * US_PER_MS * 1000)
#define HOUR_US        (60 * MINUTE_US)
#define DAY_US         (24 * HOUR_US)
#define DURATION_MIN   UINT64_C(1)                          /* milliseconds */
#define DURATION_MAX   (UINT64_C(36525) * 24 * 3600 * 1000) /* more than anybody waits */
#define CRITICAL_TIMES 2

static enum status read_limit(const struct yaml_node *node, void *into, struct error *err);

/* What a mapping says. */
struct thresholds
{
    int64_t warn_ms;
    int64_t critical_ms; /* 0: not set */
};

#define THRESHOLD(key, member, ...)                                                                \
    FIELD_AS(key, thresholds, member, SCHEMA_DURATION, .minimum = DURATION_MIN,                    \
             .maximum = DURATION_MAX, __VA_ARGS__)

static const struct schema_field threshold_fields[] = {
    THRESHOLD("warn", warn_ms, .required = true, .help = "From then on it is degraded."),
    THRESHOLD("critical", critical_ms, .required = false, .help = "From then on it is critical.",
              .otherwise = "twice \"warn\""),
    FIELD_END,
};

#define LIMIT(member, its_help, default_limit)                                                     \
    FIELD(health_policy, member, SCHEMA_CUSTOM, .read = read_limit, .fields = threshold_fields,    \
          .value = "duration, off, or a mapping", .help = (its_help),                              \
          .otherwise = (default_limit))

const struct schema_field config_policy_fields[] = {
    LIMIT(backup,
          "How old the newest good backup may be. A duration is \"warn\" of the mapping; off is "
          "for what nobody wants to know. The other keys take the same.",
          "26h"),
    LIMIT(dump, "How old the newest dump of each configured database may be.", "26h"),
    LIMIT(verify, "How long ago the repository may have been verified.", "8d"),
    LIMIT(drill, "How long ago the last restore drill may have been.", "35d"),
    LIMIT(canary, "How old the canary's newest row may be, where there is one.",
          "warn: 10min, critical: 1d"),
    LIMIT(archive_lag, "How long WAL may wait to be archived.", "5min"),
    FIELD_END,
};

static struct health_limit
limit_of(int64_t degraded_us)
{
    return (struct health_limit){false, degraded_us, CRITICAL_TIMES * degraded_us};
}

struct health_policy
config_policy_default(void)
{
    return (struct health_policy){
        /* A day, and what a timer's random delay and a larger backup may add. */
        .backup = limit_of(26 * HOUR_US),
        .dump = limit_of(26 * HOUR_US),
        .verify = limit_of(8 * DAY_US),
        .drill = limit_of(35 * DAY_US),
        .archive_lag = limit_of(5 * MINUTE_US),
        /* It is written each minute, and protects nothing itself. */
        .canary = {false, 10 * MINUTE_US, DAY_US},
    };
}

static enum status
read_thresholds(const struct yaml_node *node, struct health_limit *limit, struct error *err)
{
    struct thresholds given = {0};
    char what[64];

    snprintf(what, sizeof(what), "\"%s\"", node->key);
    TRY(schema_read(threshold_fields, node, what, &given, err));
    *limit = limit_of(given.warn_ms * US_PER_MS);
    if (given.critical_ms == 0)
        return OK;
    if (given.critical_ms < given.warn_ms)
        return yaml_error(yaml_child(node, "critical"), err,
                          "\"critical\" must not be shorter than \"warn\"");
    limit->critical_us = given.critical_ms * US_PER_MS;
    return OK;
}

/* A threshold alone is "warn". */
static enum status
read_duration(const struct yaml_node *node, struct health_limit *limit, struct error *err)
{
    int64_t duration_ms;

    if (!units_duration(node->text, &duration_ms))
    {
        yaml_error(node, err, "\"%s\" must be a duration or off, found \"%s\"", node->key,
                   node->text);
        error_hint(err, "Write a number and ms, s, min, h, d or w, such as 26h.");
        return STATUS_CONFIG;
    }
    if (duration_ms < (int64_t) DURATION_MIN || duration_ms > (int64_t) DURATION_MAX)
        return yaml_error(node, err, "\"%s\" must be between 1ms and 36525d, found \"%s\"",
                          node->key, node->text);
    *limit = limit_of(duration_ms * US_PER_MS);
    return OK;
}

static enum status
read_limit(const struct yaml_node *node, void *into, struct error *err)
{
    struct health_limit *limit = into;

    if (node->kind == NODE_MAPPING)
        return read_thresholds(node, limit, err);
    if (node->kind == NODE_EMPTY)
        return yaml_key_error(node, err, "\"%s\" has no value", node->key);
    if (node->kind != NODE_TEXT)
        return yaml_error(node, err, "\"%s\" must be a duration, off or a mapping, found %s",
                          node->key, yaml_kind_name(node));
    if (strcmp(node->text, "off") != 0)
        return read_duration(node, limit, err);
    limit->off = true;
    return OK;
}

enum status
config_policy_read(const struct yaml_node *section, struct health_policy *policy, struct error *err)
{
    return schema_read(config_policy_fields, section, "section \"policy\"", policy, err);
}
