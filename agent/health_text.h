// SPDX-License-Identifier: PostgreSQL
/*
 * health_text.h - a report on health, for people and for machines.
 */
#pragma once

#include "base/json.h"
#include "health/health.h"

#include <stdio.h>

/* A table, the worst first, with what to do below what is wrong. */
void health_text_print(FILE *out, const struct health_facts *facts,
                       const struct health_report *report);

/*
 * One line as a plugin of Nagios writes it, with performance data
 * (https://nagios-plugins.org/doc/guidelines.html).
 */
void health_text_nagios(FILE *out, const struct health_facts *facts,
                        const struct health_report *report);

/* docs/json.md.  NULL when out of memory. */
json_t *health_text_json(const struct health_facts *facts, const struct health_report *report,
                         time_us now);
