// SPDX-License-Identifier: PostgreSQL
/*
 * section_policy.h - the configuration's section "policy": from when on something
 * is wrong.
 */
#pragma once

#include "config/schema.h"

#include <stdbool.h>
#include <stdint.h>

/* What is older, or waits longer. */
struct health_limit
{
    bool off; /* nobody wants to know */
    int64_t degraded_us;
    int64_t critical_us; /* not less */
};

struct health_policy
{
    struct health_limit backup;
    struct health_limit dump; /* of each configured database */
    struct health_limit verify;
    struct health_limit drill;
    struct health_limit canary; /* where it is installed */
    struct health_limit archive_lag;
};

extern const struct schema_field config_policy_fields[];

/*
 * 26 hours, 26 hours, 8 days, 35 days, 10 minutes, 5 minutes; critical after twice
 * that, the canary after a day.
 */
struct health_policy config_policy_default(void);

/*
 * Change in the policy what the section sets: each key is a duration, "off", or
 * a mapping with "warn" and "critical".  Errors are CONFIG and say where.
 */
NODISCARD enum status config_policy_read(const struct yaml_node *section,
                                         struct health_policy *policy, struct error *err);
