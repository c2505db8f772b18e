// SPDX-License-Identifier: PostgreSQL
#include "base/units.h"
#include "health/judgement.h"

#include <stdio.h>
#include <string.h>

/* How one kind of work is judged. */
struct work_rule
{
    const struct health_limit *limit;
    enum health_state never; /* that there was no good run at all */
    const char *danger;      /* of one that is too old, or never was */
    const char *command;
    const char *flaw_command;
};

static void
judge_age(struct health_judgement *judgement, struct health_item *item, time_us good,
          const struct work_rule *rule)
{
    char time[TIME_TEXT_SIZE];
    char age[UNITS_TEXT_SIZE];
    char measure[sizeof(item->measure)];
    int64_t age_us;

    if (good > judgement->now && good - judgement->now > HEALTH_TOLERANCE_US)
    {
        time_format(good, time);
        health_value(item, "%s, in the future", time);
        health_blame(
            judgement, item, HEALTH_DEGRADED, "doctor",
            "Its age is not known: this host's clock is wrong, or was that of the host which "
            "did it.");
        return;
    }
    age_us = good > judgement->now ? 0 : judgement->now - good;
    snprintf(measure, sizeof(measure), "%s_age", item->name);
    health_amount(item, measure, age_us / US_PER_SECOND, HEALTH_UNIT_SECONDS);
    units_format_duration(age_us / 1000, age);
    health_value(item, "%s ago", age);
    if (health_exceeds(age_us, rule->limit) != HEALTH_HEALTHY)
        health_blame(judgement, item, health_exceeds(age_us, rule->limit), rule->command,
                     rule->danger);
}

static void
judge_work(struct health_judgement *judgement, const char *name, const struct health_work *work,
           const struct work_rule *rule)
{
    struct health_item *item;

    if (rule->limit->off)
        return;
    item = health_add(judgement, name);
    health_threshold(item, rule->limit);
    if (work->good != TIME_NONE)
        judge_age(judgement, item, work->good, rule);
    else
    {
        health_value(item, "never");
        health_blame(judgement, item, rule->never, rule->command, rule->danger);
    }
    if (work->flaw[0] != '\0')
        health_blame(judgement, item, work->grave ? HEALTH_CRITICAL : HEALTH_DEGRADED,
                     work->flaw_command[0] != '\0' ? work->flaw_command : rule->flaw_command,
                     work->flaw);
}

static void
judge_backup(struct health_judgement *judgement)
{
    const struct health_work *work = &judgement->facts->backup;
    const struct work_rule rule = {
        .limit = &judgement->policy->backup,
        .never = HEALTH_CRITICAL,
        .danger = work->good == TIME_NONE
                      ? "There is no good base backup of this cluster: nothing can be restored."
                      : "A restore must replay all WAL since then: it takes longer each day, and "
                        "one lost segment loses all behind it.",
        .command = "backup",
        .flaw_command = "runbook corruption",
    };

    judge_work(judgement, "backup", work, &rule);
}

/* A name that a shell takes as it is. */
static bool
is_plain(const char *name)
{
    return name[0] != '-' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0';
}

static void
judge_dump(struct health_judgement *judgement, const struct health_dump *dump)
{
    char name[HEALTH_NAME_SIZE];
    char command[sizeof("dump ") + DUMP_DATABASE_SIZE] = "dump"; /* of all that are configured */
    const struct work_rule rule = {
        .limit = &judgement->policy->dump,
        .never = HEALTH_CRITICAL,
        .danger = dump->work.good == TIME_NONE
                      ? "There is no good dump of this database."
                      : "No later state of the database can be loaded from a dump.",
        .command = command,
        .flaw_command = command,
    };

    snprintf(name, sizeof(name), "dump %s", dump->database);
    if (is_plain(dump->database))
        snprintf(command, sizeof(command), "dump %s", dump->database);
    judge_work(judgement, name, &dump->work, &rule);
}

/* Of the server: there is one while the repository does not answer, too. */
void
health_work_judge_canary(struct health_judgement *judgement)
{
    const struct work_rule rule = {
        .limit = &judgement->policy->canary,
        .never = HEALTH_DEGRADED,
        .danger = "How much would be lost is not measured any more.",
        .command = "canary",
        .flaw_command = "canary",
    };

    if (judgement->facts->has_canary)
        judge_work(judgement, "canary", &judgement->facts->canary, &rule);
}

static void
judge_proofs(struct health_judgement *judgement)
{
    const struct health_facts *facts = judgement->facts;
    const struct work_rule verify = {
        .limit = &judgement->policy->verify,
        .never = HEALTH_DEGRADED,
        .danger = facts->verify.good == TIME_NONE
                      ? "Nobody has looked whether the repository is whole."
                      : "Damage in the repository would not have been noticed since.",
        .command = "verify",
        .flaw_command = "verify",
    };
    const struct work_rule drill = {
        .limit = &judgement->policy->drill,
        .never = HEALTH_DEGRADED,
        .danger = facts->drill.good == TIME_NONE ? "That a restore works was never proved."
                                                 : "That a restore works was not proved since.",
        .command = "drill",
        .flaw_command = "drill",
    };

    judge_work(judgement, "verify", &facts->verify, &verify);
    judge_work(judgement, "drill", &facts->drill, &drill);
}

void
health_work_judge(struct health_judgement *judgement)
{
    const struct health_facts *facts = judgement->facts;

    judge_backup(judgement);
    for (size_t index = 0; index < facts->dump_count; index++)
        judge_dump(judgement, &facts->dumps[index]);
    judge_proofs(judgement);
}
