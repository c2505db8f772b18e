// SPDX-License-Identifier: PostgreSQL
/*
 * section_retention.h - the configuration's section "retention".
 */
#pragma once

#include "config/schema.h"
#include "retention/policy.h"

extern const struct schema_field config_retention_fields[];

/*
 * Change in the policy what the section sets.  *zone is the one that it names,
 * the caller's to free; the policy borrows it.  Errors are CONFIG and say where.
 */
NODISCARD enum status config_retention_read(const struct yaml_node *section,
                                            struct retention_policy *policy, struct zone **zone,
                                            struct error *err);
