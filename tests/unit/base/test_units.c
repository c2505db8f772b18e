// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/units.h"

static void
sizes_are_read_in_powers_of_1024(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        uint64_t want;
    } cases[] = {
        {"0", 0},
        {"4096", 4096},
        {"1B", 1},
        {"64 kB", 65536},
        {"256MiB", 268435456},
        {"1GB", 1073741824},
        {"1TiB", UINT64_C(1) << 40},
        {"18446744073709551615", UINT64_MAX},
        {"16777215TiB", UINT64_C(16777215) << 40},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        uint64_t size_bytes = 1;

        assert_true(units_size(cases[index].text, &size_bytes));
        assert_true(size_bytes == cases[index].want);
    }
}

static void
what_is_no_size_is_refused(void **state)
{
    (void) state;
    static const char *const cases[] = {
        "",
        "-1",
        "+1",
        "MiB",
        "1.5GiB",
        "1mb",
        "1 M",
        "1MiB ",
        " 1",
        "0x1",
        "1kb",
        "1K",
        "1 Mi B",
        "1e3",
        "18446744073709551616",
        "16777216TiB",
    };
    uint64_t size_bytes;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
        if (units_size(cases[index], &size_bytes))
            fail_msg("\"%s\" was taken for a size", cases[index]);
}

static void
durations_are_read_with_their_unit(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        int64_t want;
    } cases[] = {
        {"0", 0},         {"500ms", 500},      {"30s", 30000},    {"5min", 300000},
        {"2 h", 7200000}, {"14d", 1209600000}, {"1w", 604800000},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        int64_t duration_ms = 1;

        assert_true(units_duration(cases[index].text, &duration_ms));
        assert_true(duration_ms == cases[index].want);
    }
}

static void
what_is_no_duration_is_refused(void **state)
{
    (void) state;
    static const char *const cases[] = {
        "", "30", "5m", "1y", "-1s", "1h30min", "9223372036854775808ms", "9223372036854776s",
    };
    int64_t duration_ms;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
        if (units_duration(cases[index], &duration_ms))
            fail_msg("\"%s\" was taken for a duration", cases[index]);
}

static void
amounts_are_written_for_people(void **state)
{
    (void) state;
    char text[UNITS_TEXT_SIZE];

    units_format_size(0, text);
    assert_string_equal(text, "0 bytes");
    units_format_size(1023, text);
    assert_string_equal(text, "1023 bytes");
    units_format_size(1024, text);
    assert_string_equal(text, "1.0 KiB");
    units_format_size(1048575, text);
    assert_string_equal(text, "1.0 MiB");
    units_format_size(UINT64_MAX, text);
    assert_string_equal(text, "16.0 EiB");
    units_format_duration(4500, text);
    assert_string_equal(text, "4.5s");
    units_format_duration(200 * 1000, text);
    assert_string_equal(text, "3min 20s");
    units_format_duration(7500 * 1000, text);
    assert_string_equal(text, "2h 5min");
    units_format_duration(INT64_C(273600) * 1000, text);
    assert_string_equal(text, "3d 4h");
    units_format_duration(-1, text);
    assert_string_equal(text, "0.0s");
}

static void
what_is_written_exactly_is_read_as_the_same(void **state)
{
    (void) state;
    static const char *const sizes[] = {"0", "1B", "1023B", "64MiB", "1536KiB", "1TiB", "1024TiB"};
    static const char *const durations[] = {"0", "1ms", "1500ms", "90s", "36h", "14d", "36525d"};
    char text[UNITS_TEXT_SIZE];

    for (size_t index = 0; index < 7; index++)
    {
        uint64_t size_bytes;
        int64_t duration_ms;

        assert_true(units_size(sizes[index], &size_bytes));
        units_write_size(size_bytes, text);
        assert_string_equal(text, sizes[index]);
        assert_true(units_duration(durations[index], &duration_ms));
        units_write_duration(duration_ms, text);
        assert_string_equal(text, durations[index]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_in_powers_of_1024),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(durations_are_read_with_their_unit),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(amounts_are_written_for_people),
        cmocka_unit_test(what_is_written_exactly_is_read_as_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
