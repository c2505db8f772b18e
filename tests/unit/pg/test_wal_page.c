// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_page.h"
#include "tests/support/wal_build.h"

static void
begin(struct wal_build *build)
{
    wal_build_begin(build, (struct pg_wal_segment){3, 7});
    build->system_identifier = UINT64_C(7710448466329240595);
    wal_build_page(build);
}

static void
the_first_page_names_the_cluster(void **state)
{
    (void) state;
    struct wal_build build;
    struct pg_wal_header header;
    struct error err;

    begin(&build);
    assert_ok(pg_wal_header_parse(buffer_bytes(&build.bytes), &header, &err));
    assert_int_equal(header.magic, 0xD110);
    assert_int_equal(header.major, 15);
    assert_int_equal(header.timeline, 3);
    assert_int_equal(header.page_address, 7 * 1024 * 1024);
    assert_int_equal(header.system_identifier, UINT64_C(7710448466329240595));
    assert_int_equal(header.segment_size, 1024 * 1024);
    assert_int_equal(header.block_size, 8192);
    wal_build_release(&build);
}

static void
each_version_has_its_magic(void **state)
{
    (void) state;
    static const struct
    {
        uint16_t magic;
        int major;
    } rows[] = {{0xD10D, 0}, {0xD110, 15}, {0xD113, 16}, {0xD116, 17}, {0xD118, 18},
                {0xD121, 0}, {0xD122, 19}, {0xD123, 0},  {0, 0}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        assert_int_equal(pg_wal_magic_major(rows[row].magic), rows[row].major);
}

static void
the_flags_moved_in_19(void **state)
{
    (void) state;

    assert_true(pg_wal_page_overwrites(&(struct pg_wal_page){.magic = 0xD118, .info = 8}));
    assert_false(pg_wal_page_overwrites(&(struct pg_wal_page){.magic = 0xD118, .info = 4}));
    assert_true(pg_wal_page_overwrites(&(struct pg_wal_page){.magic = 0xD122, .info = 4}));
    assert_true(pg_wal_page_info_valid(&(struct pg_wal_page){.magic = 0xD118, .info = 15}));
    assert_false(pg_wal_page_info_valid(&(struct pg_wal_page){.magic = 0xD118, .info = 16}));
    assert_false(pg_wal_page_info_valid(&(struct pg_wal_page){.magic = 0xD122, .info = 8}));
}

static void
what_is_no_segment_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *message;
        size_t at;
        uint8_t value;
        enum status want;
    } rows[] = {
        {"page magic is 1F10", 1, 0x1F, STATUS_CORRUPT},
        {"page magic D10D is that of no supported", 0, 0x0D, STATUS_UNSUPPORTED},
        {"page flags are 0000", 2, 0, STATUS_CORRUPT},
        {"page flags are 0012", 2, 0x12, STATUS_CORRUPT},
        {"timeline 0", 4, 0, STATUS_CORRUPT},
        {"page address 0/702000, which is not the start", 9, 0x20, STATUS_CORRUPT},
        {"invalid segment size 1048577", 32, 1, STATUS_CORRUPT},
        {"invalid block size 8193", 36, 1, STATUS_CORRUPT},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct wal_build build;
        struct pg_wal_header header;
        struct error err;

        begin(&build);
        build.bytes.data[rows[row].at] = rows[row].value;
        assert_status(pg_wal_header_parse(buffer_bytes(&build.bytes), &header, &err),
                      rows[row].want);
        assert_message(rows[row].message);
        wal_build_release(&build);
    }
}

static void
too_few_bytes_are_no_segment(void **state)
{
    (void) state;
    struct wal_build build;
    struct pg_wal_header header;
    struct error err;

    begin(&build);
    assert_status(pg_wal_header_parse((struct bytes){build.bytes.data, 39}, &header, &err),
                  STATUS_CORRUPT);
    assert_message("only 39 bytes");
    wal_build_release(&build);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_page_names_the_cluster),
        cmocka_unit_test(each_version_has_its_magic),
        cmocka_unit_test(the_flags_moved_in_19),
        cmocka_unit_test(what_is_no_segment_is_refused),
        cmocka_unit_test(too_few_bytes_are_no_segment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
