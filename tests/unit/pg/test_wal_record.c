// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_record.h"

/* A record's main data, put together field by field. */
struct content
{
    uint8_t data[512];
    size_t size;
};

static void
put(struct content *content, const void *data, size_t size)
{
    memcpy(content->data + content->size, data, size);
    content->size += size;
}

static void
put_u32(struct content *content, uint32_t value)
{
    put(content, &value, sizeof(value));
}

static void
put_items(struct content *content, uint32_t count, size_t item_size)
{
    put_u32(content, count);
    memset(content->data + content->size, 0xEE, count * item_size);
    content->size += count * item_size;
}

/* 2026-11-21 02:38:06.459187 UTC. */
static void
put_time(struct content *content)
{
    int64_t time = INT64_C(1795228686459187) - INT64_C(946684800000000);

    put(content, &time, sizeof(time));
}

static struct pg_wal_record
record_of(const struct content *content, uint8_t rmid, uint8_t info)
{
    return (struct pg_wal_record){
        .major = 15,
        .start = 0x3000028,
        .xid = 4740,
        .rmid = rmid,
        .info = info,
        .main = {content->data, content->size},
    };
}

static void
a_plain_commit_is_its_time_and_xid(void **state)
{
    (void) state;
    struct content content = {0};
    struct pg_wal_record record;
    struct pg_wal_event event;
    struct error err;

    put_time(&content);
    record = record_of(&content, PG_WAL_RM_XACT, 0x00);
    assert_ok(pg_wal_record_event(&record, &event, &err));
    assert_int_equal(event.kind, PG_WAL_EVENT_COMMIT);
    assert_int_equal(event.time, INT64_C(1795228686459187));
    assert_int_equal(event.xid, 4740);
    assert_false(event.prepared);
    assert_int_equal(pg_wal_event_subxid_count(&event), 0);
}

static void
subtransactions_are_listed(void **state)
{
    (void) state;
    struct content content = {0};
    struct pg_wal_record record;
    struct pg_wal_event event;
    struct error err;

    put_time(&content);
    put_u32(&content, 0x01 | 0x02);
    put_u32(&content, 5);
    put_u32(&content, 1663);
    put_u32(&content, 2);
    put_u32(&content, 4741);
    put_u32(&content, 4742);
    record = record_of(&content, PG_WAL_RM_XACT, 0x20 | 0x80);
    assert_ok(pg_wal_record_event(&record, &event, &err));
    assert_int_equal(event.kind, PG_WAL_EVENT_ABORT);
    assert_int_equal(pg_wal_event_subxid_count(&event), 2);
    assert_int_equal(pg_wal_event_subxid(&event, 0), 4741);
    assert_int_equal(pg_wal_event_subxid(&event, 1), 4742);
}

/* All that can stand before the XID, with the width that dropped statistics have. */
static void
put_prepared_commit(struct content *content, size_t statistics_size)
{
    put_time(content);
    put_u32(content, 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x80 | 0x100);
    put_u32(content, 5);
    put_u32(content, 1663);
    put_items(content, 2, 4);
    put_items(content, 1, 12);
    put_items(content, 3, statistics_size);
    put_items(content, 2, 16);
    put_u32(content, 4743);
    put(content, "foo", 4);
}

static void
a_prepared_commit_has_the_xid_of_what_was_prepared(void **state)
{
    (void) state;
    static const struct
    {
        int major;
        size_t statistics_size;
    } rows[] = {{15, 12}, {16, 12}, {17, 12}, {18, 16}, {19, 16}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct content content = {0};
        struct pg_wal_record record;
        struct pg_wal_event event;
        struct error err;

        put_prepared_commit(&content, rows[row].statistics_size);
        record = record_of(&content, PG_WAL_RM_XACT, 0x30 | 0x80);
        record.major = rows[row].major;
        record.xid = 0;
        assert_ok(pg_wal_record_event(&record, &event, &err));
        assert_int_equal(event.kind, PG_WAL_EVENT_COMMIT);
        assert_true(event.prepared);
        assert_int_equal(event.xid, 4743);
    }
}

static void
a_transaction_end_cut_anywhere_is_corrupt(void **state)
{
    (void) state;
    struct content content = {0};

    put_prepared_commit(&content, 12);
    for (size_t size = 0; size < content.size - 4; size++)
    {
        struct content cut = {.size = size};
        struct pg_wal_record record;
        struct pg_wal_event event;
        struct error err;

        memcpy(cut.data, content.data, size);
        record = record_of(&cut, PG_WAL_RM_XACT, 0x30 | 0x80);
        assert_status(pg_wal_record_event(&record, &event, &err), STATUS_CORRUPT);
        assert_message("malformed transaction end in the WAL record at 0/3000028");
    }
}

static void
a_commit_too_large_to_keep_is_still_a_commit(void **state)
{
    (void) state;
    struct content content = {0};
    struct pg_wal_record record;
    struct pg_wal_event event;
    struct error err;

    put_time(&content);
    put_u32(&content, 0x02);
    put_u32(&content, 1000000);
    record = record_of(&content, PG_WAL_RM_XACT, 0x80);
    record.main_cut = true;
    assert_ok(pg_wal_record_event(&record, &event, &err));
    assert_int_equal(event.kind, PG_WAL_EVENT_COMMIT);
    assert_int_equal(event.xid, 4740);
    assert_int_equal(pg_wal_event_subxid_count(&event), 0);

    record.main_cut = false;
    assert_status(pg_wal_record_event(&record, &event, &err), STATUS_CORRUPT);
}

static void
a_restore_point_has_a_name(void **state)
{
    (void) state;
    struct content content = {0};
    char name[64] = "before the mistake";
    struct pg_wal_record record;
    struct pg_wal_event event;
    struct error err;

    put_time(&content);
    put(&content, name, sizeof(name));
    record = record_of(&content, PG_WAL_RM_XLOG, 0x70);
    assert_ok(pg_wal_record_event(&record, &event, &err));
    assert_int_equal(event.kind, PG_WAL_EVENT_RESTORE_POINT);
    assert_string_equal(event.name, "before the mistake");
    assert_int_equal(event.time, INT64_C(1795228686459187));

    memset(content.data + 8, 'x', 64);
    assert_ok(pg_wal_record_event(&record, &event, &err));
    assert_int_equal(strlen(event.name), 64);

    record.main.size--;
    assert_status(pg_wal_record_event(&record, &event, &err), STATUS_CORRUPT);
    assert_message("malformed restore point");
}

static void
other_records_are_no_events(void **state)
{
    (void) state;
    static const struct
    {
        uint8_t rmid;
        uint8_t info;
    } rows[] = {{1, 0x10}, {1, 0x50}, {1, 0x60}, {0, 0x00}, {0, 0x40}, {10, 0x70}, {10, 0x00}};

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct content content = {0};
        struct pg_wal_record record = record_of(&content, rows[row].rmid, rows[row].info);
        struct pg_wal_event event;
        struct error err;

        assert_ok(pg_wal_record_event(&record, &event, &err));
        assert_int_equal(event.kind, PG_WAL_EVENT_NONE);
    }
}

#define RELATION 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0
#define BLOCK    9, 0, 0, 0

static void
headers_say_where_main_data_begins(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        uint8_t headers[64];
        size_t headers_size;
        size_t data_size; /* of blocks and main data, which follow */
        uint32_t main_length;
    } rows[] = {
        {"nothing", {0}, 0, 0, 0},
        {"short main data", {255, 8}, 2, 8, 8},
        {"long main data", {254, 8, 1, 0, 0}, 5, 264, 264},
        {"origin and top-level XID", {253, 1, 0, 252, 1, 0, 0, 0, 255, 8}, 10, 8, 8},
        {"block data", {0, 0x20, 5, 0, RELATION, BLOCK, 255, 3}, 22, 8, 3},
        {"block without main data", {0, 0x20, 5, 0, RELATION, BLOCK}, 20, 5, 0},
        {"same relation again",
         {0, 0x20, 5, 0, RELATION, BLOCK, 1, 0xA2, 1, 0, BLOCK, 255, 3},
         30,
         9,
         3},
        {"whole image", {0, 0x10, 0, 0, 0, 32, 0, 0, 2, RELATION, BLOCK, 255, 3}, 27, 8195, 3},
        {"image with a hole", {0, 0x10, 0, 0, 0, 1, 24, 0, 3, RELATION, BLOCK, 255, 3}, 27, 259, 3},
        {"compressed image with a hole",
         {0, 0x10, 0, 0, 0, 1, 24, 0, 7, 9, 0, RELATION, BLOCK, 255, 3},
         29,
         259,
         3},
        {"image and data", {0, 0x30, 2, 0, 0, 1, 0, 0, 2, RELATION, BLOCK}, 25, 258, 0},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        uint8_t payload[9000] = {0};
        size_t size = rows[row].headers_size + rows[row].data_size;
        size_t front = size < PG_WAL_RECORD_HEADERS_MAX ? size : PG_WAL_RECORD_HEADERS_MAX;
        struct pg_wal_record_layout layout;

        memcpy(payload, rows[row].headers, rows[row].headers_size);
        if (!pg_wal_record_headers_read((struct bytes){payload, front}, (uint32_t) size, &layout))
            fail_msg("%s: refused", rows[row].name);
        assert_int_equal(layout.headers_size, rows[row].headers_size);
        assert_int_equal(layout.main_length, rows[row].main_length);
    }
}

static void
headers_that_contradict_are_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        uint8_t payload[64];
        size_t size;
    } rows[] = {
        {"main data too long", {255, 8, 0}, 3},
        {"main data too short", {255, 1, 0, 0}, 4},
        {"cut length", {254, 1, 0}, 3},
        {"unknown block", {33, 0, 0, 0, RELATION, BLOCK}, 20},
        {"block twice", {0, 0, 0, 0, RELATION, BLOCK, 0, 0x80, 0, 0, BLOCK, 255, 1, 0}, 31},
        {"same relation as none", {0, 0x80, 0, 0, BLOCK, 255, 1, 0}, 11},
        {"data without flag", {0, 0, 5, 0, RELATION, BLOCK, 0, 0, 0, 0, 0}, 25},
        {"flag without data", {0, 0x20, 0, 0, RELATION, BLOCK, 255, 1, 0}, 23},
        {"cut image", {0, 0x10, 0, 0, 1}, 5},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_record_layout layout;
        struct bytes payload = {rows[row].payload, rows[row].size};

        if (pg_wal_record_headers_read(payload, (uint32_t) payload.size, &layout))
            fail_msg("%s: accepted", rows[row].name);
    }
}

static void
a_block_is_found_by_its_id(void **state)
{
    (void) state;
    /* 0: fork 2, with an image that has a hole; 1: the main fork of the same; 4: another one. */
    static const uint8_t headers[] = {0, 0x12, 0, 0, 0, 1, 24, 0, 3, RELATION, BLOCK, 1, 0x80, 0, 0,
                                      7, 0,    0, 0, 4, 0, 0,  0, 4, 0,        0,     0, 5,    0, 0,
                                      0, 6,    0, 0, 0, 8, 0,  0, 0, 253,      1,     0, 255,  8};
    static const struct
    {
        uint8_t id;
        bool found;
        struct pg_wal_block want;
    } rows[] = {
        {0, true, {1, 2, 3, 2, 9}},
        {1, true, {1, 2, 3, 0, 7}},
        {2, false, {0}},
        {4, true, {4, 5, 6, 0, 8}},
        {5, false, {0}},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_wal_record record = {.headers = {headers, sizeof(headers)}};
        struct pg_wal_block block;

        if (pg_wal_record_block(&record, rows[row].id, &block) != rows[row].found)
            fail_msg("block %d", rows[row].id);
        if (!rows[row].found)
            continue;
        assert_int_equal(block.tablespace, rows[row].want.tablespace);
        assert_int_equal(block.database, rows[row].want.database);
        assert_int_equal(block.relfilenode, rows[row].want.relfilenode);
        assert_int_equal(block.fork, rows[row].want.fork);
        assert_int_equal(block.block, rows[row].want.block);
    }
}

static void
a_block_whose_header_is_cut_is_not_found(void **state)
{
    (void) state;
    static const uint8_t headers[] = {0, 0, 0, 0, RELATION, BLOCK};

    for (size_t size = 0; size < sizeof(headers); size++)
    {
        struct pg_wal_record record = {.headers = {headers, size}};
        struct pg_wal_block block;

        assert_false(pg_wal_record_block(&record, 0, &block));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_commit_is_its_time_and_xid),
        cmocka_unit_test(subtransactions_are_listed),
        cmocka_unit_test(a_prepared_commit_has_the_xid_of_what_was_prepared),
        cmocka_unit_test(a_transaction_end_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_commit_too_large_to_keep_is_still_a_commit),
        cmocka_unit_test(a_restore_point_has_a_name),
        cmocka_unit_test(other_records_are_no_events),
        cmocka_unit_test(headers_say_where_main_data_begins),
        cmocka_unit_test(headers_that_contradict_are_refused),
        cmocka_unit_test(a_block_is_found_by_its_id),
        cmocka_unit_test(a_block_whose_header_is_cut_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
