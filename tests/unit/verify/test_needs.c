// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "verify/needs.h"

static struct pack
pack_of(uint8_t first)
{
    struct pack pack = {.size_bytes = 1000u * first, .content_bytes = 2000u * first};

    pack.id[0] = first;
    return pack;
}

static void
add_frame(struct needs *needs, uint8_t pack, uint32_t number, uint32_t content, uint32_t backup)
{
    const struct frame_need need = {
        .place = {.number = number, .offset = 64 + 100 * number, .size = 100},
        .content = content,
        .backup = backup,
        .backups = 1,
    };
    struct error err = {0};

    assert_ok(needs_add_frame(needs, pack_of(pack).id, &need, &err));
}

static void
add_user(struct needs *needs, uint8_t first, uint32_t backup)
{
    struct pack pack = pack_of(first);
    struct error err = {0};

    assert_ok(needs_add_user(needs, &pack, backup, &err));
}

static void
what_all_backups_want_of_a_pack_comes_together(void **state)
{
    SCOPED(needs_freep) struct needs *needs = NULL;
    struct pack_needs pack;
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(needs_create(&needs, &err));
    add_frame(needs, 2, 1, 500, 4);
    add_user(needs, 2, 4);
    add_user(needs, 1, 7);
    add_frame(needs, 2, 0, 300, 7);
    add_user(needs, 2, 7);
    add_frame(needs, 2, 1, 900, 7);
    assert_ok(needs_sort(needs, &err));

    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_true(more);
    assert_int_equal(pack.id[0], 1);
    assert_int_equal(pack.user_count, 1);
    assert_int_equal(pack.frame_count, 0);
    needs_release(&pack);

    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_true(more);
    assert_int_equal(pack.id[0], 2);
    assert_int_equal(pack.user_count, 2);
    assert_int_equal(pack.users[0].backup, 4);
    assert_int_equal(pack.users[1].backup, 7);
    assert_int_equal(pack.users[1].size_bytes, 2000);
    assert_int_equal(pack.users[1].content_bytes, 4000);
    assert_int_equal(pack.frame_count, 2);
    assert_int_equal(pack.frames[0].content, 300);
    assert_int_equal(pack.frames[0].backups, 1);
    assert_int_equal(pack.frames[0].backup, 7);
    assert_int_equal(pack.frames[1].content, 900);
    assert_int_equal(pack.frames[1].backups, 2);
    assert_int_equal(pack.frames[1].backup, 4);
    needs_release(&pack);

    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_false(more);
}

static void
places_that_differ_stay_apart(void **state)
{
    SCOPED(needs_freep) struct needs *needs = NULL;
    const struct frame_need other = {.place = {.number = 1, .offset = 164, .size = 99},
                                     .content = 10,
                                     .backup = 1,
                                     .backups = 1};
    struct pack_needs pack;
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(needs_create(&needs, &err));
    add_user(needs, 1, 0);
    add_frame(needs, 1, 1, 10, 0);
    assert_ok(needs_add_frame(needs, pack_of(1).id, &other, &err));
    assert_ok(needs_sort(needs, &err));

    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_int_equal(pack.frame_count, 2);
    assert_int_equal(pack.frames[0].place.size, 99);
    assert_int_equal(pack.frames[1].place.size, 100);
    needs_release(&pack);
}

static void
a_manifest_that_lists_a_pack_twice_uses_it_once(void **state)
{
    SCOPED(needs_freep) struct needs *needs = NULL;
    struct pack_needs pack;
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(needs_create(&needs, &err));
    add_user(needs, 1, 3);
    add_user(needs, 1, 3);
    assert_ok(needs_sort(needs, &err));

    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_int_equal(pack.user_count, 1);
    needs_release(&pack);
    assert_ok(needs_next(needs, &more, &pack, &err));
    assert_false(more);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_backups_want_of_a_pack_comes_together),
        cmocka_unit_test(places_that_differ_stay_apart),
        cmocka_unit_test(a_manifest_that_lists_a_pack_twice_uses_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
