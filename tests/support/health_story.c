// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/health_story.h"

void
health_story_begin(struct health_story *story)
{
    *story = (struct health_story){
        .facts = {.cluster = "shop",
                  .options = " -c /etc/redoubt/shop.yaml",
                  .archiving = {.known = true},
                  .has_cluster = true,
                  .store_time = HEALTH_STORY_NOW,
                  .backup.good = HEALTH_STORY_NOW - HOUR_US,
                  .verify.good = HEALTH_STORY_NOW - HOUR_US,
                  .drill.good = HEALTH_STORY_NOW - HOUR_US,
                  .dumps = story->dumps,
                  .dump_count = 1,
                  .reach = {.reaches = true,
                            .end = {1, 0x5000000},
                            .time = HEALTH_STORY_NOW - MINUTE_US,
                            .gap_leaves = TIME_NONE}},
        .dumps = {{"orders", {.good = HEALTH_STORY_NOW - HOUR_US}}},
        .policy = config_policy_default(),
    };
}

void
health_story_judge(struct health_story *story)
{
    struct error err = {0};

    health_report_release(&story->report);
    assert_ok(health_judge(&story->facts, &story->policy, HEALTH_STORY_NOW, &story->report, &err));
}

const struct health_item *
health_story_find(const struct health_story *story, const char *name)
{
    for (size_t index = 0; index < story->report.count; index++)
        if (strcmp(story->report.items[index].name, name) == 0)
            return &story->report.items[index];
    return NULL;
}

const struct health_item *
health_story_item(const struct health_story *story, const char *name)
{
    const struct health_item *item = health_story_find(story, name);

    if (item == NULL)
        fail_msg("there is no item \"%s\"", name);
    return item;
}

void
health_story_expect(struct health_story *story, const char *name, enum health_state state,
                    const char *value, const char *command)
{
    const struct health_item *item;

    health_story_judge(story);
    item = health_story_item(story, name);
    assert_string_equal(health_state_name(item->state), health_state_name(state));
    assert_string_equal(item->value, value);
    assert_string_equal(item->command, command);
    assert_int_equal(item->meaning[0] == '\0', state == HEALTH_HEALTHY);
    assert_int_equal(story->report.state, state);
    for (size_t index = 0; index < story->report.count; index++)
        if (&story->report.items[index] != item)
            assert_int_equal(story->report.items[index].state, HEALTH_HEALTHY);
    health_report_release(&story->report);
}
