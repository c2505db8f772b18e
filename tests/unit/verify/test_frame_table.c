// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "verify/frame_table.h"

static int
setup(void **state)
{
    static struct frame_table table;
    struct error err = {0};

    assert_ok(frame_table_add(&table, 100, 1000, false, &err));
    assert_ok(frame_table_add(&table, 200, 0, true, &err));
    assert_ok(frame_table_add(&table, 300, 3000, false, &err));
    *state = &table;
    return 0;
}

static int
teardown(void **state)
{
    frame_table_release(*state);
    return 0;
}

static enum status
match(struct frame_table *table, struct frame_place place, uint32_t content, bool *damaged,
      struct error *err)
{
    const struct frame_need need = {.place = place, .content = content};

    return frame_table_match(table, &need, damaged, err);
}

static void
frames_lie_one_behind_the_other(void **state)
{
    struct frame_table *table = *state;

    assert_int_equal(table->rows[0].offset, PACK_HEADER_SIZE);
    assert_int_equal(table->rows[1].offset, PACK_HEADER_SIZE + 100);
    assert_int_equal(table->rows[2].offset, PACK_HEADER_SIZE + 300);
    assert_int_equal(frame_table_content(table), 4000);
}

static void
what_a_frame_holds_may_be_wanted_of_it(void **state)
{
    struct frame_place place = {.number = 2, .offset = PACK_HEADER_SIZE + 300, .size = 300};
    struct error err = {0};
    bool damaged;

    assert_ok(match(*state, place, 3000, &damaged, &err));
    assert_false(damaged);
    assert_ok(match(*state, place, 1, &damaged, &err));
}

static void
another_place_than_the_frames_is_a_mismatch(void **state)
{
    const struct frame_place right = {.number = 2, .offset = PACK_HEADER_SIZE + 300, .size = 300};
    struct frame_place wrong;
    struct error err = {0};
    bool damaged;

    wrong = right;
    wrong.offset++;
    assert_status(match(*state, wrong, 1, &damaged, &err), STATUS_CORRUPT);
    wrong = right;
    wrong.size--;
    assert_status(match(*state, wrong, 1, &damaged, &err), STATUS_CORRUPT);
    wrong = right;
    wrong.number = 0;
    assert_status(match(*state, wrong, 1, &damaged, &err), STATUS_CORRUPT);
    wrong.number = 3;
    assert_status(match(*state, wrong, 1, &damaged, &err), STATUS_CORRUPT);
    assert_message("it has 3 frames, and frame 3 is wanted");
}

static void
more_than_a_frame_holds_is_a_mismatch(void **state)
{
    struct frame_place place = {.number = 0, .offset = PACK_HEADER_SIZE, .size = 100};
    struct error err = {0};
    bool damaged;

    assert_status(match(*state, place, 1001, &damaged, &err), STATUS_CORRUPT);
    assert_message("frame 0 holds 1000 bytes, and 1001 are wanted");
}

static void
a_damaged_frame_is_the_one_that_is_wanted_and_damaged(void **state)
{
    struct frame_place place = {.number = 1, .offset = PACK_HEADER_SIZE + 100, .size = 200};
    struct error err = {0};
    bool damaged;

    assert_ok(match(*state, place, 5000, &damaged, &err));
    assert_true(damaged);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_lie_one_behind_the_other),
        cmocka_unit_test(what_a_frame_holds_may_be_wanted_of_it),
        cmocka_unit_test(another_place_than_the_frames_is_a_mismatch),
        cmocka_unit_test(more_than_a_frame_holds_is_a_mismatch),
        cmocka_unit_test(a_damaged_frame_is_the_one_that_is_wanted_and_damaged),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
