// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "health/drills.h"
#include "tests/support/receipt_build.h"

#include <stdio.h>

#define OLD     41
#define PRESENT 42

#define A "2026-11-19T00-00-00-aaaa"
#define B "2026-11-20T00-00-00-bbbb"

/* A catalog of the present cluster's backups A and B, and drills that a test adds. */
struct story
{
    struct lineage present;
    struct backup backups[2];
    struct drill drills[8];
    struct catalog catalog;
    struct health_work work;
};

static void
begin(struct story *story)
{
    *story = (struct story){
        .present = {.system_identifier = PRESENT},
        .backups = {{.id = A, .system_identifier = PRESENT},
                    {.id = B, .system_identifier = PRESENT}},
        .catalog = {.backup_count = 2},
    };
    story->catalog.backups = story->backups;
    story->catalog.drills = story->drills;
}

static struct drill *
drill(struct story *story, const char *backup_id, enum drill_verdict verdict)
{
    struct drill *made = &story->drills[story->catalog.drill_count++];

    *made = drill_build((unsigned) story->catalog.drill_count, verdict);
    made->system_identifier = PRESENT;
    snprintf(made->backup_id, sizeof(made->backup_id), "%s", backup_id);
    return made;
}

static void
drill_copy(struct story *story, const char *backup_id, enum drill_verdict verdict)
{
    struct drill *made = drill(story, backup_id, verdict);

    snprintf(made->repository, sizeof(made->repository), "offsite");
}

static const struct health_work *
judge(struct story *story)
{
    story->work = (struct health_work){.good = TIME_NONE};
    health_drills_judge(&story->catalog, &story->present, &story->work);
    return &story->work;
}

static void
expect_sound(struct story *story)
{
    judge(story);
    assert_string_equal(story->work.flaw, "");
    assert_string_equal(story->work.flaw_command, "");
    assert_false(story->work.grave);
}

/* That this drill failed counts, and stands first in what is said. */
static void
expect_failed(struct story *story, const struct drill *failed, const char *words)
{
    char command[64];

    judge(story);
    snprintf(command, sizeof(command), "drill --show %s", failed->id);
    assert_true(story->work.grave);
    assert_string_equal(story->work.flaw_command, command);
    assert_non_null(strstr(story->work.flaw, failed->id));
    assert_non_null(strstr(story->work.flaw, words));
}

static void
without_drills_there_is_no_good_one(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    expect_sound(&story);
    assert_true(story.work.good == TIME_NONE);
}

static void
a_backup_that_failed_counts_until_it_passes_or_expires(void **state)
{
    (void) state;
    struct story story;
    const struct drill *failed;

    begin(&story);
    failed = drill(&story, A, DRILL_FAILED);
    drill(&story, B, DRILL_PASSED);
    expect_failed(&story, failed, "Backup " A " failed its last drill");
    assert_true(story.work.good == story.drills[1].finished);
    assert_null(strstr(story.work.flaw, "other"));

    story.catalog.backups = &story.backups[1];
    story.catalog.backup_count = 1;
    expect_sound(&story);

    story.catalog.backups = story.backups;
    story.catalog.backup_count = 2;
    drill(&story, A, DRILL_BROKEN);
    expect_failed(&story, failed, A);
    drill(&story, A, DRILL_PASSED);
    expect_sound(&story);
}

static void
of_several_that_failed_the_newest_is_named(void **state)
{
    (void) state;
    struct story story;
    const struct drill *newest;

    begin(&story);
    drill(&story, B, DRILL_FAILED);
    newest = drill(&story, A, DRILL_FAILED);
    expect_failed(&story, newest, " So did 1 other backup.");
}

static void
the_last_drill_counts_even_if_it_was_of_no_backup(void **state)
{
    (void) state;
    struct story story;
    const struct drill *failed;

    begin(&story);
    drill(&story, B, DRILL_PASSED);
    failed = drill(&story, "", DRILL_FAILED);
    expect_failed(&story, failed, " failed.");

    drill(&story, B, DRILL_BROKEN);
    judge(&story);
    assert_false(story.work.grave);
    assert_non_null(strstr(story.work.flaw, "did not come to its end"));
    assert_string_equal(story.work.flaw_command, "");

    drill(&story, B, DRILL_PASSED);
    expect_sound(&story);
}

static void
a_drill_of_a_copy_says_nothing_of_the_repository(void **state)
{
    (void) state;
    struct story story;
    const struct drill *failed;

    begin(&story);
    drill_copy(&story, A, DRILL_PASSED);
    drill_copy(&story, B, DRILL_FAILED);
    expect_sound(&story);
    assert_true(story.work.good == TIME_NONE);

    failed = drill(&story, B, DRILL_FAILED);
    drill_copy(&story, B, DRILL_PASSED);
    expect_failed(&story, failed, B);
}

static void
a_cluster_that_was_left_behind_proves_nothing(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    drill(&story, A, DRILL_PASSED);
    drill(&story, "2026-11-01T00-00-00-0001", DRILL_PASSED)->system_identifier = OLD;
    expect_sound(&story);
    assert_true(story.work.good == story.drills[0].finished);

    story.drills[0].system_identifier = OLD;
    judge(&story);
    assert_true(story.work.good == TIME_NONE);

    /* Nor does the one that outlived the drills that are kept. */
    story.catalog.has_good_drill = true;
    story.catalog.good_drill = story.drills[0];
    judge(&story);
    assert_true(story.work.good == TIME_NONE);
    story.catalog.good_drill.system_identifier = PRESENT;
    judge(&story);
    assert_true(story.work.good == story.drills[0].finished);
}

static void
of_an_older_entry_the_backup_tells_the_cluster(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    drill(&story, A, DRILL_PASSED)->system_identifier = 0;
    drill(&story, "2026-11-01T00-00-00-0001", DRILL_PASSED)->system_identifier = 0;
    judge(&story);
    assert_true(story.work.good == story.drills[0].finished);
    story.backups[0].system_identifier = OLD;
    judge(&story);
    assert_true(story.work.good == TIME_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_drills_there_is_no_good_one),
        cmocka_unit_test(a_backup_that_failed_counts_until_it_passes_or_expires),
        cmocka_unit_test(of_several_that_failed_the_newest_is_named),
        cmocka_unit_test(the_last_drill_counts_even_if_it_was_of_no_backup),
        cmocka_unit_test(a_drill_of_a_copy_says_nothing_of_the_repository),
        cmocka_unit_test(a_cluster_that_was_left_behind_proves_nothing),
        cmocka_unit_test(of_an_older_entry_the_backup_tells_the_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
