// SPDX-License-Identifier: PostgreSQL
/*
 * What verify remembered, from being superseded to being gone; packs, folders
 * and WAL have their tests with whole runs, in test_expire.c.
 */
#include "tests/support/assert.h"

#include "retention/garbage.h"
#include "retention/purge.h"
#include "tests/support/repository.h"
#include "tests/support/stub_backup.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_ALL  "2026-11-01T00-00-00-000000-all"
#define FIRST_PART "2026-11-01T00-05-00-000000-part"
#define NEXT_ALL   "2026-11-02T00-00-00-000000-all"
#define NEXT_PART  "2026-11-02T00-05-00-000000-part"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

struct fixture
{
    struct test_repository test;
    struct repo *repo;
    struct catalog catalog;
    struct retention_plan plan; /* nothing to keep */
    struct wal_set wal;
    struct garbage garbage;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    assert_non_null(fixture);
    test_repository_open(&fixture->test, false);
    fixture->repo = fixture->test.repo;
    assert_ok(stub_accept_cluster(fixture->repo, &fixture->catalog, &err));
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    garbage_release(&fixture->garbage);
    catalog_release(&fixture->catalog);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

static void
remember(struct fixture *fixture, const char *const *names)
{
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    for (; *names != NULL; names++)
    {
        snprintf(key, sizeof(key), "shop/verified/%s", *names);
        assert_ok(store_put(fixture->repo->store, key, BYTES("x"), &err));
    }
}

static enum status
expect_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const char *const **names = arg;

    (void) size_bytes;
    (void) err;
    if (**names == NULL || strcmp(key + strlen("shop/verified/"), **names) != 0)
        fail_msg("there is \"%s\", not \"%s\"", key, **names == NULL ? "nothing" : **names);
    (*names)++;
    return OK;
}

static void
assert_remembered(struct fixture *fixture, const char *const *names)
{
    struct error err = {0};

    assert_ok(
        store_list(fixture->repo->store, "shop/verified/", "", expect_key, (void *) &names, &err));
    assert_null(*names);
}

static void
find(struct fixture *fixture)
{
    const struct garbage_question question = {
        .repo = fixture->repo,
        .catalog = &fixture->catalog,
        .plan = &fixture->plan,
        .wal = &fixture->wal,
    };
    struct error err = {0};

    garbage_release(&fixture->garbage);
    assert_ok(garbage_find(&question, &fixture->garbage, &err));
}

static void
condemn(struct fixture *fixture)
{
    const struct catalog_entry entry = {.condemnation = &fixture->garbage.condemned};
    struct error err = {0};

    assert_ok(
        catalog_append(fixture->repo, &fixture->catalog, &entry, (struct catalog_check){0}, &err));
}

/* How many objects went; before: condemned no later than then. */
static uint64_t
purge(struct fixture *fixture, time_us before)
{
    const struct purge_options options = {.condemned_before = before, .workers = 1};
    struct purge_counts counts = {0};
    struct error err = {0};

    assert_ok(purge_condemned(fixture->repo, &fixture->catalog, &options, &counts, &err));
    return counts.objects;
}

static void
memories_go_when_a_newer_whole_one_has_it_all(void **state)
{
    struct fixture *fixture = *state;

    remember(fixture, NAMES(FIRST_ALL, FIRST_PART, NEXT_ALL, NEXT_PART));
    find(fixture);
    assert_int_equal(fixture->garbage.verified, 2);
    condemn(fixture);
    assert_int_equal(purge(fixture, INT64_MAX), 2);
    assert_remembered(fixture, NAMES(NEXT_ALL, NEXT_PART));

    find(fixture);
    assert_int_equal(fixture->garbage.verified, 0);
    assert_true(condemnation_is_empty(&fixture->garbage.condemned));
}

static void
names_that_are_none_of_ours_neither_go_nor_supersede(void **state)
{
    struct fixture *fixture = *state;

    remember(fixture, NAMES("0-notes", FIRST_ALL, NEXT_ALL, "zz-all"));
    find(fixture);
    assert_int_equal(fixture->garbage.verified, 1);
    condemn(fixture);
    assert_int_equal(purge(fixture, INT64_MAX), 1);
    assert_remembered(fixture, NAMES("0-notes", NEXT_ALL, "zz-all"));
}

static void
parts_stay_until_a_whole_memory_supersedes_them(void **state)
{
    struct fixture *fixture = *state;

    remember(fixture, NAMES(FIRST_PART, NEXT_PART));
    find(fixture);
    assert_true(condemnation_is_empty(&fixture->garbage.condemned));

    remember(fixture, NAMES(NEXT_ALL));
    find(fixture);
    assert_int_equal(fixture->garbage.verified, 1);
    condemn(fixture);
    assert_int_equal(purge(fixture, INT64_MAX), 1);
    assert_remembered(fixture, NAMES(NEXT_ALL, NEXT_PART));
}

/* A verification may have listed them just before, and is reading. */
static void
superseded_memories_are_condemned_once_and_wait(void **state)
{
    struct fixture *fixture = *state;

    remember(fixture, NAMES(FIRST_ALL, NEXT_ALL));
    find(fixture);
    condemn(fixture);

    find(fixture);
    assert_int_equal(fixture->garbage.verified, 0);
    assert_true(condemnation_is_empty(&fixture->garbage.condemned));
    assert_int_equal(purge(fixture, fixture->catalog.condemnations[0].time - 1), 0);
    assert_remembered(fixture, NAMES(FIRST_ALL, NEXT_ALL));
}

/* What another verification wrote meanwhile is newer than the name that is in the log. */
static void
what_came_after_the_condemnation_stays(void **state)
{
    struct fixture *fixture = *state;

    remember(fixture, NAMES(FIRST_ALL, FIRST_PART, NEXT_ALL));
    find(fixture);
    condemn(fixture);
    remember(fixture, NAMES(NEXT_PART, "2026-11-03T00-00-00-000000-all"));

    assert_int_equal(purge(fixture, INT64_MAX), 2);
    assert_remembered(fixture, NAMES(NEXT_ALL, NEXT_PART, "2026-11-03T00-00-00-000000-all"));
    find(fixture);
    assert_int_equal(fixture->garbage.verified, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(memories_go_when_a_newer_whole_one_has_it_all),
        TEST(names_that_are_none_of_ours_neither_go_nor_supersede),
        TEST(parts_stay_until_a_whole_memory_supersedes_them),
        TEST(superseded_memories_are_condemned_once_and_wait),
        TEST(what_came_after_the_condemnation_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
