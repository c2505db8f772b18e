// SPDX-License-Identifier: PostgreSQL
#include "base/units.h"
#include "health/judgement.h"

#include <inttypes.h>
#include <stdio.h>

static const char waiting_danger[] =
    "What waits is lost with the server, and pg_wal grows until its disk is full.";

static void
judge_waiting(struct health_judgement *judgement, struct health_item *item)
{
    const struct health_archiving *archiving = &judgement->facts->archiving;
    const struct health_limit *limit = &judgement->policy->archive_lag;
    int64_t waited_us = archiving->waited_us < 0 ? 0 : archiving->waited_us;
    char waited[UNITS_TEXT_SIZE];

    units_format_duration(waited_us / 1000, waited);
    if (archiving->waiting == 0)
    {
        health_value(item, "nothing waits");
        health_amount(item, "archive_lag", 0, HEALTH_UNIT_SECONDS);
        return;
    }
    health_value(item, "%" PRIu64 " %s %s: \"%s\"", archiving->waiting,
                 archiving->waiting == 1 ? "file waits for" : "files wait, the oldest for", waited,
                 archiving->oldest);
    if (archiving->waited_us < -HEALTH_TOLERANCE_US)
    {
        health_blame(judgement, item, HEALTH_DEGRADED, "doctor",
                     "It is not known how long: the file is dated in the future.");
        return;
    }
    health_amount(item, "archive_lag", waited_us / US_PER_SECOND, HEALTH_UNIT_SECONDS);
    if (health_exceeds(waited_us, limit) != HEALTH_HEALTHY)
        health_blame(judgement, item, health_exceeds(waited_us, limit), "doctor", waiting_danger);
}

/* Is all that was finished by the server, or that its standby knows of, in the archive? */
static bool
is_level(const struct health_reach *reach)
{
    return reach->has_behind && reach->behind_bytes < reach->segment_bytes;
}

static const char *
why_not_known(const struct health_facts *facts)
{
    if (facts->server.text[0] != '\0')
        return "Nobody can be asked what waits to be archived.";
    if (facts->archiving.elsewhere)
        return "The server is a standby: what waits on its primary cannot be seen from here.";
    return "The role may not look: GRANT EXECUTE ON FUNCTION pg_ls_archive_statusdir() to it.";
}

/* Nobody can tell what waits; but while the archive has the newest transactions, nothing does. */
static void
judge_by_archive(struct health_judgement *judgement, struct health_item *item)
{
    const struct health_facts *facts = judgement->facts;
    time_us newest = facts->reach.time;
    int64_t age_us = newest == TIME_NONE ? INT64_MAX : judgement->now - newest;
    char age[UNITS_TEXT_SIZE];

    if (is_level(&facts->reach))
    {
        health_value(item, "no finished segment is missing");
        return;
    }
    if (newest == TIME_NONE)
        health_value(item, "not known");
    else
    {
        units_format_duration(age_us / 1000, age);
        health_value(item, "not known; the newest archived transaction is of %s ago", age);
    }
    if (age_us >= -HEALTH_TOLERANCE_US && age_us <= judgement->policy->archive_lag.degraded_us)
        return;
    health_blame(judgement, item, HEALTH_DEGRADED, "doctor", why_not_known(facts));
}

void
health_wal_judge_archiving(struct health_judgement *judgement)
{
    const struct health_archiving *archiving = &judgement->facts->archiving;
    struct health_item *item;
    char text[HEALTH_PROBLEM_SIZE];

    if (judgement->policy->archive_lag.off)
        return;
    item = health_add(judgement, "archive lag");
    health_threshold(item, &judgement->policy->archive_lag);
    if (archiving->off)
    {
        health_value(item, "the server archives nothing");
        health_blame(judgement, item, HEALTH_CRITICAL, "init --apply",
                     "archive_mode is off: what was written after the last backup is lost with the "
                     "server.");
        return;
    }
    if (archiving->known)
        judge_waiting(judgement, item);
    else
        judge_by_archive(judgement, item);
    if (archiving->failing && !archiving->known)
        health_blame(judgement, item, HEALTH_DEGRADED, "doctor", "The server's last try failed.");
    if (archiving->astray[0] == '\0')
        return;
    snprintf(text, sizeof(text),
             "The server has archived \"%s\", and the repository does not have it: "
             "archive_command leads elsewhere.",
             archiving->astray);
    health_blame(judgement, item, HEALTH_CRITICAL, "doctor", text);
}

static void
judge_reach(struct health_judgement *judgement)
{
    const struct health_reach *reach = &judgement->facts->reach;
    struct health_item *item = health_add(judgement, "recoverable to");
    char time[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    if (!reach->reaches)
    {
        health_value(item, "nothing can be restored");
        health_blame(judgement, item, HEALTH_CRITICAL, "backup",
                     "No good backup has all the WAL that makes it consistent.");
    }
    else
    {
        time_format(reach->time, time);
        pg_lsn_format(reach->end.lsn, lsn);
        health_value(item, "%s, LSN %s, timeline %" PRIu32,
                     reach->time == TIME_NONE ? "the last transaction" : time, lsn,
                     reach->end.timeline);
    }
    if (reach->has_behind)
        health_amount(item, "archive_behind", (int64_t) reach->behind_bytes, HEALTH_UNIT_BYTES);
    if (reach->problem[0] != '\0')
        health_blame(judgement, item, HEALTH_CRITICAL, "verify --all", reach->problem);
}

static void
judge_gaps(struct health_judgement *judgement)
{
    const struct health_reach *reach = &judgement->facts->reach;
    struct health_item *item = health_add(judgement, "gaps");
    char time[TIME_TEXT_SIZE];
    char text[sizeof(time) + 160];

    health_amount(item, "gaps", (int64_t) reach->gaps, HEALTH_UNIT_NONE);
    if (reach->gaps == 0)
    {
        health_value(item, "none");
        return;
    }
    health_value(item, "%s", reach->gap);
    if (reach->gap_at_end)
    {
        health_blame(judgement, item, HEALTH_CRITICAL, "backup",
                     "No moment behind it can be restored until the next backup.");
        return;
    }
    /* The present is safe again: an alarm for two weeks would only be muted. */
    time_format(reach->gap_leaves, time);
    snprintf(text, sizeof(text),
             "No moment between it and the next backup can be restored%s%s. Is it in a copy, or "
             "does something else delete objects?",
             reach->gap_leaves == TIME_NONE ? "" : "; it leaves the recovery window at ",
             reach->gap_leaves == TIME_NONE ? "" : time);
    health_blame(judgement, item, HEALTH_DEGRADED, "verify", text);
}

void
health_wal_judge_archive(struct health_judgement *judgement)
{
    const struct health_facts *facts = judgement->facts;

    /* That nothing can be restored is said of the backup, if anybody wants one. */
    if (facts->backup.good == TIME_NONE)
        return;
    judge_reach(judgement);
    judge_gaps(judgement);
}
