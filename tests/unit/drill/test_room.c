// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/room.h"

#define MIB (UINT64_C(1) << 20)

static struct plan
plan_of(uint64_t bytes, uint64_t segments)
{
    return (struct plan){
        .backup = {.wal_segment_size = 16 * MIB},
        .segment_count = segments,
        .totals = {.bytes = bytes},
    };
}

static void
a_cluster_needs_its_files_its_wal_and_a_margin(void **state)
{
    (void) state;
    struct plan small = plan_of(100 * MIB, 2);
    struct plan large = plan_of(100000 * MIB, 2);

    assert_int_equal(room_needed(&small), (100 + 32 + 64) * MIB);
    assert_int_equal(room_needed(&large), (100000 + 32 + 5000) * MIB);
}

static void
weeks_of_wal_are_never_there_at_once(void **state)
{
    (void) state;
    struct plan plan = plan_of(100 * MIB, 1000000);

    assert_int_equal(room_needed(&plan), (100 + 4096 + 64) * MIB);
}

static void
too_little_room_is_refused_with_both_figures(void **state)
{
    (void) state;
    struct error err;

    assert_ok(room_check("/", 0, &err));
    assert_status(room_check("/", UINT64_MAX, &err), STATUS_REFUSED);
    assert_message("are free");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_needs_its_files_its_wal_and_a_margin),
        cmocka_unit_test(weeks_of_wal_are_never_there_at_once),
        cmocka_unit_test(too_little_room_is_refused_with_both_figures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
