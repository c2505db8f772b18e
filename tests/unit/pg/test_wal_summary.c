// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_summary.h"
#include "tests/support/pg_script.h"

#define LIST     "pg_catalog.pg_available_wal_summaries()"
#define CONTENTS "pg_catalog.pg_wal_summary_contents"
#define NAMES    "tli start_lsn end_lsn"
#define COLUMNS  "reltablespace reldatabase relfilenode relforknumber relblocknumber"

#define TABLE ((struct pg_relation_path){.database = 5, .relfilenode = 16384})

/* Timeline 3, which left 1 at 0/500 and 2 at 0/700. */
static struct pg_history_entry ancestors[] = {{1, 0x500}, {2, 0x700}};
static const struct pg_history path_of_1 = {.timeline = 1};
static const struct pg_history path_of_3 = {3, ancestors, 2};

struct question
{
    const struct pg_history *path;
    struct pg_wal_position from;
    pg_lsn to;
};

static enum status
ask(struct pg_script *script, struct question question, struct pg_limit_blocks **limits,
    struct error *answer)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    struct error err;

    assert_ok(pg_connection_open(&connection, pg_script_conninfo(script), PG_CONNECTION_SQL, &err));
    return pg_wal_summary_limits(connection, question.path, question.from, question.to, limits,
                                 answer);
}

static void
limits_of_all_summaries_are_put_together(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST " WHERE end_lsn > '0/100' AND start_lsn < '0/400'", NAMES,
         "1|0/100|0/200\n1|0/200|0/400", NULL, NULL},
        {CONTENTS "(1, '0/100', '0/200') WHERE is_limit_block", COLUMNS,
         "1663|5|16384|0|10\n1663|5|16385|0|0\n1664|0|1262|2|3", NULL, NULL},
        {CONTENTS "(1, '0/200', '0/400') WHERE is_limit_block", COLUMNS, "1663|5|16384|0|20", NULL,
         NULL},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = NULL;
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct pg_relation_path shared = {.relfilenode = 1262, .fork = PG_FORK_VM};
    struct error err;
    uint32_t block;

    assert_ok(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err));
    pg_script_stop(script);
    assert_int_equal(pg_limit_blocks_count(limits), 3);
    assert_true(pg_limit_blocks_find(limits, &TABLE, &block));
    assert_int_equal(block, 10);
    assert_true(pg_limit_blocks_early(limits, &TABLE));
    assert_true(pg_limit_blocks_find(limits, &shared, &block));
    assert_int_equal(block, 3);
}

static void
a_limit_of_the_last_summary_is_not_early(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST, NAMES, "1|0/100|0/200\n1|0/200|0/400", NULL, NULL},
        {CONTENTS, COLUMNS, NULL, NULL, NULL},
        {CONTENTS, COLUMNS, "1663|5|16384|0|20", NULL, NULL},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = NULL;
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct error err;

    assert_ok(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err));
    pg_script_stop(script);
    assert_int_equal(pg_limit_blocks_count(limits), 1);
    assert_false(pg_limit_blocks_early(limits, &TABLE));
}

static void
the_path_is_followed_from_timeline_to_timeline(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST, NAMES,
         "1|0/300|0/500\n1|0/500|0/800\n2|0/400|0/500\n2|0/500|0/700\n3|0/700|0/900\n4|0/500|0/900",
         NULL, NULL},
        {CONTENTS "(1, '0/300', '0/500')", COLUMNS, NULL, NULL, NULL},
        {CONTENTS "(2, '0/500', '0/700')", COLUMNS, NULL, NULL, NULL},
        {CONTENTS "(3, '0/700', '0/900')", COLUMNS, NULL, NULL, NULL},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = NULL;
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct error err;

    assert_ok(ask(script, (struct question){&path_of_3, {1, 0x400}, 0x900}, &limits, &err));
    pg_script_stop(script);
}

static void
a_position_at_a_fork_needs_nothing_of_the_timeline_that_ended(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST, NAMES, "2|0/500|0/700\n3|0/700|0/900", NULL, NULL},
        {CONTENTS "(2, '0/500', '0/700')", COLUMNS, NULL, NULL, NULL},
        {CONTENTS "(3, '0/700', '0/900')", COLUMNS, NULL, NULL, NULL},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = NULL;
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct error err;

    assert_ok(ask(script, (struct question){&path_of_3, {1, 0x500}, 0x900}, &limits, &err));
    pg_script_stop(script);
}

static void
a_hole_is_named(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        const char *rows;
        int read; /* summaries before it is found */
        const char *message;
    } rows[] = {
        {"none at all", NULL, 0, "from 0/100 to 0/400 on timeline 1"},
        {"at the beginning", "1|0/180|0/400", 0, "from 0/100 to 0/180 on timeline 1"},
        {"in between", "1|0/100|0/200\n1|0/280|0/400", 1, "from 0/200 to 0/280 on timeline 1"},
        {"at the end", "1|0/100|0/300", 1, "from 0/300 to 0/400 on timeline 1"},
        {"of another timeline", "2|0/100|0/400", 0, "from 0/100 to 0/400 on timeline 1"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        const struct pg_step steps[] = {
            {LIST, NAMES, rows[row].rows, NULL, NULL},
            {CONTENTS, COLUMNS, NULL, NULL, NULL},
        };
        struct pg_script *script = pg_script_start("18.6", steps, 1 + (size_t) rows[row].read);
        struct pg_limit_blocks *limits = NULL;
        struct error err = {0};

        assert_status(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err),
                      STATUS_REFUSED);
        pg_script_stop(script);
        assert_message(rows[row].message);
        assert_non_null(strstr(err.hint, "wal_summary_keep_time"));
        assert_null(limits);
    }
}

static void
a_summary_that_goes_on_behind_the_end_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *rows;
        const char *message;
    } rows[] = {
        {"1|0/300|0/600\n2|0/500|0/700\n3|0/700|0/900",
         "from 0/300 on timeline 1 does not end at 0/500"},
        {"1|0/300|0/500\n2|0/500|0/700\n3|0/700|0/980",
         "from 0/700 on timeline 3 does not end at 0/900"},
    };

    for (size_t row = 0; row < 2; row++)
    {
        const struct pg_step steps[] = {
            {LIST, NAMES, rows[row].rows, NULL, NULL},
            {CONTENTS, COLUMNS, NULL, NULL, NULL},
            {CONTENTS, COLUMNS, NULL, NULL, NULL},
        };
        struct pg_script *script = pg_script_start("18.6", steps, 1 + 2 * row);
        struct pg_limit_blocks *limits = NULL;
        struct error err;

        assert_status(ask(script, (struct question){&path_of_3, {1, 0x300}, 0x900}, &limits, &err),
                      STATUS_REFUSED);
        pg_script_stop(script);
        assert_message(rows[row].message);
    }
}

static void
without_an_end_summaries_are_read_as_far_as_they_go(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST " WHERE end_lsn > '0/100' AND start_lsn < 'FFFFFFFF/FFFFFFFF'", NAMES,
         "1|0/100|0/200\n1|0/200|0/400", NULL, NULL},
        {CONTENTS, COLUMNS, NULL, NULL, NULL},
        {CONTENTS, COLUMNS, "1663|5|16384|0|20", NULL, NULL},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = NULL;
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct error err;

    assert_ok(ask(script, (struct question){&path_of_1, {1, 0x100}, PG_LSN_NONE}, &limits, &err));
    pg_script_stop(script);
    assert_true(pg_limit_blocks_early(limits, &TABLE));
}

static void
a_position_that_is_not_on_the_path_is_refused(void **state)
{
    (void) state;
    static const struct question rows[] = {
        {&path_of_3, {1, 0x600}, 0x900},       {&path_of_3, {4, 0x600}, 0x900},
        {&path_of_3, {1, 0x400}, 0x600},       {&path_of_3, {3, 0x950}, 0x900},
        {&path_of_3, {1, 0x600}, PG_LSN_NONE},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_script *script = pg_script_start("18.6", NULL, 0);
        struct pg_limit_blocks *limits = NULL;
        struct error err;

        assert_status(ask(script, rows[row], &limits, &err), STATUS_REFUSED);
        pg_script_stop(script);
        assert_message("does not lead to");
    }
}

static void
what_the_server_refuses_is_explained(void **state)
{
    (void) state;
    static const struct
    {
        const char *sqlstate;
        enum status want;
        const char *hint;
    } rows[] = {
        {"42883", STATUS_UNSUPPORTED, "PostgreSQL 17"},
        {"42501", STATUS_DENIED, "GRANT EXECUTE ON FUNCTION"},
        {"57P01", STATUS_TRANSIENT, ""},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        const struct pg_step steps[] = {{LIST, NULL, NULL, rows[row].sqlstate, "no way"}};
        struct pg_script *script = PG_SCRIPT("16.2", steps);
        struct pg_limit_blocks *limits = NULL;
        struct error err = {0};

        assert_status(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err),
                      rows[row].want);
        pg_script_stop(script);
        assert_message("could not read WAL summaries: no way");
        assert_non_null(strstr(err.hint, rows[row].hint));
    }
}

static void
a_summary_that_vanished_is_a_hole(void **state)
{
    (void) state;
    static const struct pg_step steps[] = {
        {LIST, NAMES, "1|0/100|0/400", NULL, NULL},
        {CONTENTS, NULL, NULL, "58P01", "could not open file"},
    };
    struct pg_script *script = PG_SCRIPT("18.6", steps);
    struct pg_limit_blocks *limits = NULL;
    struct error err;

    assert_status(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err),
                  STATUS_REFUSED);
    pg_script_stop(script);
    assert_message("could not open file");
}

static void
an_answer_of_another_shape_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *columns;
        const char *rows;
        const char *message;
    } rows[] = {
        {"reltablespace", "1663", "1 columns, expected 5"},
        {COLUMNS, "1663|5|16384|0|-1", "relblocknumber \"-1\""},
        {COLUMNS, "1663|5|16384|0|4294967296", "relblocknumber \"4294967296\""},
        {COLUMNS, "1663|5|16384|0|", "relblocknumber \"\""},
        {COLUMNS, "1663|5|16384|4|0", "relforknumber \"4\""},
        {COLUMNS, "x|5|16384|0|0", "reltablespace \"x\""},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        const struct pg_step steps[] = {
            {LIST, NAMES, "1|0/100|0/400", NULL, NULL},
            {CONTENTS, rows[row].columns, rows[row].rows, NULL, NULL},
        };
        struct pg_script *script = PG_SCRIPT("18.6", steps);
        struct pg_limit_blocks *limits = NULL;
        struct error err;

        assert_status(ask(script, (struct question){&path_of_1, {1, 0x100}, 0x400}, &limits, &err),
                      STATUS_UNSUPPORTED);
        pg_script_stop(script);
        assert_message(rows[row].message);
    }
}

static void
servers_that_forget_blocks_are_known_by_their_version(void **state)
{
    (void) state;
    static const struct
    {
        int version;
        bool want;
    } rows[] = {
        {170000, true},  {170011, true}, {170012, false}, {180000, true},  {180006, true},
        {180007, false}, {190000, true}, {190001, false}, {150018, false},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        if (pg_wal_summary_unordered(rows[row].version) != rows[row].want)
            fail_msg("%d", rows[row].version);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_of_all_summaries_are_put_together),
        cmocka_unit_test(a_limit_of_the_last_summary_is_not_early),
        cmocka_unit_test(the_path_is_followed_from_timeline_to_timeline),
        cmocka_unit_test(a_position_at_a_fork_needs_nothing_of_the_timeline_that_ended),
        cmocka_unit_test(a_hole_is_named),
        cmocka_unit_test(a_summary_that_goes_on_behind_the_end_is_refused),
        cmocka_unit_test(without_an_end_summaries_are_read_as_far_as_they_go),
        cmocka_unit_test(a_position_that_is_not_on_the_path_is_refused),
        cmocka_unit_test(what_the_server_refuses_is_explained),
        cmocka_unit_test(a_summary_that_vanished_is_a_hole),
        cmocka_unit_test(an_answer_of_another_shape_is_refused),
        cmocka_unit_test(servers_that_forget_blocks_are_known_by_their_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
