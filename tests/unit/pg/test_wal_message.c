// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_message.h"

#define HEADER                                                                                     \
    "w\x00\x00\x00\x01\x02\x00\x00\x28"                                                            \
    "endofwal"                                                                                     \
    "clocknow"

static void
wal_is_read_with_its_place(void **state)
{
    struct pg_wal_message parsed;
    struct error err = {0};

    (void) state;
    assert_ok(pg_wal_message_parse(BYTES(HEADER "WAL"), &parsed, &err));
    assert_int_equal(parsed.start, UINT64_C(0x102000028));
    assert_true(bytes_equal(parsed.wal, BYTES("WAL")));
    assert_false(parsed.reply_wanted);
    assert_ok(pg_wal_message_parse(BYTES(HEADER), &parsed, &err));
    assert_int_equal(parsed.wal.size, 0);
}

static void
a_keepalive_says_whether_it_wants_an_answer(void **state)
{
    struct pg_wal_message parsed;
    struct error err = {0};

    (void) state;
    assert_ok(pg_wal_message_parse(BYTES("kendofwalclocknow\x01"), &parsed, &err));
    assert_true(parsed.reply_wanted);
    assert_int_equal(parsed.wal.size, 0);
    assert_ok(pg_wal_message_parse(BYTES("kendofwalclocknow\x00"), &parsed, &err));
    assert_false(parsed.reply_wanted);
}

static void
what_is_cut_or_unknown_is_corrupt(void **state)
{
    struct pg_wal_message parsed;
    struct error err = {0};
    const struct bytes whole = BYTES(HEADER);

    (void) state;
    for (size_t size = 0; size < whole.size; size++)
        assert_status(pg_wal_message_parse((struct bytes){whole.data, size}, &parsed, &err),
                      STATUS_CORRUPT);
    assert_status(pg_wal_message_parse(BYTES("kendofwalclocknow"), &parsed, &err), STATUS_CORRUPT);
    assert_status(pg_wal_message_parse(BYTES("x\x00\x00\x00\x01\x02\x00\x00\x28"
                                             "endofwalclocknow"),
                                       &parsed, &err),
                  STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wal_is_read_with_its_place),
        cmocka_unit_test(a_keepalive_says_whether_it_wants_an_answer),
        cmocka_unit_test(what_is_cut_or_unknown_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
