// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/boot_settings.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static bool
holds(const struct boot_settings *settings, const char *wanted)
{
    for (size_t index = 0; index < settings->count; index++)
        if (strcmp(settings->items[index], wanted) == 0)
            return true;
    return false;
}

static void
make(struct boot_settings *settings, int major, uint32_t wal_segment_size, uint64_t memory_bytes)
{
    const struct boot_settings_options options = {major, wal_segment_size, memory_bytes, 0};

    boot_settings_make(settings, &options);
    assert_null(settings->items[settings->count]);
}

static void
a_server_is_not_told_what_its_version_does_not_know(void **state)
{
    (void) state;
    struct boot_settings settings;

    make(&settings, 16, 16 * MIB, 256 * MIB);
    assert_false(holds(&settings, "event_triggers=off"));
    make(&settings, 17, 16 * MIB, 256 * MIB);
    assert_true(holds(&settings, "event_triggers=off"));
    assert_false(holds(&settings, "io_method=worker"));
    make(&settings, 18, 16 * MIB, 256 * MIB);
    assert_true(holds(&settings, "io_method=worker"));
}

static void
sessions_are_told_what_roles_and_databases_could_say_otherwise(void **state)
{
    static const char *const always[] = {
        "-c zero_damaged_pages=off", "-c ignore_checksum_failure=off",
        "-c session_preload_libraries= ", "-c idle_session_timeout=0"};

    (void) state;
    for (size_t index = 0; index < sizeof(always) / sizeof(always[0]); index++)
        assert_non_null(strstr(boot_session_options(15), always[index]));
    assert_null(strstr(boot_session_options(16), "event_triggers"));
    assert_null(strstr(boot_session_options(16), "transaction_timeout"));
    assert_non_null(strstr(boot_session_options(17), "-c event_triggers=off"));
    assert_non_null(strstr(boot_session_options(17), "-c transaction_timeout=0"));
    assert_non_null(strstr(boot_session_options(17), always[0]));
}

static void
buffers_are_half_of_the_memory_within_bounds(void **state)
{
    (void) state;
    struct boot_settings settings;

    make(&settings, 15, 16 * MIB, 256 * MIB);
    assert_true(holds(&settings, "shared_buffers=128MB"));
    make(&settings, 15, 16 * MIB, MIB);
    assert_true(holds(&settings, "shared_buffers=16MB"));
    make(&settings, 15, 16 * MIB, 1024 * 1024 * MIB);
    assert_true(holds(&settings, "shared_buffers=4096MB"));
}

static void
large_segments_get_the_wal_size_that_the_server_demands(void **state)
{
    (void) state;
    struct boot_settings settings;

    make(&settings, 15, 16 * MIB, 256 * MIB);
    assert_true(holds(&settings, "max_wal_size=1024MB"));
    make(&settings, 15, 1024 * MIB, 256 * MIB);
    assert_true(holds(&settings, "max_wal_size=2048MB"));
}

static void
prepared_transactions_have_room_though_the_limit_was_raised_later(void **state)
{
    struct boot_settings_options options = {
        .major = 15, .wal_segment_size = 16 * MIB, .memory_bytes = 256 * MIB};
    struct boot_settings settings;

    (void) state;
    boot_settings_make(&settings, &options);
    assert_true(holds(&settings, "max_prepared_transactions=200"));
    options.max_prepared = 5000;
    boot_settings_make(&settings, &options);
    assert_true(holds(&settings, "max_prepared_transactions=5000"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_not_told_what_its_version_does_not_know),
        cmocka_unit_test(sessions_are_told_what_roles_and_databases_could_say_otherwise),
        cmocka_unit_test(buffers_are_half_of_the_memory_within_bounds),
        cmocka_unit_test(prepared_transactions_have_room_though_the_limit_was_raised_later),
        cmocka_unit_test(large_segments_get_the_wal_size_that_the_server_demands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
