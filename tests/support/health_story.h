// SPDX-License-Identifier: PostgreSQL
/*
 * health_story.h - a cluster to be judged: everything was done for it an hour
 * ago, unless a test says otherwise.
 */
#pragma once

#include "health/health.h"

#define MINUTE_US (60 * US_PER_SECOND)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

/* When it is judged: 2024-10-04 00:00 UTC. */
#define HEALTH_STORY_NOW (20000 * DAY_US)

/* A command as the report has it. */
#define HEALTH_STORY_RUN(command) "redoubt " command " -c /etc/redoubt/shop.yaml"

struct health_story
{
    struct health_facts facts;
    struct health_dump dumps[2]; /* the first is of "orders"; the second is not counted */
    struct health_policy policy; /* the default */
    struct health_report report; /* of the last judgement */
};

void health_story_begin(struct health_story *story);
void health_story_judge(struct health_story *story);

/* NULL: there is no such item. */
const struct health_item *health_story_find(const struct health_story *story, const char *name);

/* One that there must be. */
const struct health_item *health_story_item(const struct health_story *story, const char *name);

/* What one item comes to, while all others stay healthy; the report is released. */
void health_story_expect(struct health_story *story, const char *name, enum health_state state,
                         const char *value, const char *command);
