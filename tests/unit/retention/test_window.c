// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/window.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB (UINT32_C(1) << 20)
#define DAY US_PER_DAY

/* 2026-11-23, a Monday; day 0 is the 2nd, a Monday too, and so are 7 and 14. */
#define TODAY   21
#define AT(day) ((INT64_C(1793577600) * US_PER_SECOND) + (day) *DAY)

/* A cluster that writes ten segments a day, from 1000 on. */
#define SEGMENT(day) (1000 + 10 * (day))

#define BACKUPS_MAX 32

struct fixture
{
    struct backup backups[BACKUPS_MAX];
    struct window_backup items[BACKUPS_MAX];
    size_t count;
    struct pg_history_entry forks[8];
    size_t fork_count;
    struct pg_history histories[6];
    struct wal_run runs[12];
    struct wal_chain chain;
    struct retention_policy policy;
    struct wal_rules rules;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->policy = retention_policy_default();
    fixture->histories[0] = pg_history_root(1);
    fixture->chain = (struct wal_chain){
        .system_identifier = 1,
        .segment_size = MIB,
        .archived = {fixture->runs, 0},
        .histories = fixture->histories,
        .history_count = 1,
    };
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    wal_rules_release(&fixture->rules);
    free(fixture);
    return 0;
}

/* A backup that is taken at 2 o'clock of a day, and needs one segment. */
static struct backup *
add_backup(struct fixture *fixture, pg_timeline timeline, int day)
{
    struct backup *backup = &fixture->backups[fixture->count];
    uint64_t first = (uint64_t) SEGMENT(day);

    assert_true(fixture->count < BACKUPS_MAX);
    *backup = (struct backup){
        .system_identifier = 1,
        .wal_segment_size = MIB,
        .start = {timeline, first * MIB + 40},
        .stop = {timeline, first * MIB + 80},
        .started = AT(day) + 2 * US_PER_HOUR,
        .stopped = AT(day) + 3 * US_PER_HOUR,
    };
    snprintf(backup->id, sizeof(backup->id), "%d", day);
    fixture->items[fixture->count++] = (struct window_backup){.backup = backup, .usable = true};
    return backup;
}

static void
add_run(struct fixture *fixture, pg_timeline timeline, int first, int last)
{
    fixture->runs[fixture->chain.archived.count++] =
        (struct wal_run){timeline, (uint64_t) first, (uint64_t) last};
}

/* A timeline that left its parent on a day, in the middle of that day's fifth segment. */
static void
add_timeline(struct fixture *fixture, pg_timeline timeline, pg_timeline parent, int day)
{
    fixture->forks[fixture->fork_count] =
        (struct pg_history_entry){parent, (uint64_t) (SEGMENT(day) + 5) * MIB + MIB / 2};
    fixture->histories[fixture->chain.history_count++] = (struct pg_history){
        .timeline = timeline,
        .ancestors = &fixture->forks[fixture->fork_count++],
        .ancestor_count = 1,
    };
}

static enum status
find(struct fixture *fixture, struct error *err)
{
    const struct window_question question = {
        .chain = &fixture->chain,
        .policy = &fixture->policy,
        .start = window_start(&fixture->policy, AT(TODAY)),
        .backups = fixture->items,
        .count = fixture->count,
        .rules = &fixture->rules,
    };

    return window_find(&question, err);
}

/* "7 start, 14 later": the roles that were found, by the days of the backups. */
static void
assert_roles(struct fixture *fixture, const char *want)
{
    static const char *const names[] = {"", "later", "behind gap", "start"};
    struct error err = {0};
    char text[512] = "";
    size_t used = 0;

    assert_ok(find(fixture, &err));
    for (size_t index = 0; index < fixture->count; index++)
    {
        const struct window_backup *item = &fixture->items[index];

        if (item->role != WINDOW_NONE)
            used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%s %s",
                                      used == 0 ? "" : ", ", item->backup->id, names[item->role]);
    }
    assert_string_equal(text, want);
}

static bool
keeps(const struct fixture *fixture, pg_timeline timeline, int number)
{
    struct pg_wal_segment segment = {timeline, (uint64_t) number};

    return wal_rules_find(&fixture->rules, 1, segment) != NULL;
}

static void
it_starts_at_the_newest_weekly_one_before_it(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, 1, day);

    /* It begins on day 7, at midnight: that day's backup is inside. */
    assert_roles(fixture, "0 start, 7 later, 14 later, 21 later");
    assert_false(keeps(fixture, 1, SEGMENT(0) - 1));
    assert_true(keeps(fixture, 1, SEGMENT(0)));
    assert_true(keeps(fixture, 1, SEGMENT(TODAY) + 100));
}

static void
it_starts_at_one_that_stays_anyway_when_that_is_newer(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, 1, day);
    fixture->items[3].stays = true;

    assert_roles(fixture, "3 start, 7 later, 14 later, 21 later");
    assert_false(keeps(fixture, 1, SEGMENT(3) - 1));
}

static void
a_window_no_longer_than_the_daily_ones_starts_at_a_day(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 3 * DAY;
    add_run(fixture, 1, 900, SEGMENT(TODAY));
    for (int day = 15; day <= TODAY; day++)
        add_backup(fixture, 1, day);

    assert_roles(fixture, "17 start, 18 later, 19 later, 20 later, 21 later");
    assert_false(keeps(fixture, 1, SEGMENT(17) - 1));
}

static void
it_is_never_shorter_than_the_minimum_age(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 0;
    assert_int_equal(window_start(&fixture->policy, AT(TODAY)), AT(TODAY - 1));
    fixture->policy.minimum_age_us = 0;
    assert_int_equal(window_start(&fixture->policy, AT(TODAY)), AT(TODAY));
}

static void
without_length_it_starts_at_the_newest_backup(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 0;
    fixture->policy.minimum_age_us = 0;
    fixture->policy.daily = 0;
    add_run(fixture, 1, 900, SEGMENT(TODAY));
    for (int day = 15; day < TODAY; day++)
        add_backup(fixture, 1, day);

    assert_roles(fixture, "20 start");
}

static void
before_it_can_start_the_oldest_good_one_stays(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(TODAY));
    add_backup(fixture, 1, 9);
    fixture->items[0].usable = false;
    add_backup(fixture, 1, 10);
    add_backup(fixture, 1, 11);
    add_backup(fixture, 1, 12);

    assert_roles(fixture, "10 start");
}

static void
a_hole_in_the_wal_makes_the_next_backup_an_anchor(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(15) + 3);
    add_run(fixture, 1, SEGMENT(15) + 5, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, 1, day);

    assert_roles(fixture, "0 start, 7 later, 14 later, 16 behind gap, 21 later");
}

static void
what_lies_before_an_old_backup_needs_no_anchor(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(2) + 3);
    add_run(fixture, 1, SEGMENT(2) + 5, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day += 3)
        add_backup(fixture, 1, day);

    assert_roles(fixture, "3 start, 9 later, 15 later, 21 later");
}

static void
a_backup_without_its_wal_is_no_anchor(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(0) - 1);
    add_run(fixture, 1, SEGMENT(0) + 1, SEGMENT(TODAY));
    add_backup(fixture, 1, 0);
    add_backup(fixture, 1, 10);

    assert_roles(fixture, "10 start");
}

static void
a_backup_that_carries_its_wal_leads_into_what_follows(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(0) - 1);
    add_run(fixture, 1, SEGMENT(0) + 1, SEGMENT(TODAY));
    add_backup(fixture, 1, 0)->stop.lsn = (uint64_t) (SEGMENT(0) + 1) * MIB + 80;
    fixture->backups[0].wal_kept = 2;
    add_backup(fixture, 1, 10);

    assert_roles(fixture, "0 start, 10 later");
}

/* What it carries ends in the middle of a segment that is not archived. */
static void
a_backup_whose_last_segment_was_never_archived_leads_nowhere(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, SEGMENT(0) + 1, SEGMENT(TODAY));
    add_backup(fixture, 1, 0)->wal_kept = 1;
    add_backup(fixture, 1, 10);

    assert_roles(fixture, "10 start");
}

/* The cluster was promoted on day 10. */
static void
promote(struct fixture *fixture)
{
    add_timeline(fixture, 2, 1, 10);
    add_run(fixture, 1, 900, SEGMENT(10) + 4);
    add_run(fixture, 2, SEGMENT(10) + 5, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, day <= 10 ? 1 : 2, day);
}

static void
a_promotion_inside_it_is_passed_through(void **state)
{
    struct fixture *fixture = *state;

    promote(fixture);
    assert_roles(fixture, "0 start, 7 later, 14 later, 21 later");
    assert_int_equal(fixture->items[0].timeline, 2);
    assert_true(keeps(fixture, 1, SEGMENT(0)));
    assert_true(keeps(fixture, 1, SEGMENT(10) + 4));
    assert_true(keeps(fixture, 2, SEGMENT(10) + 5));
}

static void
the_segment_of_a_fork_is_kept_of_both_timelines(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 8 * DAY;
    promote(fixture);
    /* The window begins on day 13 and timeline 1 was left before; the anchor is older. */
    assert_roles(fixture, "7 start, 14 later, 21 later");
    assert_true(keeps(fixture, 1, SEGMENT(10) + 5));
    assert_false(keeps(fixture, 1, SEGMENT(10) + 6));
    assert_false(keeps(fixture, 2, SEGMENT(10) + 4));
}

/* On day 12 the cluster went back to an earlier one, from which timeline 2 went on. */
static void
go_back(struct fixture *fixture, int to, int end)
{
    add_timeline(fixture, 2, 1, to);
    add_run(fixture, 1, 900, SEGMENT(12) + 4);
    add_run(fixture, 2, SEGMENT(to) + 5, SEGMENT(TODAY));
    for (int day = 0; day <= 12; day++)
        add_backup(fixture, 1, day);
    for (int day = 13; day <= end; day++)
        add_backup(fixture, 2, day);
}

static void
a_branch_that_was_left_inside_it_can_be_reached(void **state)
{
    struct fixture *fixture = *state;

    go_back(fixture, 5, TODAY);
    /* Day 7 is the first of its week on timeline 1, day 13 on the path of timeline 2. */
    assert_roles(fixture, "0 start, 7 later, 13 later, 14 later, 21 later");
    assert_true(keeps(fixture, 1, SEGMENT(12) + 4));
    assert_true(keeps(fixture, 2, SEGMENT(5) + 5));
}

static void
a_branch_that_was_left_before_it_is_dead(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = DAY;
    go_back(fixture, 10, TODAY);
    assert_roles(fixture, "19 start, 20 later, 21 later");
    assert_false(keeps(fixture, 1, SEGMENT(12) + 4));
    assert_false(keeps(fixture, 2, SEGMENT(19) - 1));
}

static void
a_branch_without_a_backup_keeps_the_one_it_came_from(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 4 * DAY;
    go_back(fixture, 10, 12);
    assert_roles(fixture, "10 start, 12 start");
    assert_int_equal(fixture->items[10].timeline, 2);
    assert_int_equal(fixture->items[12].timeline, 1);
    assert_true(keeps(fixture, 1, SEGMENT(10)));
    assert_true(keeps(fixture, 1, SEGMENT(10) + 5));
    assert_false(keeps(fixture, 1, SEGMENT(10) + 6));
    assert_true(keeps(fixture, 1, SEGMENT(12)));
    assert_true(keeps(fixture, 2, SEGMENT(10) + 5));
}

/* An experiment that nobody went on with must not pin what the cluster writes. */
static void
a_branch_that_nobody_uses_pins_no_more_than_where_it_came_from(void **state)
{
    struct fixture *fixture = *state;

    fixture->policy.recovery_window_us = 4 * DAY;
    add_timeline(fixture, 2, 1, 3);
    add_run(fixture, 1, 900, SEGMENT(TODAY));
    add_run(fixture, 2, SEGMENT(3) + 5, SEGMENT(3) + 7);
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, 1, day);

    assert_roles(fixture, "3 start, 16 start, 17 later, 18 later, 19 later, 20 later, 21 later");
    assert_true(keeps(fixture, 1, SEGMENT(3)));
    assert_false(keeps(fixture, 1, SEGMENT(3) + 6));
    assert_false(keeps(fixture, 1, SEGMENT(16) - 1));
}

static void
a_timeline_that_goes_on_beside_a_newer_one_is_not_dead(void **state)
{
    struct fixture *fixture = *state;

    add_timeline(fixture, 2, 1, 3);
    add_run(fixture, 1, 900, SEGMENT(TODAY));
    add_run(fixture, 2, SEGMENT(3) + 5, SEGMENT(6));
    for (int day = 0; day <= 6; day++)
        add_backup(fixture, day == 6 ? 2 : 1, day);
    for (int day = 8; day <= 12; day++)
        add_backup(fixture, 1, day);

    /* The last shows that it was not left, and stays to show it. */
    assert_roles(fixture, "0 start, 8 later, 12 later");
    assert_true(keeps(fixture, 1, SEGMENT(TODAY)));
}

/* A date in the past would make WAL before it seem too old. */
static void
dates_that_contradict_lsns_count_as_new(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(TODAY));
    add_backup(fixture, 1, 0);
    add_backup(fixture, 1, 8);
    add_backup(fixture, 1, 9)->started = AT(6);
    fixture->backups[2].stopped = AT(6);
    fixture->items[2].stays = true;

    assert_roles(fixture, "0 start, 8 later");
}

static void
a_history_that_is_missing_and_needed_refuses(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    add_run(fixture, 1, 900, SEGMENT(10));
    add_run(fixture, 3, SEGMENT(10), SEGMENT(TODAY));
    add_backup(fixture, 1, 0);
    add_backup(fixture, 1, 10);

    assert_status(find(fixture, &err), STATUS_REFUSED);
    assert_message("WAL of timeline 3, but not its history file 00000003.history");
}

static void
a_timeline_with_backups_of_its_own_needs_no_history(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 5, 900, SEGMENT(TODAY));
    for (int day = 0; day <= TODAY; day++)
        add_backup(fixture, 5, day);

    assert_roles(fixture, "0 start, 7 later, 14 later, 21 later");
    assert_true(keeps(fixture, 5, SEGMENT(0)));
}

static void
backups_of_other_clusters_are_passed_over(void **state)
{
    struct fixture *fixture = *state;

    add_run(fixture, 1, 900, SEGMENT(TODAY));
    add_backup(fixture, 1, 0)->system_identifier = 2;
    add_backup(fixture, 1, 10);

    assert_roles(fixture, "10 start");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_starts_at_the_newest_weekly_one_before_it),
        TEST(it_starts_at_one_that_stays_anyway_when_that_is_newer),
        TEST(a_window_no_longer_than_the_daily_ones_starts_at_a_day),
        TEST(it_is_never_shorter_than_the_minimum_age),
        TEST(without_length_it_starts_at_the_newest_backup),
        TEST(before_it_can_start_the_oldest_good_one_stays),
        TEST(a_hole_in_the_wal_makes_the_next_backup_an_anchor),
        TEST(what_lies_before_an_old_backup_needs_no_anchor),
        TEST(a_backup_without_its_wal_is_no_anchor),
        TEST(a_backup_that_carries_its_wal_leads_into_what_follows),
        TEST(a_backup_whose_last_segment_was_never_archived_leads_nowhere),
        TEST(a_promotion_inside_it_is_passed_through),
        TEST(the_segment_of_a_fork_is_kept_of_both_timelines),
        TEST(a_branch_that_was_left_inside_it_can_be_reached),
        TEST(a_branch_that_was_left_before_it_is_dead),
        TEST(a_branch_without_a_backup_keeps_the_one_it_came_from),
        TEST(a_branch_that_nobody_uses_pins_no_more_than_where_it_came_from),
        TEST(a_timeline_that_goes_on_beside_a_newer_one_is_not_dead),
        TEST(dates_that_contradict_lsns_count_as_new),
        TEST(a_history_that_is_missing_and_needed_refuses),
        TEST(a_timeline_with_backups_of_its_own_needs_no_history),
        TEST(backups_of_other_clusters_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
