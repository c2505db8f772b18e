// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/health_story.h"

#include <stdio.h>

#define SAY(into, text) snprintf((into), sizeof(into), "%s", (text))

static void
a_cluster_for_which_all_was_done_is_healthy(void **state)
{
    (void) state;
    static const char *const names[] = {"repository",  "server", "archive lag", "backup",
                                        "dump orders", "verify", "drill",       "recoverable to",
                                        "gaps",        "clock",  "catalog"};
    struct health_story story;

    health_story_begin(&story);
    health_story_judge(&story);

    assert_int_equal(story.report.state, HEALTH_HEALTHY);
    assert_int_equal(story.report.count, sizeof(names) / sizeof(names[0]));
    for (size_t index = 0; index < story.report.count; index++)
    {
        const struct health_item *item = &story.report.items[index];

        assert_string_equal(item->name, names[index]);
        assert_int_equal(item->state, HEALTH_HEALTHY);
        assert_string_equal(item->meaning, "");
        assert_string_equal(item->command, "");
        assert_string_not_equal(item->value, "");
    }
    health_report_release(&story.report);
}

static void
clocks_and_catalogs_that_contradict_degrade(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    story.facts.store_time = HEALTH_STORY_NOW - 5 * MINUTE_US;
    health_story_expect(&story, "clock", HEALTH_HEALTHY, "agrees with the store's", "");
    story.facts.store_time--;
    health_story_expect(&story, "clock", HEALTH_DEGRADED, "5min 0s ahead of the store's",
                        HEALTH_STORY_RUN("doctor"));
    story.facts.store_time = HEALTH_STORY_NOW + 5 * MINUTE_US;
    health_story_expect(&story, "clock", HEALTH_HEALTHY, "agrees with the store's", "");
    story.facts.store_time++;
    health_story_expect(&story, "clock", HEALTH_DEGRADED, "5min 0s behind the store's",
                        HEALTH_STORY_RUN("doctor"));
    story.facts.store_time = TIME_NONE;
    health_story_expect(&story, "clock", HEALTH_DEGRADED, "the store does not tell its time",
                        HEALTH_STORY_RUN("doctor"));
    story.facts.store_time = HEALTH_STORY_NOW;
    story.facts.doubt = (struct health_problem){"it is odd", "Look at it."};
    health_story_expect(&story, "catalog", HEALTH_DEGRADED, "it is odd",
                        HEALTH_STORY_RUN("verify"));
}

static void
a_server_that_does_not_answer_degrades_and_another_one_is_critical(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    story.facts.server = (struct health_problem){"no answer", "Start it."};
    health_story_expect(&story, "server", HEALTH_DEGRADED, "no answer", HEALTH_STORY_RUN("doctor"));
    health_story_judge(&story);
    assert_non_null(strstr(health_story_item(&story, "server")->meaning, " Start it."));
    story.facts.other_cluster = true;
    health_story_expect(&story, "server", HEALTH_CRITICAL, "no answer", HEALTH_STORY_RUN("doctor"));
}

static void
of_a_repository_that_does_not_answer_nothing_else_is_said(void **state)
{
    (void) state;
    struct health_story story;

    health_story_begin(&story);
    story.facts.repository = (struct health_problem){"no answer", ""};
    story.facts.archiving.known = false;
    story.facts.reach.time = TIME_NONE;
    health_story_judge(&story);
    assert_int_equal(story.report.state, HEALTH_CRITICAL);
    assert_int_equal(story.report.count, 3);
    assert_string_equal(story.report.items[0].name, "repository");
    assert_string_equal(story.report.items[1].name, "archive lag");
    assert_int_equal(story.report.items[1].state, HEALTH_DEGRADED);
    assert_string_equal(story.report.items[2].name, "server");

    health_report_release(&story.report);
    health_story_begin(&story);
    story.facts.has_cluster = false;
    health_story_judge(&story);
    assert_int_equal(story.report.state, HEALTH_CRITICAL);
    assert_int_equal(story.report.count, 3);
    assert_string_equal(health_story_item(&story, "repository")->command,
                        HEALTH_STORY_RUN("lineage add"));
    health_report_release(&story.report);
}

static void
the_worst_comes_first_and_equals_keep_their_order(void **state)
{
    (void) state;
    static const char *const names[] = {"backup", "dump orders", "server",
                                        "verify", "repository",  "archive lag",
                                        "drill",  "clock",       "catalog"};
    struct health_story story;

    health_story_begin(&story);
    story.facts.backup.good = TIME_NONE;
    story.dumps[0].work.good = TIME_NONE;
    story.facts.verify.good = TIME_NONE;
    SAY(story.facts.server.text, "no answer");
    health_story_judge(&story);

    assert_int_equal(story.report.state, HEALTH_CRITICAL);
    assert_int_equal(story.report.count, sizeof(names) / sizeof(names[0]));
    for (size_t index = 0; index < story.report.count; index++)
        assert_string_equal(story.report.items[index].name, names[index]);
    health_report_release(&story.report);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_for_which_all_was_done_is_healthy),
        cmocka_unit_test(clocks_and_catalogs_that_contradict_degrade),
        cmocka_unit_test(a_server_that_does_not_answer_degrades_and_another_one_is_critical),
        cmocka_unit_test(of_a_repository_that_does_not_answer_nothing_else_is_said),
        cmocka_unit_test(the_worst_comes_first_and_equals_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
