// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/health_story.h"

#include <stdio.h>

#define SAY(into, text) snprintf((into), sizeof(into), "%s", (text))

static void
wal_that_waits_is_judged_by_the_oldest(void **state)
{
    (void) state;
    struct health_story story;
    struct health_archiving *archiving = &story.facts.archiving;

    health_story_begin(&story);
    health_story_expect(&story, "archive lag", HEALTH_HEALTHY, "nothing waits", "");
    /* The last try may have failed: it waits only for the next one. */
    *archiving = (struct health_archiving){
        .failing = true, .known = true, .waiting = 1, .waited_us = 5 * MINUTE_US, .oldest = "A"};
    health_story_expect(&story, "archive lag", HEALTH_HEALTHY, "1 file waits for 5min 0s: \"A\"",
                        "");
    archiving->waited_us++;
    health_story_expect(&story, "archive lag", HEALTH_DEGRADED, "1 file waits for 5min 0s: \"A\"",
                        HEALTH_STORY_RUN("doctor"));
    archiving->waiting = 7;
    archiving->waited_us = 10 * MINUTE_US;
    health_story_expect(&story, "archive lag", HEALTH_DEGRADED,
                        "7 files wait, the oldest for 10min 0s: \"A\"", HEALTH_STORY_RUN("doctor"));
    archiving->waited_us++;
    health_story_expect(&story, "archive lag", HEALTH_CRITICAL,
                        "7 files wait, the oldest for 10min 0s: \"A\"", HEALTH_STORY_RUN("doctor"));
}

static void
wal_that_waits_since_the_future_is_not_healthy(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    story.facts.archiving = (struct health_archiving){
        .known = true, .waiting = 1, .waited_us = -5 * MINUTE_US, .oldest = "A"};
    health_story_expect(&story, "archive lag", HEALTH_HEALTHY, "1 file waits for 0.0s: \"A\"", "");
    story.facts.archiving.waited_us--;
    health_story_expect(&story, "archive lag", HEALTH_DEGRADED, "1 file waits for 0.0s: \"A\"",
                        HEALTH_STORY_RUN("doctor"));
}

static void
what_waits_unseen_is_healthy_only_while_the_archive_is_fresh(void **state)
{
    (void) state;
    struct health_story story;
    static const char value[] = "not known; the newest archived transaction is of ";
    const struct health_item *item;
    static const struct
    {
        int64_t age_us;
        enum health_state state;
    } cases[] = {{5 * MINUTE_US, HEALTH_HEALTHY},
                 {5 * MINUTE_US + 1, HEALTH_DEGRADED},
                 {1000 * DAY_US, HEALTH_DEGRADED},
                 {-5 * MINUTE_US, HEALTH_HEALTHY},
                 {-5 * MINUTE_US - 1, HEALTH_DEGRADED}};

    health_story_begin(&story);
    story.facts.archiving.known = false;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        story.facts.reach.time = HEALTH_STORY_NOW - cases[index].age_us;
        health_story_judge(&story);
        item = health_story_item(&story, "archive lag");
        assert_int_equal(item->state, cases[index].state);
        assert_memory_equal(item->value, value, sizeof(value) - 1);
        assert_false(item->has_amount);
    }
    health_report_release(&story.report);
    story.facts.reach.time = TIME_NONE;
    health_story_expect(&story, "archive lag", HEALTH_DEGRADED, "not known",
                        HEALTH_STORY_RUN("doctor"));
    story.facts.reach.time = HEALTH_STORY_NOW;
    story.facts.archiving.failing = true;
    health_story_judge(&story);
    assert_int_equal(health_story_item(&story, "archive lag")->state, HEALTH_DEGRADED);
    health_report_release(&story.report);
}

static void
what_waits_unseen_is_healthy_while_the_archive_is_level_with_the_server(void **state)
{
    (void) state;
    struct health_story story;
    struct health_reach *reach = &story.facts.reach;

    health_story_begin(&story);
    story.facts.archiving = (struct health_archiving){.elsewhere = true};
    reach->time = HEALTH_STORY_NOW - DAY_US;
    reach->has_behind = true;
    reach->segment_bytes = 1000;
    reach->behind_bytes = 999;
    health_story_expect(&story, "archive lag", HEALTH_HEALTHY, "no finished segment is missing",
                        "");
    reach->behind_bytes = 1000;
    health_story_judge(&story);
    assert_int_equal(health_story_item(&story, "archive lag")->state, HEALTH_DEGRADED);
    assert_non_null(strstr(health_story_item(&story, "archive lag")->meaning, "is a standby"));
    health_report_release(&story.report);
}

static void
wal_that_is_not_archived_or_elsewhere_is_critical(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    SAY(story.facts.archiving.astray, "000000010000000000000005");
    health_story_expect(&story, "archive lag", HEALTH_CRITICAL, "nothing waits",
                        HEALTH_STORY_RUN("doctor"));
    story.facts.archiving = (struct health_archiving){.off = true};
    health_story_expect(&story, "archive lag", HEALTH_CRITICAL, "the server archives nothing",
                        HEALTH_STORY_RUN("init --apply"));
}

static void
what_can_be_restored_is_told(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    health_story_expect(&story, "recoverable to", HEALTH_HEALTHY,
                        "2024-10-03T23:59:00Z, LSN 0/5000000, timeline 1", "");
    story.facts.reach.time = TIME_NONE;
    health_story_expect(&story, "recoverable to", HEALTH_HEALTHY,
                        "the last transaction, LSN 0/5000000, timeline 1", "");
    SAY(story.facts.reach.problem, "It is damaged.");
    health_story_expect(&story, "recoverable to", HEALTH_CRITICAL,
                        "the last transaction, LSN 0/5000000, timeline 1",
                        HEALTH_STORY_RUN("verify --all"));
    story.facts.reach = (struct health_reach){.time = TIME_NONE};
    health_story_expect(&story, "recoverable to", HEALTH_CRITICAL, "nothing can be restored",
                        HEALTH_STORY_RUN("backup"));
}

static void
a_gap_is_critical_until_a_backup_is_behind_it(void **state)
{
    (void) state;
    struct health_story story;
    struct health_reach *reach = &story.facts.reach;

    health_story_begin(&story);
    reach->gaps = 1;
    SAY(reach->gap, "WAL segment A is missing from the archive");
    reach->gap_at_end = true;
    health_story_expect(&story, "gaps", HEALTH_CRITICAL,
                        "WAL segment A is missing from the archive", HEALTH_STORY_RUN("backup"));
    reach->gap_at_end = false;
    health_story_expect(&story, "gaps", HEALTH_DEGRADED,
                        "WAL segment A is missing from the archive", HEALTH_STORY_RUN("verify"));
    reach->gap_leaves = HEALTH_STORY_NOW + 14 * DAY_US;
    health_story_judge(&story);
    assert_non_null(strstr(health_story_item(&story, "gaps")->meaning,
                           "it leaves the recovery window at 2024-10-18T00:00:00Z."));
    health_report_release(&story.report);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wal_that_waits_is_judged_by_the_oldest),
        cmocka_unit_test(wal_that_waits_since_the_future_is_not_healthy),
        cmocka_unit_test(what_waits_unseen_is_healthy_only_while_the_archive_is_fresh),
        cmocka_unit_test(what_waits_unseen_is_healthy_while_the_archive_is_level_with_the_server),
        cmocka_unit_test(wal_that_is_not_archived_or_elsewhere_is_critical),
        cmocka_unit_test(what_can_be_restored_is_told),
        cmocka_unit_test(a_gap_is_critical_until_a_backup_is_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
