// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/lineage.h"
#include "repo/object.h"
#include "tests/support/repository.h"

static const struct lineage shop = {
    .system_identifier = UINT64_MAX - 5, .wal_segment_size = 1 << 24, .major = 15};

static int
open_repository(void **state)
{
    static struct test_repository test;

    test_repository_open(&test, true);
    *state = &test;
    return 0;
}

static int
close_repository(void **state)
{
    test_repository_close(*state);
    return 0;
}

static struct repo *
repo_of(void **state)
{
    return ((struct test_repository *) *state)->repo;
}

static void
what_is_published_is_read_back_and_may_be_published_again(void **state)
{
    struct lineage got;
    struct error err = {0};

    assert_ok(lineage_publish(repo_of(state), &shop, &err));
    assert_ok(lineage_publish(repo_of(state), &shop, &err));
    assert_ok(lineage_read(repo_of(state), shop.system_identifier, &got, &err));
    assert_true(got.system_identifier == shop.system_identifier);
    assert_int_equal(got.wal_segment_size, shop.wal_segment_size);
    assert_int_equal(got.major, shop.major);
}

static void
a_cluster_that_was_not_accepted_is_not_found(void **state)
{
    struct lineage got;
    struct error err = {0};

    assert_ok(lineage_publish(repo_of(state), &shop, &err));
    assert_status(lineage_read(repo_of(state), 7, &got, &err), STATUS_NOT_FOUND);
}

static void
another_segment_size_is_refused(void **state)
{
    struct lineage other = shop;
    struct error err = {0};

    other.wal_segment_size = 1 << 25;
    assert_ok(lineage_publish(repo_of(state), &shop, &err));
    assert_status(lineage_publish(repo_of(state), &other, &err), STATUS_REFUSED);
    assert_message("changed from 16777216 to 33554432");
}

static void
an_object_that_says_something_else_is_corrupt(void **state)
{
    static const struct
    {
        const char *key;
        uint64_t system_identifier;
        const char *text;
        const char *message;
    } cases[] = {
        {"shop/wal/1/lineage.json", 1,
         "{\"system_identifier\":2,\"wal_segment_size\":16777216,\"major\":15}", "another cluster"},
        {"shop/wal/2/lineage.json", 2,
         "{\"system_identifier\":2,\"wal_segment_size\":0,\"major\":15}", "segment size 0"},
        {"shop/wal/3/lineage.json", 3,
         "{\"system_identifier\":3,\"wal_segment_size\":16777217,\"major\":15}", "segment size"},
        {"shop/wal/4/lineage.json", 4, "{\"system_identifier\":4,\"major\":15}",
         "wal_segment_size"},
        {"shop/wal/5/lineage.json", 5, "{", "lineage.json"},
    };
    struct lineage got;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        assert_ok(object_put(repo_of(state), cases[index].key, OBJECT_PLAIN,
                             bytes_of(cases[index].text), &err));
        assert_status(lineage_read(repo_of(state), cases[index].system_identifier, &got, &err),
                      STATUS_CORRUPT);
        assert_message(cases[index].message);
        assert_message(cases[index].key);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_repository, close_repository)
    const struct CMUnitTest tests[] = {
        TEST(what_is_published_is_read_back_and_may_be_published_again),
        TEST(a_cluster_that_was_not_accepted_is_not_found),
        TEST(another_segment_size_is_refused),
        TEST(an_object_that_says_something_else_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
