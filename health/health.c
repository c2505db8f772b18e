// SPDX-License-Identifier: PostgreSQL
#include "health/health.h"

#include "base/units.h"
#include "health/judgement.h"

#include <stdio.h>
#include <stdlib.h>

/* Besides one for each dump. */
#define ITEMS_MAX 16

/* What the error itself advises. */
static void
explain(const struct health_judgement *judgement, struct health_item *item,
        const struct health_problem *problem)
{
    if (problem->hint[0] != '\0')
        health_blame(judgement, item, item->state, "", problem->hint);
}

/* Server and repository */

static void
judge_repository(struct health_judgement *judgement)
{
    const struct health_facts *facts = judgement->facts;
    struct health_item *item = health_add(judgement, "repository");

    if (facts->repository.text[0] != '\0')
    {
        health_value(item, "%s", facts->repository.text);
        health_blame(judgement, item, HEALTH_CRITICAL, "doctor",
                     "Nobody knows whether there is a backup, and WAL waits on the server.");
        explain(judgement, item, &facts->repository);
    }
    else if (!facts->has_cluster)
    {
        health_value(item, "accepts no cluster yet");
        health_blame(judgement, item, HEALTH_CRITICAL, "lineage add",
                     "Neither WAL nor backups are taken until it does.");
    }
    else
        health_value(item, "answers");
}

static void
judge_server(struct health_judgement *judgement)
{
    const struct health_facts *facts = judgement->facts;
    struct health_item *item = health_add(judgement, "server");

    if (facts->server.text[0] == '\0')
    {
        health_value(item, "answers");
        return;
    }
    health_value(item, "%s", facts->server.text);
    if (facts->other_cluster)
        health_blame(judgement, item, HEALTH_CRITICAL, "doctor",
                     "Its WAL is refused, and the backups are those of another cluster.");
    else
        health_blame(judgement, item, HEALTH_DEGRADED, "doctor",
                     "Nothing can be backed up while it cannot be reached.");
    explain(judgement, item, &facts->server);
}

/* Doubts */

static void
judge_clock(struct health_judgement *judgement)
{
    time_us theirs = judgement->facts->store_time;
    struct health_item *item = health_add(judgement, "clock");
    int64_t skew_us = theirs == TIME_NONE ? 0 : judgement->now - theirs;
    char skew[UNITS_TEXT_SIZE];

    if (theirs == TIME_NONE)
    {
        health_value(item, "the store does not tell its time");
        health_blame(judgement, item, HEALTH_DEGRADED, "doctor",
                     "Whether ages are right is not known, and nothing expires.");
        return;
    }
    units_format_duration(llabs(skew_us) / 1000, skew);
    health_amount(item, "clock_skew", llabs(skew_us) / US_PER_SECOND, HEALTH_UNIT_SECONDS);
    if (llabs(skew_us) <= HEALTH_TOLERANCE_US)
    {
        health_value(item, "agrees with the store's");
        return;
    }
    health_value(item, "%s %s the store's", skew, skew_us > 0 ? "ahead of" : "behind");
    health_blame(
        judgement, item, HEALTH_DEGRADED, "doctor",
        "Ages are wrong and nothing expires while clocks contradict each other: let NTP set "
        "this host's.");
}

static void
judge_catalog(struct health_judgement *judgement)
{
    const struct health_problem *doubt = &judgement->facts->doubt;
    struct health_item *item = health_add(judgement, "catalog");

    health_value(item, "%s", doubt->text[0] == '\0' ? "consistent" : doubt->text);
    if (doubt->text[0] == '\0')
        return;
    health_blame(judgement, item, HEALTH_DEGRADED, "verify",
                 "Nothing expires while the log contradicts itself or the clock.");
    explain(judgement, item, doubt);
}

/* The worst first; items are few. */
static void
sort_items(struct health_report *report)
{
    for (size_t index = 1; index < report->count; index++)
    {
        struct health_item item = report->items[index];
        size_t place = index;

        for (; place > 0 && report->items[place - 1].state < item.state; place--)
            report->items[place] = report->items[place - 1];
        report->items[place] = item;
    }
    report->state = report->items[0].state;
}

enum status
health_judge(const struct health_facts *facts, const struct health_policy *policy, time_us now,
             struct health_report *report, struct error *err)
{
    struct health_judgement judgement = {facts, policy, now, report};

    *report = (struct health_report){
        .items = calloc(ITEMS_MAX + facts->dump_count, sizeof(*report->items))};
    if (report->items == NULL)
        return error_no_memory(err);
    judge_repository(&judgement);
    judge_server(&judgement);
    health_wal_judge_archiving(&judgement);
    health_work_judge_canary(&judgement);
    /* Else all that is to be said is said of the repository. */
    if (facts->repository.text[0] == '\0' && facts->has_cluster)
    {
        health_work_judge(&judgement);
        health_wal_judge_archive(&judgement);
        judge_clock(&judgement);
        judge_catalog(&judgement);
    }
    sort_items(report);
    return OK;
}

const char *
health_state_name(enum health_state state)
{
    static const char *const names[] = {
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_DEGRADED] = "degraded",
        [HEALTH_CRITICAL] = "critical",
    };

    return names[state];
}

void
health_report_release(struct health_report *report)
{
    free(report->items);
    *report = (struct health_report){0};
}
