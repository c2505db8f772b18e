// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/path_index.h"

#include <stdio.h>

#define MANY 20000

static void
name_path(char path[32], int number)
{
    snprintf(path, 32, "base/16384/%d", number);
}

static void
each_of_many_paths_has_its_size(void **state)
{
    SCOPED(path_index_freep) struct path_index *index = NULL;
    struct error err = {0};
    uint64_t size_bytes;
    char path[32];

    (void) state;
    assert_ok(path_index_create(&index, MANY, &err));
    for (int number = 0; number < MANY; number++)
    {
        name_path(path, number);
        assert_ok(path_index_add(index, path, (uint64_t) number << 20, &err));
    }
    for (int number = 0; number < 2 * MANY; number++)
    {
        name_path(path, number);
        assert_int_equal(path_index_find(index, path, &size_bytes), number < MANY);
        if (number < MANY)
            assert_int_equal(size_bytes, (uint64_t) number << 20);
    }
}

static void
a_file_of_no_size_is_found(void **state)
{
    SCOPED(path_index_freep) struct path_index *index = NULL;
    struct error err = {0};
    uint64_t size_bytes = 1;

    (void) state;
    assert_ok(path_index_create(&index, 1, &err));
    assert_false(path_index_find(index, "", &size_bytes));
    assert_false(path_index_find(index, "PG_VERSION", &size_bytes));
    assert_ok(path_index_add(index, "PG_VERSION", 0, &err));
    assert_true(path_index_find(index, "PG_VERSION", &size_bytes));
    assert_int_equal(size_bytes, 0);
}

static void
a_path_that_is_there_is_refused(void **state)
{
    SCOPED(path_index_freep) struct path_index *index = NULL;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    assert_ok(path_index_create(&index, 10, &err));
    assert_ok(path_index_add(index, "base/1/2", 8192, &err));
    assert_status(path_index_add(index, "base/1/2", 16384, &err), STATUS_REFUSED);
    assert_message("\"base/1/2\" has the hash of another path");
    assert_true(path_index_find(index, "base/1/2", &size_bytes));
    assert_int_equal(size_bytes, 8192);
}

/* Or it would fill up, and a search for what is not there would go round for ever. */
static void
one_more_than_announced_is_refused(void **state)
{
    SCOPED(path_index_freep) struct path_index *index = NULL;
    struct error err = {0};
    uint64_t size_bytes;
    char path[32];

    (void) state;
    assert_ok(path_index_create(&index, 1024, &err));
    for (int number = 0; number < 1024; number++)
    {
        name_path(path, number);
        assert_ok(path_index_add(index, path, 1, &err));
    }
    for (int number = 1024; number < 4096; number++)
    {
        name_path(path, number);
        assert_status(path_index_add(index, path, 1, &err), STATUS_REFUSED);
        assert_false(path_index_find(index, path, &size_bytes));
    }
    assert_message("more files than the 1024 expected");
}

/* As a catalog may say that was damaged or made to harm. */
static void
more_entries_than_any_cluster_has_files_are_refused(void **state)
{
    static const uint64_t counts[] = {UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 62) + 1,
                                      UINT64_C(1) << 40};
    struct error err = {0};

    (void) state;
    for (size_t row = 0; row < sizeof(counts) / sizeof(counts[0]); row++)
    {
        SCOPED(path_index_freep) struct path_index *index = NULL;

        assert_status(path_index_create(&index, counts[row], &err), STATUS_REFUSED);
        assert_null(index);
    }
}

/* Night after night the same files are healed: the hash is part of what was promised. */
static void
the_hash_is_always_the_same_and_spreads(void **state)
{
    size_t nights[30] = {0};
    char path[32];

    (void) state;
    assert_true(path_hash("") != 0);
    assert_true(path_hash("base/5/16384") == UINT64_C(0x6e6adde4cfddb2fb));
    for (int number = 0; number < 30000; number++)
    {
        name_path(path, 16384 + number);
        nights[path_hash(path) % 30]++;
    }
    for (int night = 0; night < 30; night++)
        assert_between((long long) nights[night], 850, 1150);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_many_paths_has_its_size),
        cmocka_unit_test(a_file_of_no_size_is_found),
        cmocka_unit_test(a_path_that_is_there_is_refused),
        cmocka_unit_test(one_more_than_announced_is_refused),
        cmocka_unit_test(more_entries_than_any_cluster_has_files_are_refused),
        cmocka_unit_test(the_hash_is_always_the_same_and_spreads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
