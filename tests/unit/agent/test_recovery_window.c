// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/recovery_window.h"

#include <stdio.h>

#define MIB       (UINT32_C(1) << 20)
#define SYSTEM_ID UINT64_C(42)

/* Segments of 1 MiB on timeline 1. */
static struct wal_chain
chain_of(struct wal_run *runs, size_t count, struct pg_history *root)
{
    *root = pg_history_root(1);
    return (struct wal_chain){
        .system_identifier = SYSTEM_ID,
        .segment_size = MIB,
        .archived = {runs, count},
        .histories = root,
        .history_count = 1,
    };
}

/* A backup that needs these segments. */
static struct backup
backup_of(const char *id, uint64_t first, uint64_t last)
{
    struct backup backup = {
        .system_identifier = SYSTEM_ID,
        .wal_segment_size = MIB,
        .start = {1, first * MIB + 40},
        .stop = {1, last * MIB + 80},
    };

    snprintf(backup.id, sizeof(backup.id), "%s", id);
    return backup;
}

static struct recovery_window
window_of(struct backup *backups, size_t backup_count, struct wal_run *runs, size_t run_count)
{
    struct pg_history root;
    struct wal_chain chain = chain_of(runs, run_count, &root);
    const struct catalog catalog = {.backups = backups, .backup_count = backup_count};
    struct recovery_window window;
    struct error err;

    assert_ok(recovery_window_find(&catalog, &chain, &window, &err));
    return window;
}

static void
it_reaches_from_the_oldest_backup_to_the_last_segment(void **state)
{
    (void) state;
    struct backup backups[] = {backup_of("a", 3, 4), backup_of("b", 8, 8)};
    struct wal_run runs[] = {{1, 2, 20}};
    struct recovery_window window = window_of(backups, 2, runs, 1);

    assert_ptr_equal(window.from, &backups[0]);
    assert_string_equal(window.last_segment, "000000010000000000000014");
    assert_int_equal(window.end, 21 * MIB);
    assert_false(window.gap);
}

static void
a_gap_behind_a_backup_makes_the_next_one_the_oldest(void **state)
{
    (void) state;
    struct backup backups[] = {backup_of("a", 3, 4), backup_of("b", 8, 8)};
    struct wal_run runs[] = {{1, 2, 5}, {1, 7, 20}};

    assert_ptr_equal(window_of(backups, 2, runs, 2).from, &backups[1]);
}

static void
a_gap_behind_every_backup_is_told(void **state)
{
    (void) state;
    struct backup backups[] = {backup_of("a", 3, 4), backup_of("b", 8, 8)};
    struct wal_run runs[] = {{1, 2, 10}, {1, 12, 20}};
    struct recovery_window window = window_of(backups, 2, runs, 2);

    assert_ptr_equal(window.from, &backups[1]);
    assert_string_equal(window.last_segment, "00000001000000000000000A");
    assert_true(window.gap);
}

static void
damaged_and_foreign_backups_open_no_window(void **state)
{
    (void) state;
    struct backup backups[] = {backup_of("a", 3, 4), backup_of("b", 3, 4), backup_of("c", 6, 6)};
    struct wal_run runs[] = {{1, 2, 20}};

    backups[0].damaged = true;
    backups[1].system_identifier++;
    assert_ptr_equal(window_of(backups, 3, runs, 1).from, &backups[2]);
}

static void
a_backup_whose_own_wal_is_missing_opens_no_window(void **state)
{
    (void) state;
    struct backup backups[] = {backup_of("a", 3, 6)};
    struct wal_run runs[] = {{1, 3, 5}};

    assert_null(window_of(backups, 1, runs, 1).from);
    assert_null(window_of(backups, 1, NULL, 0).from);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reaches_from_the_oldest_backup_to_the_last_segment),
        cmocka_unit_test(a_gap_behind_a_backup_makes_the_next_one_the_oldest),
        cmocka_unit_test(a_gap_behind_every_backup_is_told),
        cmocka_unit_test(damaged_and_foreign_backups_open_no_window),
        cmocka_unit_test(a_backup_whose_own_wal_is_missing_opens_no_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
