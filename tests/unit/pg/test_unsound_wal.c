// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/unsound_wal.h"

/* Block 0: the map of 1663/5/16384, with an image; block 1: page 77 of its heap. */
static const uint8_t visible_headers[] = {
    0,    0x12, 0, 0, 0, 32, 0, 0, 2,    0x7F, 6, 0,  0, 5, 0, 0,   0, 0,
    0x40, 0,    0, 0, 0, 0,  0, 1, 0x80, 0,    0, 77, 0, 0, 0, 255, 5,
};

static struct pg_wal_record
record_of(uint8_t rmid, uint8_t info, const void *main, size_t size)
{
    return (struct pg_wal_record){
        .major = 15,
        .start = 0x3000028,
        .rmid = rmid,
        .info = info,
        .main = {main, size},
    };
}

static struct pg_unsound
read_record(const struct pg_wal_record *record)
{
    struct pg_unsound unsound;
    struct error err;

    assert_ok(pg_unsound_wal_read(record, &unsound, &err));
    return unsound;
}

static void
a_database_copied_by_files_is_unsound_where_it_is_copied_to(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t oids[4]; /* database, tablespace, and the source's */
        uint32_t tablespace;
    } rows[] = {
        {{16390, 1663, 1, 1663}, 0},
        {{16390, 16400, 16390, 1663}, 16400},
    };

    for (size_t row = 0; row < 2; row++)
    {
        struct pg_wal_record record =
            record_of(PG_WAL_RM_DBASE, 0x01, rows[row].oids, sizeof(rows[row].oids));
        struct pg_unsound unsound = read_record(&record);

        assert_int_equal(unsound.kind, PG_UNSOUND_DATABASE);
        assert_int_equal(unsound.database, 16390);
        assert_int_equal(unsound.tablespace, rows[row].tablespace);
    }
}

static void
a_page_marked_all_visible_is_unsound(void **state)
{
    (void) state;
    static const uint8_t main[5] = {0};
    struct pg_wal_record record = record_of(PG_WAL_RM_HEAP2, 0x40, main, sizeof(main));
    struct pg_unsound unsound;

    record.headers = (struct bytes){visible_headers, sizeof(visible_headers)};
    unsound = read_record(&record);
    assert_int_equal(unsound.kind, PG_UNSOUND_PAGE);
    assert_int_equal(unsound.tablespace, 0);
    assert_int_equal(unsound.database, 5);
    assert_int_equal(unsound.relfilenode, 16384);
    assert_int_equal(unsound.block, 77);
}

static void
a_spell_of_minimal_wal_makes_everything_unsound(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t level;
        enum pg_unsound_kind want;
    } rows[] = {{0, PG_UNSOUND_EVERYTHING}, {1, PG_UNSOUND_NONE}, {2, PG_UNSOUND_NONE}};

    for (size_t row = 0; row < 3; row++)
    {
        /* xl_parameter_change: five settings, the level, two booleans. */
        uint32_t parameters[7] = {100, 8, 10, 0, 64, rows[row].level, 0};
        struct pg_wal_record record =
            record_of(PG_WAL_RM_XLOG, 0x60, parameters, sizeof(parameters));

        assert_int_equal(read_record(&record).kind, rows[row].want);
    }
}

static void
other_records_leave_pages_sound(void **state)
{
    (void) state;
    static const struct
    {
        uint8_t rmid;
        uint8_t info;
    } rows[] = {
        {PG_WAL_RM_DBASE, 0x10},                    /* created through WAL */
        {PG_WAL_RM_DBASE, 0x20},                    /* dropped */
        {PG_WAL_RM_HEAP2, 0x50},                    /* multi-insert */
        {PG_WAL_RM_HEAP2, 0x50 | 0x80},             /* into a new page */
        {PG_WAL_RM_HEAP2, 0x30},                    /* freeze */
        {PG_WAL_RM_XLOG, 0x70},                     /* restore point */
        {PG_WAL_RM_XLOG, 0x00},                     /* checkpoint */
        {PG_WAL_RM_XACT, 0x00},         {10, 0x40}, /* an update in HEAP */
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_record record = record_of(rows[row].rmid, rows[row].info, NULL, 0);

        assert_int_equal(read_record(&record).kind, PG_UNSOUND_NONE);
    }
}

static void
a_record_that_lacks_what_it_must_say_is_corrupt(void **state)
{
    (void) state;
    static const uint8_t main[24] = {0};
    static const struct
    {
        uint8_t rmid;
        uint8_t info;
        size_t size;
        size_t headers_size;
        const char *message;
    } rows[] = {
        {PG_WAL_RM_DBASE, 0x00, 15, 0, "malformed copy of a database"},
        {PG_WAL_RM_XLOG, 0x60, 23, 0, "malformed change of parameters"},
        {PG_WAL_RM_HEAP2, 0x40, 5, 0, "malformed mark of an all-visible page"},
        {PG_WAL_RM_HEAP2, 0x40, 5, 25, "malformed mark of an all-visible page"},
        {PG_WAL_RM_HEAP2, 0x40, 5, 32, "malformed mark of an all-visible page"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_record record =
            record_of(rows[row].rmid, rows[row].info, main, rows[row].size);
        struct pg_unsound unsound;
        struct error err;

        record.headers = (struct bytes){visible_headers, rows[row].headers_size};
        assert_status(pg_unsound_wal_read(&record, &unsound, &err), STATUS_CORRUPT);
        assert_message(rows[row].message);
        assert_message("0/3000028");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_copied_by_files_is_unsound_where_it_is_copied_to),
        cmocka_unit_test(a_page_marked_all_visible_is_unsound),
        cmocka_unit_test(a_spell_of_minimal_wal_makes_everything_unsound),
        cmocka_unit_test(other_records_leave_pages_sound),
        cmocka_unit_test(a_record_that_lacks_what_it_must_say_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
