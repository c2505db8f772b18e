// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/pack_set.h"

static void
make_id(unsigned number, uint8_t id[PACK_ID_SIZE])
{
    memset(id, 0, PACK_ID_SIZE);
    /* Out of order, and different in the first bytes as in the last. */
    id[0] = (uint8_t) (number * 37);
    id[PACK_ID_SIZE - 1] = (uint8_t) number;
    id[PACK_ID_SIZE - 2] = (uint8_t) (number >> 8);
}

static void
every_id_that_was_added_is_found_and_no_other(void **state)
{
    SCOPED(pack_set_release) struct pack_set set = {0};
    struct error err = {0};
    uint8_t id[PACK_ID_SIZE];

    (void) state;
    for (unsigned number = 0; number < 1000; number += 2)
    {
        make_id(number, id);
        assert_ok(pack_set_add(&set, id, &err));
        assert_ok(pack_set_add(&set, id, &err));
    }
    pack_set_sort(&set);

    assert_int_equal(set.count, 500);
    for (unsigned number = 0; number < 1000; number++)
    {
        size_t index = SIZE_MAX;

        make_id(number, id);
        assert_int_equal(pack_set_has(&set, id), number % 2 == 0);
        if (pack_set_find(&set, id, &index))
            assert_memory_equal(set.ids[index], id, PACK_ID_SIZE);
    }
}

static void
an_empty_set_has_nothing(void **state)
{
    SCOPED(pack_set_release) struct pack_set set = {0};
    uint8_t id[PACK_ID_SIZE] = {0};

    (void) state;
    pack_set_sort(&set);
    assert_false(pack_set_has(&set, id));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_that_was_added_is_found_and_no_other),
        cmocka_unit_test(an_empty_set_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
