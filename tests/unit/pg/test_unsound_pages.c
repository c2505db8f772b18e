// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/unsound_pages.h"

static const struct pg_relation_path table = {.database = 5, .relfilenode = 16384};
static const struct pg_relation_path neighbour = {.database = 5, .relfilenode = 16385};
static const struct pg_relation_path stranger = {.database = 6, .relfilenode = 16384};
static const struct pg_relation_path elsewhere = {16390, 5, 16384, PG_FORK_MAIN, 0};

static struct pg_unsound_pages *
create(size_t run_limit)
{
    struct pg_unsound_pages *pages = NULL;
    struct error err;

    assert_ok(pg_unsound_pages_create(&pages, run_limit, &err));
    return pages;
}

static void
add(struct pg_unsound_pages *pages, struct pg_unsound unsound)
{
    struct error err;

    assert_ok(pg_unsound_pages_add(pages, &unsound, &err));
}

static void
add_page(struct pg_unsound_pages *pages, uint32_t relfilenode, uint32_t block)
{
    add(pages, (struct pg_unsound){PG_UNSOUND_PAGE, 0, 5, relfilenode, block});
}

static void
pages_are_remembered_one_by_one(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {7, 8, 9, 3, 8, 20, UINT32_MAX - 1};
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(0);

    for (size_t index = 0; index < sizeof(blocks) / sizeof(blocks[0]); index++)
        add_page(pages, 16384, blocks[index]);
    pg_unsound_pages_sort(pages);

    for (uint32_t block = 0; block < 30; block++)
    {
        bool want = block == 3 || (block >= 7 && block <= 9) || block == 20;

        if (pg_unsound_pages_has(pages, &table, block) != want)
            fail_msg("block %u", block);
        assert_false(pg_unsound_pages_has(pages, &neighbour, block));
        assert_false(pg_unsound_pages_has(pages, &stranger, block));
        assert_false(pg_unsound_pages_has(pages, &elsewhere, block));
    }
    assert_true(pg_unsound_pages_has(pages, &table, UINT32_MAX - 1));
    assert_false(pg_unsound_pages_has(pages, &table, UINT32_MAX));
    assert_false(pg_unsound_pages_all(pages, &table));
}

static void
only_main_forks_have_pages_that_are_unsound(void **state)
{
    (void) state;
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(0);
    struct pg_relation_path map = table;

    map.fork = PG_FORK_VM;
    add_page(pages, 16384, 0);
    pg_unsound_pages_sort(pages);
    assert_false(pg_unsound_pages_has(pages, &map, 0));
}

static void
a_database_is_unsound_in_one_tablespace(void **state)
{
    (void) state;
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(0);
    struct pg_relation_path map = table;

    map.fork = PG_FORK_VM;
    add_page(pages, 16384, 9);
    add(pages, (struct pg_unsound){.kind = PG_UNSOUND_DATABASE, .database = 5});
    pg_unsound_pages_sort(pages);
    assert_true(pg_unsound_pages_all(pages, &table));
    assert_true(pg_unsound_pages_all(pages, &neighbour));
    assert_true(pg_unsound_pages_all(pages, &map));
    assert_true(pg_unsound_pages_has(pages, &table, 1234567));
    assert_false(pg_unsound_pages_all(pages, &stranger));
    assert_false(pg_unsound_pages_all(pages, &elsewhere));
}

static void
everything_is_everything(void **state)
{
    (void) state;
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(0);

    add(pages, (struct pg_unsound){.kind = PG_UNSOUND_EVERYTHING});
    add_page(pages, 16384, 0);
    pg_unsound_pages_sort(pages);
    assert_true(pg_unsound_pages_all(pages, &stranger));
    assert_true(pg_unsound_pages_has(pages, &elsewhere, 5));
}

static void
nothing_added_is_nothing_unsound(void **state)
{
    (void) state;
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(0);

    add(pages, (struct pg_unsound){.kind = PG_UNSOUND_NONE});
    pg_unsound_pages_sort(pages);
    assert_false(pg_unsound_pages_all(pages, &table));
    assert_false(pg_unsound_pages_has(pages, &table, 0));
}

/* However little memory there is, what was added is found. */
static void
what_was_added_is_found_however_small_the_set(void **state)
{
    (void) state;
    enum
    {
        PAGES = 20000,
        RELATIONS = 7
    };
    static const size_t limits[] = {1, 2, 3, 10, 100, 1023, 5000, 0};

    for (size_t row = 0; row < sizeof(limits) / sizeof(limits[0]); row++)
    {
        SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(limits[row]);

        for (uint32_t pass = 0; pass < 2; pass++)
        {
            uint32_t random = 1;

            for (uint32_t count = 0; count < PAGES; count++)
            {
                struct pg_relation_path relation = {.database = 5};

                random = random * 1664525 + 1013904223;
                relation.relfilenode = 16384 + (random >> 8) % RELATIONS;
                random = random * 1664525 + 1013904223;
                if (pass == 0)
                    add_page(pages, relation.relfilenode, random >> 8);
                else if (!pg_unsound_pages_has(pages, &relation, random >> 8))
                    fail_msg("limit %zu: page %u is lost", limits[row], random >> 8);
            }
            pg_unsound_pages_sort(pages);
        }
        /* With room for the relations, the others stay sound. */
        if (limits[row] == 0 || limits[row] >= 100)
            assert_false(pg_unsound_pages_all(pages, &stranger));
    }
}

static void
runs_that_are_close_are_joined_first(void **state)
{
    (void) state;
    SCOPED(pg_unsound_pages_freep) struct pg_unsound_pages *pages = create(64);

    /* Pairs with one page between, far from each other. */
    for (uint32_t pair = 0; pair < 40; pair++)
    {
        add_page(pages, 16384, pair * 100000);
        add_page(pages, 16384, pair * 100000 + 2);
    }
    pg_unsound_pages_sort(pages);
    assert_true(pg_unsound_pages_has(pages, &table, 1));
    assert_false(pg_unsound_pages_has(pages, &table, 50000));
    assert_false(pg_unsound_pages_all(pages, &table));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_remembered_one_by_one),
        cmocka_unit_test(only_main_forks_have_pages_that_are_unsound),
        cmocka_unit_test(a_database_is_unsound_in_one_tablespace),
        cmocka_unit_test(everything_is_everything),
        cmocka_unit_test(nothing_added_is_nothing_unsound),
        cmocka_unit_test(what_was_added_is_found_however_small_the_set),
        cmocka_unit_test(runs_that_are_close_are_joined_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
