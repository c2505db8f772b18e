// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/history.h"

static const char three_generations[] = "1\t0/3000000\tno recovery target specified\n"
                                        "\n"
                                        "# written by hand\n"
                                        "2\t0/5000110\tbefore 2026-11-21 02:12:34+00\n"
                                        "5\t16/B374D848\tafter transaction 4711\n";

static struct pg_history
parsed(pg_timeline timeline, const char *text)
{
    struct pg_history history = pg_history_root(timeline);
    struct error err;

    assert_ok(pg_history_parse(timeline, bytes_of(text), &history, &err));
    return history;
}

static void
ancestors_are_read_oldest_first(void **state)
{
    (void) state;
    SCOPED(pg_history_release) struct pg_history history = parsed(7, three_generations);

    assert_int_equal(history.timeline, 7);
    assert_int_equal(history.ancestor_count, 3);
    assert_int_equal(history.ancestors[0].timeline, 1);
    assert_int_equal(history.ancestors[1].switch_lsn, 0x5000110);
    assert_int_equal(history.ancestors[2].timeline, 5);
    assert_int_equal(history.ancestors[2].switch_lsn, UINT64_C(0x16B374D848));
}

static void
each_byte_of_wal_belongs_to_one_timeline_of_the_path(void **state)
{
    (void) state;
    SCOPED(pg_history_release) struct pg_history history = parsed(7, three_generations);

    assert_int_equal(pg_history_timeline_at(&history, 0), 1);
    assert_int_equal(pg_history_timeline_at(&history, 0x2FFFFFF), 1);
    assert_int_equal(pg_history_timeline_at(&history, 0x3000000), 2);
    assert_int_equal(pg_history_timeline_at(&history, 0x5000110), 5);
    assert_int_equal(pg_history_timeline_at(&history, UINT64_C(0x16B374D848)), 7);
}

static void
a_position_is_on_the_path_or_on_another_branch(void **state)
{
    (void) state;
    static const struct
    {
        struct pg_wal_position position;
        bool want;
    } rows[] = {
        {{1, 0x2000028}, true},  {{1, 0x3000000}, true},   {{1, 0x3000001}, false},
        {{2, 0x3000000}, true},  {{2, 0x2FFFFFF}, false},  {{2, 0x5000110}, true},
        {{2, 0x5000111}, false}, {{3, 0x4000000}, false},  {{5, 0x5000110}, true},
        {{7, 0x6000000}, false}, {{8, UINT64_MAX}, false}, {{7, UINT64_MAX}, true},
    };
    SCOPED(pg_history_release) struct pg_history history = parsed(7, three_generations);

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        if (pg_history_contains(&history, rows[row].position) != rows[row].want)
            fail_msg("row %zu", row);
}

static void
the_fork_of_an_ancestor_is_known_and_of_others_not(void **state)
{
    (void) state;
    SCOPED(pg_history_release) struct pg_history history = parsed(7, three_generations);
    pg_lsn lsn = 0;

    assert_true(pg_history_fork(&history, 2, &lsn));
    assert_int_equal(lsn, 0x5000110);
    assert_false(pg_history_fork(&history, 3, &lsn));
    assert_false(pg_history_fork(&history, 7, &lsn));
}

static void
a_root_timeline_holds_everything(void **state)
{
    (void) state;
    struct pg_history history = pg_history_root(1);

    assert_int_equal(pg_history_timeline_at(&history, 0x3000000), 1);
    assert_true(pg_history_contains(&history, (struct pg_wal_position){1, 0x3000000}));
    assert_false(pg_history_contains(&history, (struct pg_wal_position){2, 0x3000000}));
}

static void
the_last_line_may_lack_its_line_feed(void **state)
{
    (void) state;
    SCOPED(pg_history_release) struct pg_history history = parsed(2, "1\t0/3000000");

    assert_int_equal(history.ancestor_count, 1);
}

static void
malformed_content_is_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "no ancestor is named"},
        {"# nothing\n\n", "no ancestor is named"},
        {"1\n", "line 1: expected a timeline and an LSN"},
        {"1 \n", "line 1: expected a timeline and an LSN"},
        {"x\t0/3000000\n", "line 1: expected"},
        {"-1\t0/3000000\n", "line 1: expected"},
        {"1\t3000000\n", "line 1: expected"},
        {"1\t0/3000000x\n", "line 1: expected"},
        {"99999999999\t0/3000000\n", "line 1: expected"},
        {"0\t0/3000000\n", "cannot have an ancestor 0"},
        {"7\t0/3000000\n", "timeline 7 cannot have an ancestor 7"},
        {"2\t0/3000000\n1\t0/4000000\n", "line 2: timeline 1 follows timeline 2"},
        {"1\t0/3000000\n1\t0/4000000\n", "line 2: timeline 1 follows timeline 1"},
        {"1\t0/3000000\n2\t0/2FFFFFF\n", "line 2: timeline 2 was left at 0/2FFFFFF"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_history history = pg_history_root(7);
        struct error err;

        assert_status(pg_history_parse(7, bytes_of(rows[row].text), &history, &err),
                      STATUS_CORRUPT);
        assert_message("invalid history file of timeline 7");
        assert_message(rows[row].message);
        assert_null(history.ancestors);
    }
}

static void
a_zero_byte_is_corrupt(void **state)
{
    (void) state;
    struct pg_history history = pg_history_root(7);
    struct error err;

    assert_status(pg_history_parse(7, BYTES("1\t0/3000000\twh\0y\n"), &history, &err),
                  STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ancestors_are_read_oldest_first),
        cmocka_unit_test(each_byte_of_wal_belongs_to_one_timeline_of_the_path),
        cmocka_unit_test(a_position_is_on_the_path_or_on_another_branch),
        cmocka_unit_test(the_fork_of_an_ancestor_is_known_and_of_others_not),
        cmocka_unit_test(a_root_timeline_holds_everything),
        cmocka_unit_test(the_last_line_may_lack_its_line_feed),
        cmocka_unit_test(malformed_content_is_corrupt),
        cmocka_unit_test(a_zero_byte_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
