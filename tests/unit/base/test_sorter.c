// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/sorter.h"

#include <stdio.h>

/* A permutation of 0..count-1 without a random source. */
static unsigned
shuffled(unsigned index, unsigned count)
{
    return (unsigned) ((uint64_t) index * 7919 % count);
}

static void
add(struct sorter *sorter, const char *key, unsigned value)
{
    struct error err = {0};

    assert_ok(
        sorter_add(sorter, bytes_of(key), (struct bytes){(uint8_t *) &value, sizeof(value)}, &err));
}

/* Sort count records, the keys in three groups of equals each, within memory bytes. */
static void
sort_and_check(unsigned count, size_t memory)
{
    SCOPED(sorter_freep) struct sorter *sorter = NULL;
    struct error err = {0};
    struct bytes key;
    struct bytes value;
    bool more;

    assert_ok(sorter_create(&sorter, memory, &err));
    for (unsigned index = 0; index < count; index++)
    {
        char text[32];

        snprintf(text, sizeof(text), "%08u", shuffled(index, count) / 3);
        add(sorter, text, index);
    }
    assert_ok(sorter_sort(sorter, &err));
    unsigned last_value = 0;

    for (unsigned index = 0; index < count; index++)
    {
        char want[32];
        unsigned got;

        assert_ok(sorter_next(sorter, &more, &key, &value, &err));
        assert_true(more);
        snprintf(want, sizeof(want), "%08u", index / 3);
        assert_true(bytes_equal(key, bytes_of(want)));
        memcpy(&got, value.data, sizeof(got));
        assert_true(index % 3 == 0 || got > last_value);
        last_value = got;
    }
    assert_ok(sorter_next(sorter, &more, &key, &value, &err));
    assert_false(more);
}

static void
records_come_back_in_order_from_memory(void **state)
{
    (void) state;
    sort_and_check(9999, 8 << 20);
}

static void
records_come_back_in_order_from_many_spilled_runs(void **state)
{
    (void) state;
    sort_and_check(99999, 256 * 1024);
}

static void
nothing_sorts_to_nothing(void **state)
{
    (void) state;
    sort_and_check(0, 4096);
}

static void
a_key_sorts_before_its_extensions(void **state)
{
    (void) state;
    SCOPED(sorter_freep) struct sorter *sorter = NULL;
    struct error err = {0};
    struct bytes key;
    struct bytes value;
    bool more;

    assert_ok(sorter_create(&sorter, 4096, &err));
    add(sorter, "base/1", 1);
    add(sorter, "base", 2);
    assert_ok(sorter_sort(sorter, &err));
    assert_ok(sorter_next(sorter, &more, &key, &value, &err));
    assert_int_equal(key.size, 4);
}

static void
a_record_too_large_is_refused(void **state)
{
    (void) state;
    SCOPED(sorter_freep) struct sorter *sorter = NULL;
    struct error err = {0};
    uint8_t large[3000] = {0};

    assert_ok(sorter_create(&sorter, 4096, &err));
    assert_status(sorter_add(sorter, BYTES("k"), (struct bytes){large, sizeof(large)}, &err),
                  STATUS_NO_MEMORY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_in_order_from_memory),
        cmocka_unit_test(records_come_back_in_order_from_many_spilled_runs),
        cmocka_unit_test(nothing_sorts_to_nothing),
        cmocka_unit_test(a_key_sorts_before_its_extensions),
        cmocka_unit_test(a_record_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
