// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_assembly.h"
#include "tests/support/wal_build.h"

#include <stdlib.h>

#define PREVIOUS 0x200028

/* One record, without the page it came on. */
struct fixture
{
    struct wal_build build;
    struct bytes record;
    pg_lsn start;
    pg_lsn expected_previous;
    struct pg_wal_assembly assembly;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    wal_build_begin(&fixture->build, (struct pg_wal_segment){1, 3});
    fixture->build.block_size = 65536;
    fixture->expected_previous = PREVIOUS;
    fixture->assembly.main = BUFFER_INIT(2000);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_build_release(&fixture->build);
    buffer_release(&fixture->assembly.main);
    free(fixture);
    return 0;
}

static void
build(struct fixture *fixture, struct wal_build_record record)
{
    fixture->build.bytes.size = 0;
    fixture->build.previous = PREVIOUS;
    fixture->start = wal_build_add(&fixture->build, record);
    fixture->record.data = fixture->build.bytes.data + (fixture->start - fixture->build.start);
    fixture->record.size = wal_build_next(&fixture->build) - fixture->start;
}

/* A block reference with so much data, then so much main data, all of one letter each. */
static void
build_block(struct fixture *fixture, uint16_t data_size, size_t main_size)
{
    static uint8_t letters[32768];
    struct error err;
    struct buffer payload = BUFFER_INIT(60000);
    struct buffer main = BUFFER_INIT(60000);
    uint8_t header[20] = {0, 0x20};
    size_t header_size;

    memcpy(header + 2, &data_size, 2);
    memset(letters, 'm', sizeof(letters));
    wal_build_main(&main, (struct bytes){letters, main_size});
    header_size = main.size - main_size;
    assert_ok(buffer_append(&payload, (struct bytes){header, sizeof(header)}, &err));
    assert_ok(buffer_append(&payload, (struct bytes){main.data, header_size}, &err));
    memset(letters, 'd', sizeof(letters));
    assert_ok(buffer_append(&payload, (struct bytes){letters, data_size}, &err));
    assert_ok(buffer_append(&payload, (struct bytes){main.data + header_size, main_size}, &err));
    build(fixture, (struct wal_build_record){.rmid = 10, .payload = buffer_bytes(&payload)});
    buffer_release(&payload);
    buffer_release(&main);
}

/* Feed all of it in pieces; the first reason against it. */
static enum pg_wal_end_reason
assemble(struct fixture *fixture, size_t piece_size)
{
    enum pg_wal_end_reason reason = PG_WAL_END_NONE;
    struct bytes left = fixture->record;

    pg_wal_assembly_begin(&fixture->assembly, fixture->start, fixture->expected_previous);
    while (left.size > 0 && reason == PG_WAL_END_NONE)
    {
        struct bytes piece = {left.data, left.size < piece_size ? left.size : piece_size};
        struct error err;
        size_t taken;

        assert_false(pg_wal_assembly_complete(&fixture->assembly));
        assert_ok(pg_wal_assembly_feed(&fixture->assembly, piece, &taken, &reason, &err));
        assert_between(taken, 1, piece.size);
        left.data += taken;
        left.size -= taken;
    }
    return reason;
}

static void
main_data_is_found_wherever_it_begins(void **state)
{
    static const size_t pieces[] = {1, 1000, 60000};
    struct fixture *fixture = *state;

    /* Before, across and behind the end of the part that is always kept. */
    for (uint16_t data_size = 900; data_size < 1100; data_size += 7)
        for (size_t row = 0; row < 3; row++)
        {
            build_block(fixture, data_size, 50);
            assert_int_equal(assemble(fixture, pieces[row]), PG_WAL_END_NONE);
            assert_true(pg_wal_assembly_complete(&fixture->assembly));

            struct pg_wal_record record = pg_wal_assembly_record(&fixture->assembly);

            assert_int_equal(record.headers.size, 22);
            assert_int_equal(record.main.size, 50);
            assert_int_equal(record.main.data[0], 'm');
            assert_int_equal(record.main.data[49], 'm');
            assert_false(record.main_cut);
        }
}

static void
main_data_is_kept_up_to_the_limit(void **state)
{
    static const struct
    {
        size_t size;
        size_t kept;
        bool cut;
    } rows[] = {{0, 0, false}, {2000, 2000, false}, {2001, 2000, true}, {32768, 2000, true}};
    struct fixture *fixture = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_record record;

        build_block(fixture, 10, rows[row].size);
        assert_int_equal(assemble(fixture, 777), PG_WAL_END_NONE);
        record = pg_wal_assembly_record(&fixture->assembly);
        assert_int_equal(record.main.size, rows[row].kept);
        assert_int_equal(record.main_cut, rows[row].cut);
    }
}

static void
a_record_may_be_a_header_alone(void **state)
{
    struct fixture *fixture = *state;
    struct pg_wal_record record;

    build(fixture, (struct wal_build_record){.info = 0x40, .xid = 12});
    assert_int_equal(assemble(fixture, 5), PG_WAL_END_NONE);
    assert_true(pg_wal_assembly_complete(&fixture->assembly));
    record = pg_wal_assembly_record(&fixture->assembly);
    assert_int_equal(record.total_length, 24);
    assert_int_equal(record.xid, 12);
    assert_int_equal(record.info, 0x40);
    assert_int_equal(record.previous, PREVIOUS);
    assert_int_equal(record.headers.size, 0);
    assert_int_equal(record.main.size, 0);
}

static void
each_changed_byte_is_found(void **state)
{
    struct fixture *fixture = *state;

    build_block(fixture, 30, 50);
    for (size_t at = 0; at < fixture->record.size; at++)
    {
        uint8_t *byte = fixture->build.bytes.data + (fixture->start - fixture->build.start) + at;
        enum pg_wal_end_reason reason;

        *byte ^= 1;
        reason = assemble(fixture, 60000);
        /* A length that grew waits for its bytes. */
        if (at >= 4 || reason != PG_WAL_END_NONE)
            assert_between(reason, PG_WAL_END_RECORD, PG_WAL_END_CHECKSUM);
        else
            assert_false(pg_wal_assembly_complete(&fixture->assembly));
        *byte ^= 1;
    }
}

static void
impossible_records_with_right_checksums_are_told(void **state)
{
    static const struct wal_build_record rows[] = {
        {.rmid = 10, .payload = {(const uint8_t *) "\x21...........", 12}},
        {.rmid = 23},
        {.rmid = 127},
    };
    struct fixture *fixture = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        build(fixture, rows[row]);
        assert_int_equal(assemble(fixture, 60000), PG_WAL_END_RECORD);
    }
    build(fixture, (struct wal_build_record){.rmid = 128});
    assert_int_equal(assemble(fixture, 60000), PG_WAL_END_NONE);
}

static void
impossible_lengths_are_told_at_once(void **state)
{
    static const struct
    {
        uint32_t length;
        enum pg_wal_end_reason want;
    } rows[] = {
        {0, PG_WAL_END_ZEROS},
        {23, PG_WAL_END_RECORD},
        {UINT32_C(1020) * 1024 * 1024, PG_WAL_END_NONE},
        {UINT32_C(1020) * 1024 * 1024 + 1, PG_WAL_END_RECORD},
        {UINT32_MAX, PG_WAL_END_RECORD},
    };
    struct fixture *fixture = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        fixture->record = (struct bytes){(const uint8_t *) &rows[row].length, 4};
        assert_int_equal(assemble(fixture, 4), rows[row].want);
    }
}

static void
the_link_back_must_be_right_once_it_is_known(void **state)
{
    struct fixture *fixture = *state;

    build(fixture, (struct wal_build_record){.rmid = 10});
    fixture->expected_previous = PREVIOUS + 8;
    assert_int_equal(assemble(fixture, 24), PG_WAL_END_RECORD);
    fixture->expected_previous = PG_LSN_NONE;
    assert_int_equal(assemble(fixture, 24), PG_WAL_END_NONE);
    fixture->start = PREVIOUS;
    assert_int_equal(assemble(fixture, 24), PG_WAL_END_RECORD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(main_data_is_found_wherever_it_begins),
        TEST(main_data_is_kept_up_to_the_limit),
        TEST(a_record_may_be_a_header_alone),
        TEST(each_changed_byte_is_found),
        TEST(impossible_records_with_right_checksums_are_told),
        TEST(impossible_lengths_are_told_at_once),
        TEST(the_link_back_must_be_right_once_it_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
