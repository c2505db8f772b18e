// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/page.h"
#include "tests/support/page_build.h"

/* Never a real page, but every byte of it counts. */
static void
fill(uint8_t page[PG_PAGE_SIZE])
{
    for (int index = 0; index < PG_PAGE_SIZE; index++)
        page[index] = (uint8_t) (index * 7 + index / 256);
}

static void
put_checksum(uint8_t page[PG_PAGE_SIZE], uint32_t block_number)
{
    uint16_t checksum = pg_page_checksum(page, block_number);

    memcpy(page + 8, &checksum, sizeof(checksum));
}

/* The numbers come from a program written apart, which agrees with pg_checksums. */
static void
known_checksums_come_out(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE] = {0};

    assert_int_equal(pg_page_checksum(page, 5), 0xC6AF);
    fill(page);
    assert_int_equal(pg_page_checksum(page, 0), 0x3E33);
    assert_int_equal(pg_page_checksum(page, 131072), 0x3E35);
}

static void
the_checksum_does_not_count_itself(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];

    fill(page);
    page[8] ^= 0xFF;
    page[9] ^= 0xFF;
    assert_int_equal(pg_page_checksum(page, 0), 0x3E33);
}

static void
each_changed_byte_is_found(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];

    fill(page);
    put_checksum(page, 77);
    assert_int_equal(pg_page_verify(page, 77, PG_LSN_NONE), PG_PAGE_GOOD);
    for (int index = 0; index < PG_PAGE_SIZE; index++)
    {
        page[index] ^= 0x40;
        assert_int_equal(pg_page_verify(page, 77, PG_LSN_NONE), PG_PAGE_CORRUPT);
        page[index] ^= 0x40;
    }
}

static void
a_page_in_another_place_is_found(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];

    fill(page);
    put_checksum(page, 77);
    assert_int_equal(pg_page_verify(page, 78, PG_LSN_NONE), PG_PAGE_CORRUPT);
}

static void
a_new_page_needs_no_checksum(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE] = {0};

    assert_true(pg_page_is_new(page));
    assert_int_equal(pg_page_verify(page, 0, PG_LSN_NONE), PG_PAGE_NEW);
    page[14] = 1;
    assert_false(pg_page_is_new(page));
}

static void
a_page_changed_during_the_backup_is_not_judged(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE] = {0};
    uint32_t high = 0x16;
    uint32_t low = 0xB374D848;

    memcpy(page, &high, sizeof(high));
    memcpy(page + 4, &low, sizeof(low));
    page[14] = 1;
    assert_int_equal(pg_page_lsn(page), UINT64_C(0x16B374D848));
    assert_int_equal(pg_page_verify(page, 0, UINT64_C(0x16B374D848)), PG_PAGE_TOO_NEW);
    assert_int_equal(pg_page_verify(page, 0, UINT64_C(0x16B374D849)), PG_PAGE_CORRUPT);
    assert_int_equal(pg_page_verify(page, 0, PG_LSN_NONE), PG_PAGE_CORRUPT);
}

static void
a_page_of_zeros_has_no_other_byte(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE] = {0};

    assert_true(pg_page_is_zero(page));
    for (int index = 0; index < PG_PAGE_SIZE; index++)
    {
        page[index] = 1;
        assert_false(pg_page_is_zero(page));
        page[index] = 0;
    }
    memset(page, 7, sizeof(page));
    assert_false(pg_page_is_zero(page));
}

static void
headers_that_postgresql_does_not_write_are_told(void **state)
{
    enum
    {
        FLAGS = 10,
        LOWER = 12,
        UPPER = 14,
        SPECIAL = 16,
        VERSION = 18,
    };
    static const struct
    {
        size_t at;
        uint16_t value;
        bool valid;
    } rows[] = {
        {FLAGS, 0, true},         {FLAGS, 7, true},         {FLAGS, 8, false},
        {FLAGS, 0x8000, false},   {LOWER, 24, true},        {LOWER, 23, false},
        {LOWER, 0, false},        {LOWER, 7880, true},      {LOWER, 7881, false},
        {UPPER, 0, false},        {UPPER, 36, true},        {UPPER, 35, false},
        {UPPER, 8192, true},      {UPPER, 8193, false},     {SPECIAL, 8192, true},
        {SPECIAL, 8184, true},    {SPECIAL, 8191, false},   {SPECIAL, 7880, true},
        {SPECIAL, 7872, false},   {SPECIAL, 8200, false},   {SPECIAL, 0, false},
        {VERSION, 0x2004, true},  {VERSION, 0x2003, false}, {VERSION, 0x2005, false},
        {VERSION, 0x4004, false}, {VERSION, 0, false},
    };

    (void) state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        uint8_t page[PG_PAGE_SIZE];

        page_build_heap(page, 0x3000000, 1);
        page_build_u16(page, rows[row].at, rows[row].value);
        if (pg_page_header_is_valid(page) != rows[row].valid)
            fail_msg("%u at %zu", rows[row].value, rows[row].at);
    }
}

static void
sequences_and_spgist_s_first_pages_change_silently(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];

    page_build_heap(page, 0x3000000, 1);
    page_build_u32(page, PG_PAGE_SIZE - 8, 0x1717);
    assert_false(pg_page_changes_silently(page));
    page_build_u16(page, 16, PG_PAGE_SIZE - 8);
    assert_true(pg_page_changes_silently(page));
    page_build_u32(page, PG_PAGE_SIZE - 8, 0x1718);
    assert_false(pg_page_changes_silently(page));
    page_build_u16(page, PG_PAGE_SIZE - 2, 0xFF82);
    assert_false(pg_page_changes_silently(page));
    page_build_u32(page, 24, 0xBA0BABEE);
    assert_true(pg_page_changes_silently(page));
}

/* Checksum, hints of the page, pd_prune_xid, and of each tuple four bits of its infomask. */
static bool
is_hint(const uint8_t page[PG_PAGE_SIZE], size_t at, uint8_t bit)
{
    if (at == 8 || at == 9 || (at >= 20 && at < 24))
        return true;
    if (at == 10)
        return bit <= 4;
    for (int tuple = 0; tuple < PAGE_BUILD_TUPLES; tuple++)
        if (at == page_build_tuple(page, tuple) + 21)
            return bit <= 8;
    return false;
}

static void
nothing_but_hints_is_masked(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];
    uint8_t masked[PG_PAGE_SIZE];
    uint8_t changed[PG_PAGE_SIZE];

    page_build_heap(page, 0x3000000, 0xA5);
    memcpy(masked, page, sizeof(page));
    assert_true(pg_page_mask_heap_hints(masked));
    for (size_t at = 0; at < PG_PAGE_SIZE; at++)
        for (int bit = 1; bit <= 0x80; bit <<= 1)
        {
            bool equal;

            memcpy(changed, page, sizeof(page));
            changed[at] ^= (uint8_t) bit;
            equal = pg_page_mask_heap_hints(changed) && memcmp(changed, masked, sizeof(page)) == 0;
            if (equal != is_hint(page, at, (uint8_t) bit))
                fail_msg("bit %d of byte %zu", bit, at);
        }
}

static void
what_is_no_heap_page_is_not_masked(void **state)
{
    (void) state;
    uint8_t page[PG_PAGE_SIZE];
    uint8_t before[PG_PAGE_SIZE];

    page_build_index(page, 0x3000000, 1);
    memcpy(before, page, sizeof(page));
    assert_false(pg_page_mask_heap_hints(page));
    assert_memory_equal(page, before, sizeof(page));
    page_build_heap(page, 0x3000000, 1);
    page_build_u16(page, 18, 0x2003);
    memcpy(before, page, sizeof(page));
    assert_false(pg_page_mask_heap_hints(page));
    assert_memory_equal(page, before, sizeof(page));
}

/* Lines may point anywhere in a page that was damaged. */
static void
masking_a_damaged_page_stays_within_it(void **state)
{
    struct
    {
        uint8_t before[64];
        uint8_t page[PG_PAGE_SIZE];
        uint8_t after[32768];
    } memory;
    uint64_t random = 1;

    (void) state;
    memset(&memory, 0xFF, sizeof(memory));
    for (int round = 0; round < 2000; round++)
    {
        page_build_heap(memory.page, 0x3000000, 0xFF);
        page_build_u16(memory.page, 12, 7880);
        for (size_t at = 24; at < 7880; at++)
        {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            memory.page[at] = (uint8_t) (random >> 56);
        }
        assert_true(pg_page_mask_heap_hints(memory.page));
    }
    for (size_t index = 0; index < sizeof(memory.before); index++)
        assert_int_equal(memory.before[index], 0xFF);
    for (size_t index = 0; index < sizeof(memory.after); index++)
        assert_int_equal(memory.after[index], 0xFF);
}

static void
relation_files_are_told_by_their_path(void **state)
{
    (void) state;
    static const struct
    {
        const char *path;
        struct pg_relation_path want;
    } rows[] = {
        {"base/5/1259", {0, 5, 1259, PG_FORK_MAIN, 0}},
        {"base/5/1259_fsm", {0, 5, 1259, PG_FORK_FSM, 0}},
        {"base/5/16384_vm.2", {0, 5, 16384, PG_FORK_VM, 2}},
        {"base/5/16384.131", {0, 5, 16384, PG_FORK_MAIN, 131}},
        {"base/5/16384_init", {0, 5, 16384, PG_FORK_INIT, 0}},
        {"global/1262", {0, 0, 1262, PG_FORK_MAIN, 0}},
        {"global/1262_vm", {0, 0, 1262, PG_FORK_VM, 0}},
        {"pg_tblspc/16384/PG_15_202209061/5/16391", {16384, 5, 16391, PG_FORK_MAIN, 0}},
        {"base/4294967295/4294967295", {0, UINT32_MAX, UINT32_MAX, PG_FORK_MAIN, 0}},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_relation_path relation;

        if (!pg_relation_path_parse(rows[row].path, &relation))
            fail_msg("%s: refused", rows[row].path);
        assert_int_equal(relation.tablespace, rows[row].want.tablespace);
        assert_int_equal(relation.database, rows[row].want.database);
        assert_int_equal(relation.relfilenode, rows[row].want.relfilenode);
        assert_int_equal(relation.fork, rows[row].want.fork);
        assert_int_equal(relation.segment, rows[row].want.segment);
    }
}

static void
other_files_are_no_relations(void **state)
{
    (void) state;
    static const char *const rows[] = {
        "",
        "base",
        "base/5",
        "base/5/",
        "base/5/PG_VERSION",
        "base/5/pg_filenode.map",
        "base/5/pg_internal.init",
        "base/5/t3_16384",
        "base/5/16384_old",
        "base/5/16384_fsm_vm",
        "base/5/16384.",
        "base/5/16384.0",
        "base/5/16384.1.2",
        "base/5/16384.1_fsm",
        "base/5/016384",
        "base/5/0",
        "base/5/4294967296",
        "base/5/INCREMENTAL.16384",
        "base/5/16384/1",
        "base/pgsql_tmp/1",
        "global/pg_control",
        "global/5/1262",
        "pg_xact/0000",
        "pg_wal/000000010000000000000001",
        "pg_tblspc/16384",
        "pg_tblspc/16384/5/16391",
        "pg_tblspc/16384/PG_15/5/16391",
        "pg_tblspc/16384/PG_15_202209061/16391",
        "./base/5/1259",
        "PG_VERSION",
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_relation_path relation;

        if (pg_relation_path_parse(rows[row], &relation))
            fail_msg("%s: accepted", rows[row]);
    }
}

static void
blocks_count_from_the_relations_start(void **state)
{
    (void) state;
    struct pg_relation_path relation = {.segment = 3};

    assert_int_equal(pg_relation_first_block(&relation, 131072), 393216);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_checksums_come_out),
        cmocka_unit_test(the_checksum_does_not_count_itself),
        cmocka_unit_test(each_changed_byte_is_found),
        cmocka_unit_test(a_page_in_another_place_is_found),
        cmocka_unit_test(a_new_page_needs_no_checksum),
        cmocka_unit_test(a_page_changed_during_the_backup_is_not_judged),
        cmocka_unit_test(a_page_of_zeros_has_no_other_byte),
        cmocka_unit_test(headers_that_postgresql_does_not_write_are_told),
        cmocka_unit_test(sequences_and_spgist_s_first_pages_change_silently),
        cmocka_unit_test(nothing_but_hints_is_masked),
        cmocka_unit_test(what_is_no_heap_page_is_not_masked),
        cmocka_unit_test(masking_a_damaged_page_stays_within_it),
        cmocka_unit_test(relation_files_are_told_by_their_path),
        cmocka_unit_test(other_files_are_no_relations),
        cmocka_unit_test(blocks_count_from_the_relations_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
