// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/pack_plan.h"

#include <stdio.h>

#define PACKS 3
#define KIB   UINT32_C(1024)
#define MIB   (KIB * KIB)

/* The plan's limits, unless a test has others. */
static const struct pack_plan_options defaults = {
    .sort_memory = 64 * 1024, .range_bytes = 4 * MIB, .pieces_bytes = 1024 * 1024};

static struct pack packs[PACKS];

struct frame
{
    uint32_t pack;
    uint32_t offset;
    uint32_t size;
};

static struct pack_plan *
make_plan(const struct pack_plan_options *options)
{
    struct pack_plan *plan;
    struct error err = {0};

    assert_ok(pack_plan_create(&plan, options, &err));
    return plan;
}

/* A piece whose path and note tell of its frame. */
static void
add(struct pack_plan *plan, struct frame frame)
{
    char path[64];
    const struct pack_piece piece = {
        .path = path,
        .extent = {.length = 1, .frame = {frame.pack, frame.offset / 7, frame.offset, frame.size}},
        .note = ~frame.offset,
    };
    struct error err = {0};

    snprintf(path, sizeof(path), "%u/%u", frame.pack, frame.offset);
    assert_ok(pack_plan_add(plan, &piece, &err));
}

static void
check_piece(const struct pack_range *range, const struct pack_piece *piece)
{
    const struct frame_place *place = &piece->extent.frame;
    char path[64];

    snprintf(path, sizeof(path), "%u/%u", place->pack, place->offset);
    assert_string_equal(piece->path, path);
    assert_int_equal(piece->note, (uint32_t) ~place->offset);
    assert_int_equal(place->number, place->offset / 7);
    assert_ptr_equal(range->pack, &packs[place->pack]);
    assert_true(place->offset >= range->begin && place->offset + place->size <= range->end);
}

/* "pack: begin-end (pieces); " for each range. */
static void
assert_planned(struct pack_plan *plan, const char *wanted)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(100000);
    struct error err = {0};
    const char *planned;

    assert_ok(pack_plan_sort(plan, packs, PACKS, &err));
    for (;;)
    {
        SCOPED(pack_range_freep) struct pack_range *range = NULL;
        struct pack_piece piece;
        unsigned count = 0;

        assert_ok(pack_plan_next(plan, &range, &err));
        if (range == NULL)
            break;
        for (size_t at = 0; pack_range_next(range, &at, &piece); count++)
            check_piece(range, &piece);
        assert_ok(buffer_append_text(&text, &err, "%d: %u-%u (%u); ", (int) (range->pack - packs),
                                     range->begin, range->end, count));
    }
    assert_ok(buffer_text(&text, &planned, &err));
    assert_string_equal(planned, wanted);
}

static void
nothing_to_read_makes_no_range(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    assert_planned(plan, "");
}

static void
frames_that_lie_near_each_other_are_one_range_whatever_order_they_came_in(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    add(plan, (struct frame){2, 9000, 100});
    add(plan, (struct frame){0, 5000, 100});
    add(plan, (struct frame){2, 8000, 100});
    add(plan, (struct frame){0, 4000, 100});
    add(plan, (struct frame){2, 8000, 100}); /* two pieces of one frame */

    assert_planned(plan, "0: 4000-5100 (2); 2: 8000-9100 (3); ");
}

static void
the_first_frame_brings_the_pack_s_header(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    add(plan, (struct frame){1, PACK_HEADER_SIZE, 100});

    assert_planned(plan, "1: 0-164 (1); ");
}

static void
a_gap_that_is_too_wide_divides(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    add(plan, (struct frame){0, 1000, 100});
    add(plan, (struct frame){0, 1100 + PACK_PLAN_GAP_MAX, 100});
    add(plan, (struct frame){0, 1201 + 2 * PACK_PLAN_GAP_MAX, 100});

    assert_planned(plan, "0: 1000-1049776 (2); 0: 2098353-2098453 (1); ");
}

static void
no_range_is_longer_than_its_limit_but_for_a_single_frame(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    for (uint32_t frame = 0; frame < 9; frame++)
        add(plan, (struct frame){0, 1000 + frame * MIB, MIB});
    add(plan, (struct frame){1, 1000, 5 * MIB});
    add(plan, (struct frame){1, 1000 + 5 * MIB, MIB});

    assert_planned(plan, "0: 1000-4195304 (4); 0: 4195304-8389608 (4); 0: 8389608-9438184 (1); "
                         "1: 1000-5243880 (1); 1: 5243880-6292456 (1); ");
}

static void
very_many_pieces_are_several_ranges(void **state)
{
    const struct pack_plan_options few = {64 * 1024, 4 * MIB, 1};
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&few);

    (void) state;
    for (int piece = 0; piece < 3; piece++)
        add(plan, (struct frame){0, 1000, 100});

    assert_planned(plan, "0: 1000-1100 (1); 0: 1000-1100 (1); 0: 1000-1100 (1); ");
}

static void
more_pieces_than_memory_holds_come_in_order(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);

    (void) state;
    for (uint32_t piece = 0; piece < 10000; piece++)
        add(plan, (struct frame){0, 1000 + piece * 7 % 10000 * 10, 10});

    assert_planned(plan, "0: 1000-101000 (10000); ");
}

static void
a_pack_that_is_not_listed_is_corrupt(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);
    struct error err = {0};

    (void) state;
    add(plan, (struct frame){PACKS, 1000, 100});

    assert_status(pack_plan_sort(plan, packs, PACKS, &err), STATUS_CORRUPT);
    assert_message("a pack that is not listed");
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
    SCOPED(pack_plan_freep) struct pack_plan *plan = make_plan(&defaults);
    char path[PACK_PLAN_PATH_SIZE + 1] = {0};
    const struct pack_piece piece = {path, {.frame = {0, 0, 1000, 100}}, 0};
    struct error err = {0};

    (void) state;
    memset(path, 'p', PACK_PLAN_PATH_SIZE - 1);
    assert_ok(pack_plan_add(plan, &piece, &err));
    path[PACK_PLAN_PATH_SIZE - 1] = 'p';
    assert_status(pack_plan_add(plan, &piece, &err), STATUS_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_read_makes_no_range),
        cmocka_unit_test(frames_that_lie_near_each_other_are_one_range_whatever_order_they_came_in),
        cmocka_unit_test(the_first_frame_brings_the_pack_s_header),
        cmocka_unit_test(a_gap_that_is_too_wide_divides),
        cmocka_unit_test(no_range_is_longer_than_its_limit_but_for_a_single_frame),
        cmocka_unit_test(very_many_pieces_are_several_ranges),
        cmocka_unit_test(more_pieces_than_memory_holds_come_in_order),
        cmocka_unit_test(a_pack_that_is_not_listed_is_corrupt),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
