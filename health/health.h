// SPDX-License-Identifier: PostgreSQL
/*
 * health.h - is the cluster protected as its policy demands?
 *
 * Pure: facts, a policy and a time make a report.  What is not known is never
 * healthy.
 */
#pragma once

#include "config/section_policy.h"
#include "health/facts.h"
#include "repo/dump.h"

#define HEALTH_VALUE_SIZE   (HEALTH_PROBLEM_SIZE + 128)
#define HEALTH_MEANING_SIZE (2 * HEALTH_PROBLEM_SIZE)
#define HEALTH_COMMAND_SIZE 1024

/* The greater, the worse. */
enum health_state
{
    HEALTH_HEALTHY,
    HEALTH_DEGRADED,
    HEALTH_CRITICAL,
};

enum health_unit
{
    HEALTH_UNIT_NONE, /* a number of things */
    HEALTH_UNIT_SECONDS,
    HEALTH_UNIT_BYTES,
};

/* Longest: "dump " and a database's name. */
#define HEALTH_NAME_SIZE (sizeof("dump ") + DUMP_DATABASE_SIZE)

struct health_item
{
    char name[HEALTH_NAME_SIZE]; /* "backup", "archive lag": stable */
    enum health_state state;
    char value[HEALTH_VALUE_SIZE]; /* for people */
    bool has_amount;
    int64_t amount;                     /* the value as a number */
    char measure[HEALTH_NAME_SIZE + 4]; /* what the amount is: "backup_age", stable */
    enum health_unit unit;
    bool has_limit; /* what is greater is degraded, or critical */
    int64_t degraded;
    int64_t critical;
    char meaning[HEALTH_MEANING_SIZE]; /* "" of a healthy one */
    char command[HEALTH_COMMAND_SIZE]; /* what to run; "" of a healthy one */
};

struct health_report
{
    enum health_state state;   /* the worst of all */
    struct health_item *items; /* owned; the worst first, else as the cluster lives */
    size_t count;
};

NODISCARD enum status health_judge(const struct health_facts *facts,
                                   const struct health_policy *policy, time_us now,
                                   struct health_report *report, struct error *err);

/* "healthy", "degraded", "critical" */
const char *health_state_name(enum health_state state);

/* For SCOPED on an initialised struct. */
void health_report_release(struct health_report *report);
