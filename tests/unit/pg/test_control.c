// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/crc32c.h"
#include "base/file.h"
#include "pg/control.h"

#include <stdlib.h>

/* Where the test puts things: the struct of each major's pg_control.h, laid out by hand. */
struct layout
{
    const char *name;
    uint32_t control_version;
    uint32_t catalog_version;
    int major;
    size_t next_xid, checkpoint_time, min_recovery, wal_level, float_format, block_size;
    size_t wal_block_size, wal_segment_size, checksum_version, crc;
};

static const struct layout layouts[] = {
    {"15", 1300, 202209061, 15, 64, 104, 136, 172, 208, 216, 224, 228, 252, 288},
    {"16", 1300, 202307071, 16, 64, 104, 136, 172, 208, 216, 224, 228, 252, 288},
    {"17", 1700, 202406281, 17, 64, 104, 136, 172, 208, 216, 224, 228, 252, 288},
    {"18", 1800, 202506291, 18, 64, 104, 136, 172, 208, 216, 224, 228, 252, 292},
    {"19", 1905, 202610061, 19, 72, 112, 144, 180, 216, 224, 236, 240, 268, 308},
};

static void
put_u32(uint8_t *file, size_t at, uint32_t value)
{
    memcpy(file + at, &value, sizeof(value));
}

static void
put_u64(uint8_t *file, size_t at, uint64_t value)
{
    memcpy(file + at, &value, sizeof(value));
}

static void
seal(uint8_t *file, const struct layout *layout)
{
    uint32_t crc = crc32c_update(CRC32C_INIT, (struct bytes){file, layout->crc});

    put_u32(file, layout->crc, crc32c_finish(crc));
}

static void
build(uint8_t file[PG_CONTROL_FILE_SIZE], const struct layout *layout)
{
    double float_format = 1234567.0;

    memset(file, 0, PG_CONTROL_FILE_SIZE);
    put_u64(file, 0, UINT64_C(7710448466329240595));
    put_u32(file, 8, layout->control_version);
    put_u32(file, 12, layout->catalog_version);
    put_u32(file, 16, PG_IN_PRODUCTION);
    put_u64(file, 24, 1795228354);
    put_u64(file, 32, 0xB000060);
    put_u64(file, 40, 0xB000028);
    put_u32(file, 48, 3);
    put_u32(file, 52, 2);
    put_u64(file, layout->next_xid, UINT64_C(0x1000012A7));
    put_u64(file, layout->checkpoint_time, 1795228300);
    put_u64(file, layout->min_recovery, 0xC000000);
    put_u32(file, layout->min_recovery + 8, 3);
    put_u64(file, layout->min_recovery + 16, 0xB000028);
    put_u64(file, layout->min_recovery + 24, 0xC000100);
    file[layout->min_recovery + 32] = 1;
    put_u32(file, layout->wal_level, 1);
    file[layout->wal_level + 4] = 1;
    for (uint32_t index = 0; index < 5; index++)
        put_u32(file, layout->wal_level + 8 + index * 4, 101 + index);
    file[layout->wal_level + 28] = 1;
    memcpy(file + layout->float_format, &float_format, sizeof(float_format));
    put_u32(file, layout->block_size, 8192);
    put_u32(file, layout->block_size + 4, 131072);
    put_u32(file, layout->wal_block_size, 8192);
    put_u32(file, layout->wal_segment_size, 16 * 1024 * 1024);
    put_u32(file, layout->checksum_version, 1);
    seal(file, layout);
}

static void
expect_fields(const struct pg_control *control, const struct layout *layout)
{
    assert_int_equal(control->system_identifier, UINT64_C(7710448466329240595));
    assert_int_equal(control->major, layout->major);
    assert_int_equal(control->catalog_version, layout->catalog_version);
    assert_int_equal(control->state, PG_IN_PRODUCTION);
    assert_int_equal(control->modified, INT64_C(1795228354000000));
    assert_int_equal(control->checkpoint.lsn, 0xB000060);
    assert_int_equal(control->checkpoint.timeline, 3);
    assert_int_equal(control->redo, 0xB000028);
    assert_int_equal(control->previous_timeline, 2);
    assert_int_equal(control->checkpoint_time, INT64_C(1795228300000000));
    assert_int_equal(control->next_xid, UINT64_C(0x1000012A7));
    assert_int_equal(control->min_recovery.lsn, 0xC000000);
    assert_int_equal(control->min_recovery.timeline, 3);
    assert_int_equal(control->backup_start, 0xB000028);
    assert_int_equal(control->backup_end, 0xC000100);
    assert_true(control->backup_end_required);
}

static void
expect_settings(const struct pg_control *control)
{
    assert_int_equal(control->wal_level, 1);
    assert_true(control->wal_log_hints);
    assert_int_equal(control->max_connections, 101);
    assert_int_equal(control->max_worker_processes, 102);
    assert_int_equal(control->max_wal_senders, 103);
    assert_int_equal(control->max_prepared_xacts, 104);
    assert_int_equal(control->max_locks_per_xact, 105);
    assert_true(control->track_commit_timestamp);
    assert_int_equal(control->block_size, 8192);
    assert_int_equal(control->relation_segment_blocks, 131072);
    assert_int_equal(control->wal_block_size, 8192);
    assert_int_equal(control->wal_segment_size, 16 * 1024 * 1024);
    assert_int_equal(control->data_checksum_version, 1);
}

static void
every_supported_version_is_read(void **state)
{
    (void) state;

    for (size_t row = 0; row < sizeof(layouts) / sizeof(layouts[0]); row++)
    {
        uint8_t file[PG_CONTROL_FILE_SIZE];
        struct pg_control control;
        struct error err;

        build(file, &layouts[row]);
        assert_ok(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err));
        expect_fields(&control, &layouts[row]);
        expect_settings(&control);
    }
}

static void
other_versions_are_refused_by_name(void **state)
{
    (void) state;
    static const struct layout others[] = {
        {.name = "13", .control_version = 1300, .catalog_version = 202007201},
        {.name = "14", .control_version = 1300, .catalog_version = 202107181},
        {.name = "12", .control_version = 1201, .catalog_version = 201909212},
        {.name = "a beta of 19", .control_version = 1902, .catalog_version = 202605131},
        {.name = "20", .control_version = 2000, .catalog_version = 202707071},
    };

    for (size_t row = 0; row < sizeof(others) / sizeof(others[0]); row++)
    {
        uint8_t file[PG_CONTROL_FILE_SIZE];
        struct pg_control control;
        struct error err;

        build(file, &layouts[0]);
        put_u32(file, 8, others[row].control_version);
        put_u32(file, 12, others[row].catalog_version);
        seal(file, &layouts[0]);
        assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                      STATUS_UNSUPPORTED);
        assert_message("which no supported PostgreSQL writes");
        assert_string_equal(err.hint, "PostgreSQL 15 to 19 are supported.");
    }
}

static void
another_byte_order_is_told(void **state)
{
    (void) state;
    uint8_t file[PG_CONTROL_FILE_SIZE];
    struct pg_control control;
    struct error err;

    build(file, &layouts[0]);
    put_u32(file, 8, __builtin_bswap32(1300));
    assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                  STATUS_UNSUPPORTED);
    assert_string_equal(err.detail, "The file seems to come from a machine of another byte order.");
}

static void
any_flipped_bit_that_matters_is_corrupt(void **state)
{
    (void) state;
    const struct layout *layout = &layouts[0];

    for (size_t at = 16; at < layout->crc + 4; at++)
    {
        uint8_t file[PG_CONTROL_FILE_SIZE];
        struct pg_control control;
        struct error err;

        build(file, layout);
        file[at] ^= 0x10;
        assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                      STATUS_CORRUPT);
        assert_message("wrong checksum");
    }
}

static void
a_short_file_is_corrupt(void **state)
{
    (void) state;
    uint8_t file[PG_CONTROL_FILE_SIZE];
    struct pg_control control;
    struct error err;

    build(file, &layouts[0]);
    assert_status(pg_control_parse((struct bytes){file, sizeof(file) - 1}, &control, &err),
                  STATUS_CORRUPT);
    assert_message("8191 bytes long, expected 8192");
}

static void
a_checksum_does_not_excuse_impossible_fields(void **state)
{
    (void) state;
    uint8_t file[PG_CONTROL_FILE_SIZE];
    struct pg_control control;
    struct error err;

    build(file, &layouts[0]);
    put_u32(file, layouts[0].wal_segment_size, 12345);
    seal(file, &layouts[0]);
    assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                  STATUS_CORRUPT);
    assert_message("invalid WAL segment size 12345");

    build(file, &layouts[0]);
    put_u32(file, 16, 7);
    seal(file, &layouts[0]);
    assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                  STATUS_CORRUPT);
    assert_message("unknown cluster state 7");

    build(file, &layouts[0]);
    put_u64(file, layouts[0].float_format, 0);
    seal(file, &layouts[0]);
    assert_status(pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err),
                  STATUS_UNSUPPORTED);
    assert_message("unknown layout");
}

static void
a_file_is_read_and_its_path_named(void **state)
{
    (void) state;
    char *directory = test_directory_create();
    SCOPED(freep) char *path = path_join(directory, "pg_control");
    uint8_t file[PG_CONTROL_FILE_SIZE];
    struct pg_control control;
    struct error err;

    assert_status(pg_control_read(path, &control, &err), STATUS_NOT_FOUND);
    build(file, &layouts[0]);
    assert_ok(file_replace(path, 0600, (struct bytes){file, sizeof(file)}, &err));
    assert_ok(pg_control_read(path, &control, &err));
    expect_settings(&control);

    file[100]++;
    assert_ok(file_replace(path, 0600, (struct bytes){file, sizeof(file)}, &err));
    assert_status(pg_control_read(path, &control, &err), STATUS_CORRUPT);
    assert_message(path);
    assert_message("wrong checksum");
    test_directory_remove(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_supported_version_is_read),
        cmocka_unit_test(other_versions_are_refused_by_name),
        cmocka_unit_test(another_byte_order_is_told),
        cmocka_unit_test(any_flipped_bit_that_matters_is_corrupt),
        cmocka_unit_test(a_short_file_is_corrupt),
        cmocka_unit_test(a_checksum_does_not_excuse_impossible_fields),
        cmocka_unit_test(a_file_is_read_and_its_path_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
