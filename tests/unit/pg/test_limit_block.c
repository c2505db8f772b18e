// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/limit_block.h"

#define TABLE ((struct pg_relation_path){.database = 5, .relfilenode = 16384})

static struct pg_limit_blocks *
create(const struct pg_limit_block *entries, size_t count)
{
    struct pg_limit_blocks *limits = NULL;
    struct error err;

    assert_ok(pg_limit_blocks_create(&limits, &err));
    for (size_t index = 0; index < count; index++)
        assert_ok(pg_limit_blocks_add(limits, &entries[index], &err));
    pg_limit_blocks_sort(limits);
    return limits;
}

static void
a_limit_is_found_by_the_relations_path(void **state)
{
    (void) state;
    static const struct pg_limit_block entries[] = {
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 10},
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 1, .fork = PG_FORK_VM},
        {.tablespace = 1664, .database = 0, .relfilenode = 1262, .block = 2},
        {.tablespace = 16390, .database = 5, .relfilenode = 16384, .block = 30},
    };
    static const struct
    {
        const char *path;
        bool found;
        uint32_t block;
    } rows[] = {
        {"base/5/16384", true, 10},
        {"base/5/16384.3", true, 10},
        {"base/5/16384_vm", true, 1},
        {"base/5/16384_init", false, 0},
        {"base/6/16384", false, 0},
        {"base/5/16385", false, 0},
        {"global/1262", true, 2},
        {"base/5/1262", false, 0},
        {"pg_tblspc/16390/PG_18_202506291/5/16384", true, 30},
        {"pg_tblspc/16391/PG_18_202506291/5/16384", false, 0},
    };
    SCOPED(pg_limit_blocks_freep)
    struct pg_limit_blocks *limits = create(entries, sizeof(entries) / sizeof(entries[0]));

    assert_int_equal(pg_limit_blocks_count(limits), 4);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_relation_path relation;
        uint32_t block = 0;

        assert_true(pg_relation_path_parse(rows[row].path, &relation));
        if (pg_limit_blocks_find(limits, &relation, &block) != rows[row].found)
            fail_msg("%s", rows[row].path);
        assert_int_equal(block, rows[row].block);
    }
}

static void
the_lowest_limit_counts(void **state)
{
    (void) state;
    static const struct pg_limit_block entries[] = {
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 10},
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 7},
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 8},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = create(entries, 3);
    uint32_t block = 0;

    assert_int_equal(pg_limit_blocks_count(limits), 1);
    assert_true(pg_limit_blocks_find(limits, &TABLE, &block));
    assert_int_equal(block, 7);
}

static void
a_new_database_has_nothing_old_in_it(void **state)
{
    (void) state;
    static const struct pg_limit_block entries[] = {
        {.tablespace = 1663, .database = 5, .relfilenode = 0, .block = 0},
        {.tablespace = 1663, .database = 5, .relfilenode = 16384, .block = 10},
    };
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = create(entries, 2);
    struct pg_relation_path other = {.database = 5, .relfilenode = 20000, .fork = PG_FORK_VM};
    struct pg_relation_path elsewhere = {.tablespace = 16390, .database = 5, .relfilenode = 20000};
    struct pg_relation_path neighbour = {.database = 6, .relfilenode = 20000};
    uint32_t block = 99;

    assert_true(pg_limit_blocks_find(limits, &TABLE, &block));
    assert_int_equal(block, 0);
    block = 99;
    assert_true(pg_limit_blocks_find(limits, &other, &block));
    assert_int_equal(block, 0);
    assert_false(pg_limit_blocks_find(limits, &elsewhere, &block));
    assert_false(pg_limit_blocks_find(limits, &neighbour, &block));
}

static void
an_empty_set_limits_nothing(void **state)
{
    (void) state;
    SCOPED(pg_limit_blocks_freep) struct pg_limit_blocks *limits = create(NULL, 0);
    uint32_t block;

    assert_int_equal(pg_limit_blocks_count(limits), 0);
    assert_false(pg_limit_blocks_find(limits, &TABLE, &block));
    assert_false(pg_limit_blocks_early(limits, &TABLE));
}

static void
a_limit_is_early_unless_the_last_summary_has_it_too(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        struct
        {
            uint32_t block;
            bool early;
        } limits[2];
        bool want;
    } rows[] = {
        {"early alone", {{10, true}, {10, true}}, true},
        {"last alone", {{10, false}, {10, false}}, false},
        {"the last is lower", {{10, true}, {5, false}}, false},
        {"the last is the same", {{10, true}, {10, false}}, false},
        {"the last is higher", {{10, true}, {20, false}}, true},
        {"created early", {{0, true}, {20, false}}, false},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_limit_block entries[2];
        struct pg_limit_blocks *limits;

        for (size_t index = 0; index < 2; index++)
            entries[index] = (struct pg_limit_block){
                .tablespace = 1663,
                .database = 5,
                .relfilenode = 16384,
                .block = rows[row].limits[index].block,
                .early = rows[row].limits[index].early,
            };
        limits = create(entries, 2);
        if (pg_limit_blocks_early(limits, &TABLE) != rows[row].want)
            fail_msg("%s", rows[row].name);
        pg_limit_blocks_freep(&limits);
    }
}

/* Against the simplest way to know it. */
static void
many_limits_are_merged_as_they_come(void **state)
{
    (void) state;
    enum
    {
        RELATIONS = 1000
    };
    struct pg_limit_blocks *limits = NULL;
    uint32_t lowest[RELATIONS];
    uint32_t random = 1;
    struct error err;

    memset(lowest, 0xFF, sizeof(lowest));
    assert_ok(pg_limit_blocks_create(&limits, &err));
    for (int count = 0; count < 200000; count++)
    {
        struct pg_limit_block limit = {.tablespace = 1663, .database = 5};

        random = random * 1664525 + 1013904223;
        limit.relfilenode = 1 + (random >> 8) % RELATIONS;
        random = random * 1664525 + 1013904223;
        limit.block = random >> 8;
        if (limit.block < lowest[limit.relfilenode - 1])
            lowest[limit.relfilenode - 1] = limit.block;
        assert_ok(pg_limit_blocks_add(limits, &limit, &err));
    }
    pg_limit_blocks_sort(limits);
    assert_int_equal(pg_limit_blocks_count(limits), RELATIONS);
    for (uint32_t index = 0; index < RELATIONS; index++)
    {
        struct pg_relation_path relation = {.database = 5, .relfilenode = index + 1};
        uint32_t block;

        assert_true(pg_limit_blocks_find(limits, &relation, &block));
        assert_int_equal(block, lowest[index]);
    }
    pg_limit_blocks_freep(&limits);
}

static void
too_many_limits_are_refused(void **state)
{
    (void) state;
    struct pg_limit_blocks *limits = NULL;
    enum status status = OK;
    uint32_t count = 0;
    struct error err;

    assert_ok(pg_limit_blocks_create(&limits, &err));
    while (status == OK && count <= PG_LIMIT_BLOCKS_MAX)
    {
        struct pg_limit_block limit = {1663, 5, ++count, 0, 0, false};

        status = pg_limit_blocks_add(limits, &limit, &err);
    }
    assert_status(status, STATUS_REFUSED);
    assert_message("relation forks");
    assert_true(count > PG_LIMIT_BLOCKS_MAX / 2);
    pg_limit_blocks_freep(&limits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_found_by_the_relations_path),
        cmocka_unit_test(the_lowest_limit_counts),
        cmocka_unit_test(a_new_database_has_nothing_old_in_it),
        cmocka_unit_test(an_empty_set_limits_nothing),
        cmocka_unit_test(a_limit_is_early_unless_the_last_summary_has_it_too),
        cmocka_unit_test(many_limits_are_merged_as_they_come),
        cmocka_unit_test(too_many_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
