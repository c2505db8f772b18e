// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/segment.h"

#define MIB (UINT32_C(1) << 20)

static void
a_segment_size_is_a_power_of_two_from_1_mib_to_1_gib(void **state)
{
    (void) state;

    for (uint64_t size = MIB; size <= UINT64_C(1024) * MIB; size *= 2)
        assert_true(pg_wal_segment_size_valid(size));
    assert_false(pg_wal_segment_size_valid(0));
    assert_false(pg_wal_segment_size_valid(MIB / 2));
    assert_false(pg_wal_segment_size_valid(3 * MIB));
    assert_false(pg_wal_segment_size_valid(UINT64_C(2048) * MIB));
}

static void
names_and_numbers_agree_at_every_segment_size(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t size;
        pg_timeline timeline;
        pg_lsn lsn;
        const char *want;
    } rows[] = {
        {16 * MIB, 1, 0x3000028, "000000010000000000000003"},
        {16 * MIB, 0xAB, UINT64_C(0x1600000000), "000000AB0000001600000000"},
        {16 * MIB, 1, UINT64_C(0x16FFFFFFFF), "0000000100000016000000FF"},
        {1 * MIB, 1, UINT64_C(0x16FFFFFFFF), "000000010000001600000FFF"},
        {1024 * MIB, 1, UINT64_C(0x16FFFFFFFF), "000000010000001600000003"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_segment segment = pg_wal_segment_of(
            (struct pg_wal_position){rows[row].timeline, rows[row].lsn}, rows[row].size);
        struct pg_wal_segment read;
        struct error err;
        char name[PG_WAL_SEGMENT_NAME_SIZE];

        pg_wal_segment_name(segment, rows[row].size, name);
        assert_string_equal(name, rows[row].want);
        assert_ok(pg_wal_segment_parse(name, rows[row].size, &read, &err));
        assert_int_equal(read.timeline, segment.timeline);
        assert_int_equal(read.number, segment.number);
    }
}

static void
an_end_at_a_boundary_belongs_to_the_segment_before(void **state)
{
    (void) state;
    struct pg_wal_position boundary = {1, 0x4000000};
    struct pg_wal_segment before = pg_wal_segment_before(boundary, 16 * MIB);

    assert_int_equal(pg_wal_segment_of(boundary, 16 * MIB).number, 4);
    assert_int_equal(before.number, 3);
    assert_int_equal(pg_wal_segment_start(before, 16 * MIB), 0x3000000);
    assert_int_equal(pg_wal_segment_end(before, 16 * MIB), 0x4000000);
}

static void
every_kind_of_file_is_told_by_its_name(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        struct pg_wal_file want;
    } rows[] = {
        {"00000002000000010000000A", {PG_WAL_FILE_SEGMENT, 2, 1, 10, 0, 0x10A}},
        {"00000002000000010000000A.partial", {PG_WAL_FILE_PARTIAL, 2, 1, 10, 0, 0x10A}},
        {"00000002000000010000000A.00000028.backup", {PG_WAL_FILE_BACKUP, 2, 1, 10, 0x28, 0x10A}},
        {"0000000A.history", {PG_WAL_FILE_HISTORY, 10, 0, 0, 0, 0}},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_file file;
        struct error err;

        assert_ok(pg_wal_file_parse(rows[row].name, 16 * MIB, &file, &err));
        assert_int_equal(file.kind, rows[row].want.kind);
        assert_int_equal(file.timeline, rows[row].want.timeline);
        assert_int_equal(file.log, rows[row].want.log);
        assert_int_equal(file.log_segment, rows[row].want.log_segment);
        assert_int_equal(file.backup_offset, rows[row].want.backup_offset);
        assert_int_equal(file.number, rows[row].want.number);
    }
}

static void
a_name_is_read_before_the_segment_size_is_known(void **state)
{
    (void) state;
    struct pg_wal_file file;
    struct error err;

    assert_ok(pg_wal_file_parse("000000010000000200000FFF", 0, &file, &err));
    assert_int_equal(file.log, 2);
    assert_int_equal(file.log_segment, 0xFFF);
    assert_int_equal(file.number, 0);
    assert_status(pg_wal_file_parse("000000010000000200001000", 0, &file, &err), STATUS_CONFIG);
}

static void
other_names_are_refused(void **state)
{
    (void) state;
    static const char *const rows[] = {
        "",
        "archive_status",
        "00000001000000000000000",
        "0000000100000000000000011",
        "000000010000000000000100",
        "00000001000000000000000a",
        "000000000000000000000001",
        "000000010000000000000001.Partial",
        "000000010000000000000001.partial.gz",
        "000000010000000000000001.0000028.backup",
        "000000010000000000000001.01000000.backup",
        "000000010000000000000001.0000002G.backup",
        "000000010000000000000001.backup",
        "000000010000000000000001/0000028.backup",
        "0000000G.history",
        "0000000a.history",
        "00000000.history",
        "0000000A.historyy",
        "../0000A.history",
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_file file;
        struct error err;

        assert_status(pg_wal_file_parse(rows[row], 16 * MIB, &file, &err), STATUS_CONFIG);
        assert_message("is not the name of a WAL file");
    }
}

static void
a_segment_has_no_suffix(void **state)
{
    (void) state;
    struct pg_wal_segment segment;
    struct error err;

    assert_status(
        pg_wal_segment_parse("000000010000000000000001.partial", 16 * MIB, &segment, &err),
        STATUS_CONFIG);
    assert_message("is not the name of a WAL segment");
}

static void
a_history_file_is_named_after_its_timeline(void **state)
{
    (void) state;
    char name[PG_WAL_FILE_NAME_SIZE];

    pg_wal_history_name(0x1B, name);
    assert_string_equal(name, "0000001B.history");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_size_is_a_power_of_two_from_1_mib_to_1_gib),
        cmocka_unit_test(names_and_numbers_agree_at_every_segment_size),
        cmocka_unit_test(an_end_at_a_boundary_belongs_to_the_segment_before),
        cmocka_unit_test(every_kind_of_file_is_told_by_its_name),
        cmocka_unit_test(a_name_is_read_before_the_segment_size_is_known),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(a_segment_has_no_suffix),
        cmocka_unit_test(a_history_file_is_named_after_its_timeline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
