// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/candidates.h"
#include "repo/wal.h"
#include "tests/support/captured_log.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE

#define FIRST  "2026-01-01T00-02-00-0001"
#define SECOND "2026-01-01T00-25-00-0002"

/* WAL from segment 2 on, with a commit in segment 2, one in 9 and one in 12. */
struct story
{
    struct cluster_build cluster;
    struct wal_build wal;
    struct drill_candidates candidates;
};

static void
begin(struct story *story)
{
    *story = (struct story){0};
    cluster_build_open(&story->cluster, false);
    wal_build_begin(&story->wal, (struct pg_wal_segment){1, 2});
    cluster_build_commit(&story->wal, 700, MINUTE(1));
    cluster_build_fill_to(&story->wal, 9);
    cluster_build_commit(&story->wal, 701, MINUTE(20));
    cluster_build_fill_to(&story->wal, 12);
    cluster_build_commit(&story->wal, 702, MINUTE(30));
}

/* A backup that needs this segment and ended at a minute. */
static void
back_up(struct story *story, const char *id, uint64_t segment, int minute, bool damaged)
{
    static const struct cluster_build_file files[] = {{.path = "PG_VERSION", .content = "15\n"},
                                                      {0}};
    struct cluster_build_backup backup = {
        .backup = {.start = {1, segment * SEGMENT + 40},
                   .stop = {1, segment * SEGMENT + 80},
                   .stopped = MINUTE(minute),
                   .damaged = damaged},
        .files = files,
    };

    snprintf(backup.backup.id, sizeof(backup.backup.id), "%s", id);
    cluster_build_backup(&story->cluster, &backup);
}

static void
drill_of(struct story *story, const char *copy, const char *id, int minute,
         enum drill_verdict verdict)
{
    struct drill made = {.verdict = verdict,
                         .started = MINUTE(minute),
                         .finished = MINUTE(minute),
                         .rto_ms = DRILL_UNKNOWN_MS,
                         .rpo_ms = DRILL_UNKNOWN_MS};
    const struct catalog_entry entry = {.drill = &made};
    struct error err = {0};

    snprintf(made.id, sizeof(made.id), "2026-01-02T00-%02d-00-0001", minute);
    snprintf(made.backup_id, sizeof(made.backup_id), "%s", id);
    snprintf(made.repository, sizeof(made.repository), "%s", copy);
    assert_ok(catalog_append(story->cluster.repo, &story->cluster.catalog, &entry,
                             (struct catalog_check){0}, &err));
}

static void
drill(struct story *story, const char *id, int minute, enum drill_verdict verdict)
{
    drill_of(story, "", id, minute, verdict);
}

static void
drill_copy(struct story *story, const char *id, int minute)
{
    drill_of(story, "offsite", id, minute, DRILL_PASSED);
}

static void
gather(struct story *story, uint64_t omit)
{
    struct error err = {0};

    cluster_build_archive(&story->cluster, &story->wal, omit);
    assert_ok(drill_candidates_gather(story->cluster.repo, "", &story->candidates, &err));
}

static void
end(struct story *story)
{
    drill_candidates_release(&story->candidates);
    wal_build_release(&story->wal);
    cluster_build_close(&story->cluster);
}

static void
each_good_backup_reaches_the_last_commit_that_wal_leads_to(void **state)
{
    (void) state;
    struct story story;
    const struct drill_candidate *items;

    begin(&story);
    back_up(&story, FIRST, 3, 2, false);
    back_up(&story, "2026-01-01T00-05-00-0003", 5, 5, true);
    back_up(&story, SECOND, 11, 25, false);
    gather(&story, 10);
    items = story.candidates.items;

    assert_int_equal(story.candidates.count, 2);
    assert_string_equal(items[0].backup->id, FIRST);
    assert_int_equal(items[0].from, MINUTE(2));
    assert_int_equal(items[0].until, MINUTE(20));
    assert_string_equal(items[1].backup->id, SECOND);
    assert_int_equal(items[1].until, MINUTE(30));
    end(&story);
}

static void
a_backup_whose_own_wal_is_gone_is_tried_all_the_same(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    back_up(&story, FIRST, 3, 2, false);
    gather(&story, 3);

    assert_int_equal(story.candidates.count, 1);
    assert_int_equal(story.candidates.items[0].until, TIME_NONE);
    end(&story);
}

/* Put into the archive what is no WAL. */
static void
archive_rubbish(struct story *story, const char *name)
{
    const struct wal_file file = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, name};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(wal_key(story->cluster.repo, &file, key, &err));
    assert_ok(store_put(story->cluster.repo->store, key, BYTES("rubbish"), &err));
}

static void
where_wal_is_damaged_backups_can_be_tried_to_their_own_ends(void **state)
{
    (void) state;
    struct story story;
    struct captured_log captured;
    char *said;

    begin(&story);
    back_up(&story, FIRST, 3, 2, false);
    back_up(&story, SECOND, 8, 25, false);
    archive_rubbish(&story, "00000001000000000000000C");
    captured_log_begin(&captured);
    gather(&story, 12);
    said = captured_log_end(&captured);

    assert_non_null(strstr(said, FIRST));
    assert_null(strstr(said, SECOND)); /* the same end: it is said once */
    assert_int_equal(story.candidates.count, 2);
    assert_int_equal(story.candidates.items[0].until, TIME_NONE);
    assert_int_equal(story.candidates.items[1].until, TIME_NONE);
    free(said);
    end(&story);
}

static void
a_damaged_backup_is_left_out_and_named(void **state)
{
    (void) state;
    struct story story;
    struct captured_log captured;
    char *said;

    begin(&story);
    back_up(&story, FIRST, 3, 2, false);
    back_up(&story, SECOND, 11, 25, true);
    captured_log_begin(&captured);
    gather(&story, 0);
    said = captured_log_end(&captured);

    assert_int_equal(story.candidates.count, 1);
    assert_non_null(strstr(said, SECOND));
    assert_null(strstr(said, FIRST));
    free(said);
    end(&story);
}

static void
the_last_drill_that_came_to_an_end_tried_a_backup(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    back_up(&story, FIRST, 3, 2, false);
    back_up(&story, SECOND, 11, 25, false);
    drill(&story, FIRST, 40, DRILL_PASSED);
    drill(&story, FIRST, 50, DRILL_FAILED);
    drill(&story, FIRST, 55, DRILL_BROKEN);
    drill(&story, SECOND, 56, DRILL_BROKEN);
    drill_copy(&story, SECOND, 57);
    gather(&story, 0);

    assert_int_equal(story.candidates.items[0].last_tried, MINUTE(50));
    assert_int_equal(story.candidates.items[1].last_tried, TIME_NONE);
    end(&story);
}

static void
without_a_good_backup_there_is_nothing_to_drill(void **state)
{
    (void) state;
    struct story story;
    struct error err = {0};

    begin(&story);
    assert_status(drill_candidates_gather(story.cluster.repo, "", &story.candidates, &err),
                  STATUS_REFUSED);
    end(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_good_backup_reaches_the_last_commit_that_wal_leads_to),
        cmocka_unit_test(a_backup_whose_own_wal_is_gone_is_tried_all_the_same),
        cmocka_unit_test(where_wal_is_damaged_backups_can_be_tried_to_their_own_ends),
        cmocka_unit_test(a_damaged_backup_is_left_out_and_named),
        cmocka_unit_test(the_last_drill_that_came_to_an_end_tried_a_backup),
        cmocka_unit_test(without_a_good_backup_there_is_nothing_to_drill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
