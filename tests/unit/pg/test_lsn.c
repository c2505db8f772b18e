// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/lsn.h"

static void
an_lsn_is_written_without_padding(void **state)
{
    (void) state;
    static const struct
    {
        pg_lsn lsn;
        const char *want;
    } rows[] = {
        {0, "0/0"},
        {0x3000028, "0/3000028"},
        {UINT64_C(0x1600000001), "16/1"},
        {UINT64_MAX, "FFFFFFFF/FFFFFFFF"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        char text[PG_LSN_TEXT_SIZE];

        pg_lsn_format(rows[row].lsn, text);
        assert_string_equal(text, rows[row].want);
    }
}

static void
an_lsn_is_read_in_any_usual_form(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        pg_lsn want;
    } rows[] = {
        {"0/0", 0},
        {"0/03000028", 0x3000028},
        {"16/b374D848", UINT64_C(0x16B374D848)},
        {"00000016/00000001", UINT64_C(0x1600000001)},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct error err;
        pg_lsn lsn;

        assert_ok(pg_lsn_parse(rows[row].text, &lsn, &err));
        assert_int_equal(lsn, rows[row].want);
    }
}

static void
what_is_no_lsn_is_refused(void **state)
{
    (void) state;
    static const char *const rows[] = {"",     "/",     "0",           "0/",         "/0",   "0/x",
                                       "x/0",  "0/1 ",  " 0/1",        "0/1/2",      "0/-1", "+0/1",
                                       "0x/1", "0/0x1", "0/123456789", "123456789/0"};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct error err;
        pg_lsn lsn;

        assert_status(pg_lsn_parse(rows[row], &lsn, &err), STATUS_CONFIG);
        assert_message("invalid LSN");
    }
}

static void
scanning_stops_where_the_lsn_does(void **state)
{
    (void) state;
    pg_lsn lsn = 0;

    assert_int_equal(pg_lsn_scan("0/3000028 (file", 15, &lsn), 9);
    assert_int_equal(lsn, 0x3000028);
    assert_int_equal(pg_lsn_scan("0/3000028", 4, &lsn), 4);
    assert_int_equal(lsn, 0x30);
    assert_int_equal(pg_lsn_scan("0/3", 2, &lsn), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_lsn_is_written_without_padding),
        cmocka_unit_test(an_lsn_is_read_in_any_usual_form),
        cmocka_unit_test(what_is_no_lsn_is_refused),
        cmocka_unit_test(scanning_stops_where_the_lsn_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
