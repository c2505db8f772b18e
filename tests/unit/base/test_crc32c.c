// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/crc32c.h"

static uint32_t
whole(struct bytes bytes)
{
    return crc32c_finish(crc32c_update(CRC32C_INIT, bytes));
}

/* From RFC 3720, appendix B.4, and the check value of every catalogue of CRCs. */
static void
known_values_come_out(void **state)
{
    (void) state;
    uint8_t ascending[32];
    uint8_t zeros[32] = {0};
    uint8_t ones[32];

    memset(ones, 0xff, sizeof(ones));
    for (uint8_t index = 0; index < sizeof(ascending); index++)
        ascending[index] = index;

    assert_int_equal(whole(BYTES("")), 0);
    assert_int_equal(whole(BYTES("123456789")), 0xE3069283);
    assert_int_equal(whole((struct bytes){zeros, 32}), 0x8A9136AA);
    assert_int_equal(whole((struct bytes){ones, 32}), 0x62A8AB43);
    assert_int_equal(whole((struct bytes){ascending, 32}), 0x46DD794E);
}

static void
pieces_make_the_same_as_the_whole(void **state)
{
    (void) state;
    uint8_t data[200];
    uint32_t want;

    for (size_t index = 0; index < sizeof(data); index++)
        data[index] = (uint8_t) (index * 37);
    want = whole((struct bytes){data, sizeof(data)});

    for (size_t cut = 0; cut <= sizeof(data); cut++)
    {
        uint32_t crc = crc32c_update(CRC32C_INIT, (struct bytes){data, cut});

        crc = crc32c_update(crc, (struct bytes){data + cut, sizeof(data) - cut});
        assert_int_equal(crc32c_finish(crc), want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_come_out),
        cmocka_unit_test(pieces_make_the_same_as_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
