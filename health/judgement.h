// SPDX-License-Identifier: PostgreSQL
/*
 * judgement.h - a report on health in the making: what its parts share.
 */
#pragma once

#include "health/health.h"

/* Clocks differ; so much ahead of ours is now. */
#define HEALTH_TOLERANCE_US (5 * 60 * US_PER_SECOND)

struct health_judgement
{
    const struct health_facts *facts; /* these do not change */
    const struct health_policy *policy;
    time_us now;

    struct health_report *report; /* has room for all items that there can be */
};

/* A new item, healthy so far. */
struct health_item *health_add(struct health_judgement *judgement, const char *name);

void health_value(struct health_item *item, const char *format, ...) PRINTF_LIKE(2, 3);
void health_amount(struct health_item *item, const char *measure, int64_t amount,
                   enum health_unit unit);

/* In seconds, and what the amount would be. */
void health_threshold(struct health_item *item, const struct health_limit *limit);

/*
 * Something is wrong: the item is at least that bad, and what to do is what the
 * worst demands.  The command is without "redoubt" and the facts' options.
 */
void health_blame(const struct health_judgement *judgement, struct health_item *item,
                  enum health_state state, const char *command, const char *meaning);

/* How bad is it?  Microseconds decide, so that a limit below a second is one, too. */
enum health_state health_exceeds(int64_t us, const struct health_limit *limit);

/* The parts */
void health_work_judge(struct health_judgement *judgement);
void health_work_judge_canary(struct health_judgement *judgement);
void health_wal_judge_archiving(struct health_judgement *judgement);
void health_wal_judge_archive(struct health_judgement *judgement);
