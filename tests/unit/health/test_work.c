// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/health_story.h"

#include <stdio.h>

#define SAY(into, text) snprintf((into), sizeof(into), "%s", (text))

/* The kinds of work, as they are for a story. */
struct work_case
{
    const char *name;
    struct health_work *work;
    struct health_limit *limit;
    enum health_state never;
    const char *command;
    const char *measure;
};

#define WORKS 5

static void
list_works(struct health_story *story, struct work_case cases[WORKS])
{
    struct health_facts *facts = &story->facts;
    struct health_policy *policy = &story->policy;

    cases[0] = (struct work_case){
        "backup",    &facts->backup, &policy->backup, HEALTH_CRITICAL, HEALTH_STORY_RUN("backup"),
        "backup_age"};
    cases[1] = (struct work_case){
        "verify",    &facts->verify, &policy->verify, HEALTH_DEGRADED, HEALTH_STORY_RUN("verify"),
        "verify_age"};
    cases[2] = (struct work_case){
        "drill",    &facts->drill, &policy->drill, HEALTH_DEGRADED, HEALTH_STORY_RUN("drill"),
        "drill_age"};
    cases[3] =
        (struct work_case){"dump orders",   &story->dumps[0].work,           &policy->dump,
                           HEALTH_CRITICAL, HEALTH_STORY_RUN("dump orders"), "dump orders_age"};
    facts->has_canary = true;
    facts->canary.good = HEALTH_STORY_NOW;
    cases[4] = (struct work_case){
        "canary",    &facts->canary, &policy->canary, HEALTH_DEGRADED, HEALTH_STORY_RUN("canary"),
        "canary_age"};
}

/* What is found of work that was done so long ago. */
static void
assert_work(struct health_story *story, const struct work_case *work, int64_t age_us,
            enum health_state state)
{
    const struct health_item *item;

    work->work->good = HEALTH_STORY_NOW - age_us;
    health_story_judge(story);
    item = health_story_item(story, work->name);
    if (item->state != state)
        fail_msg("%s is %s, not %s", work->name, health_state_name(item->state),
                 health_state_name(state));
    assert_int_equal(story->report.state, state);
    assert_string_equal(item->command, state == HEALTH_HEALTHY ? "" : work->command);
    assert_true(item->has_amount);
    assert_int_equal(item->amount, age_us < 0 ? 0 : age_us / US_PER_SECOND);
    assert_string_equal(item->measure, work->measure);
    assert_true(item->has_limit);
    assert_int_equal(item->degraded, work->limit->degraded_us / US_PER_SECOND);
    assert_int_equal(item->critical, work->limit->critical_us / US_PER_SECOND);
    health_report_release(&story->report);
}

static void
work_is_late_from_the_microsecond_behind_its_limit(void **state)
{
    (void) state;
    struct work_case cases[WORKS];
    struct health_story story;

    for (size_t index = 0; index < WORKS; index++)
    {
        int64_t degraded;
        int64_t critical;

        health_story_begin(&story);
        list_works(&story, cases);
        degraded = cases[index].limit->degraded_us;
        critical = cases[index].limit->critical_us;
        assert_work(&story, &cases[index], 0, HEALTH_HEALTHY);
        assert_work(&story, &cases[index], degraded, HEALTH_HEALTHY);
        assert_work(&story, &cases[index], degraded + 1, HEALTH_DEGRADED);
        assert_work(&story, &cases[index], critical, HEALTH_DEGRADED);
        assert_work(&story, &cases[index], critical + 1, HEALTH_CRITICAL);
        assert_work(&story, &cases[index], 1000 * DAY_US, HEALTH_CRITICAL);
        *cases[index].limit = (struct health_limit){false, 1, 1};
        assert_work(&story, &cases[index], 1, HEALTH_HEALTHY);
        assert_work(&story, &cases[index], 2, HEALTH_CRITICAL);
    }
}

static void
work_that_was_never_done_is_late_as_its_kind_demands(void **state)
{
    (void) state;
    struct work_case cases[WORKS];
    struct health_story story;

    for (size_t index = 0; index < WORKS; index++)
    {
        const struct health_item *item;

        health_story_begin(&story);
        list_works(&story, cases);
        cases[index].work->good = TIME_NONE;
        health_story_judge(&story);
        item = health_story_item(&story, cases[index].name);
        assert_int_equal(item->state, cases[index].never);
        assert_int_equal(story.report.state, cases[index].never);
        assert_string_equal(item->value, "never");
        assert_string_equal(item->command, cases[index].command);
        assert_false(item->has_amount);
        health_report_release(&story.report);
    }
}

static void
work_of_the_future_has_no_age(void **state)
{
    (void) state;
    struct work_case cases[WORKS];
    struct health_story story;

    for (size_t index = 0; index < WORKS; index++)
    {
        const struct health_item *item;

        health_story_begin(&story);
        list_works(&story, cases);
        /* Clocks of two hosts differ by so much. */
        assert_work(&story, &cases[index], -5 * MINUTE_US, HEALTH_HEALTHY);
        cases[index].work->good = HEALTH_STORY_NOW + 5 * MINUTE_US + 1;
        health_story_judge(&story);
        item = health_story_item(&story, cases[index].name);
        assert_int_equal(item->state, HEALTH_DEGRADED);
        assert_string_equal(item->value, "2024-10-04T00:05:00.000001Z, in the future");
        assert_string_equal(item->command, HEALTH_STORY_RUN("doctor"));
        assert_false(item->has_amount);
        health_report_release(&story.report);
    }
}

static void
a_flaw_of_the_last_run_degrades_and_a_grave_one_is_critical(void **state)
{
    (void) state;
    struct work_case cases[WORKS];
    struct health_story story;

    for (size_t index = 0; index < WORKS; index++)
    {
        const struct health_item *item;

        health_story_begin(&story);
        list_works(&story, cases);
        cases[index].work->good = HEALTH_STORY_NOW - MINUTE_US;
        SAY(cases[index].work->flaw, "It is flawed.");
        health_story_judge(&story);
        item = health_story_item(&story, cases[index].name);
        assert_int_equal(item->state, HEALTH_DEGRADED);
        assert_string_equal(item->meaning, "It is flawed.");
        assert_string_equal(item->value, "1min 0s ago");
        assert_string_not_equal(item->command, "");

        cases[index].work->grave = true;
        health_story_judge(&story);
        assert_int_equal(health_story_item(&story, cases[index].name)->state, HEALTH_CRITICAL);

        /* Lateness and the flaw are both told. */
        cases[index].work->grave = false;
        cases[index].work->good = HEALTH_STORY_NOW - 1000 * DAY_US;
        health_story_judge(&story);
        item = health_story_item(&story, cases[index].name);
        assert_int_equal(item->state, HEALTH_CRITICAL);
        assert_string_equal(item->command, cases[index].command);
        assert_non_null(strstr(item->meaning, " It is flawed."));
        health_report_release(&story.report);
    }
}

static void
what_is_off_is_not_judged(void **state)
{
    (void) state;
    struct work_case cases[WORKS];
    struct health_story story;

    health_story_begin(&story);
    list_works(&story, cases);
    for (size_t index = 0; index < WORKS; index++)
    {
        cases[index].limit->off = true;
        cases[index].work->good = TIME_NONE;
    }
    story.policy.archive_lag.off = true;
    story.facts.archiving = (struct health_archiving){.off = true};
    story.facts.reach.reaches = false;
    health_story_judge(&story);

    assert_int_equal(story.report.state, HEALTH_HEALTHY);
    assert_int_equal(story.report.count, 4);
    assert_null(health_story_find(&story, "backup"));
    assert_null(health_story_find(&story, "archive lag"));
    assert_null(health_story_find(&story, "recoverable to"));
    health_report_release(&story.report);
}

static void
each_configured_dump_is_judged_by_itself(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    story.facts.dump_count = 2;
    story.dumps[1] = (struct health_dump){"a b; rm", {.good = HEALTH_STORY_NOW - 30 * HOUR_US}};
    /* What a shell would take apart is left out: without a name all are dumped. */
    health_story_expect(&story, "dump a b; rm", HEALTH_DEGRADED, "1d 6h ago",
                        HEALTH_STORY_RUN("dump"));
    story.dumps[1].database = "-f";
    health_story_expect(&story, "dump -f", HEALTH_DEGRADED, "1d 6h ago", HEALTH_STORY_RUN("dump"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_late_from_the_microsecond_behind_its_limit),
        cmocka_unit_test(work_that_was_never_done_is_late_as_its_kind_demands),
        cmocka_unit_test(work_of_the_future_has_no_age),
        cmocka_unit_test(a_flaw_of_the_last_run_degrades_and_a_grave_one_is_critical),
        cmocka_unit_test(what_is_off_is_not_judged),
        cmocka_unit_test(each_configured_dump_is_judged_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
