// SPDX-License-Identifier: PostgreSQL
/*
 * Dumps from leaving the catalog to being gone, by whole runs of expiry in a
 * repository in memory.  The policy keeps two days of each database at once, and
 * there is no grace, unless a test says otherwise.
 */
#include "tests/support/assert.h"

#include "repo/store_delete.h"
#include "retention/dump_garbage.h"
#include "tests/support/dump_build.h"
#include "tests/support/expiry_build.h"

#include <stdio.h>
#include <stdlib.h>

#define NIGHTS 5

struct fixture
{
    struct expiry_build expiry;
    struct dump shop[NIGHTS]; /* the last is of an hour ago */
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    expiry_build_open(&fixture->expiry, true);
    for (int night = 0; night < NIGHTS; night++)
    {
        time_us started = fixture->expiry.now - US_PER_HOUR - (NIGHTS - 1 - night) * US_PER_DAY;

        fixture->shop[night] = dump_build("shop", started);
        dump_build_commit(fixture->expiry.repo, &fixture->expiry.catalog, &fixture->shop[night]);
    }
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    expiry_build_close(&fixture->expiry);
    free(fixture);
    return 0;
}

static bool
has(struct fixture *fixture, const struct dump *dump, const char *extension)
{
    char key[STORE_KEY_MAX + 1];

    dump_build_key(fixture->expiry.repo, dump, extension, key);
    return expiry_build_has(&fixture->expiry, key);
}

/* All three, or none of them. */
static void
assert_objects(struct fixture *fixture, const struct dump *dump, bool there)
{
    assert_int_equal(has(fixture, dump, DUMP_EXTENSION_GLOBALS), there);
    assert_int_equal(has(fixture, dump, dump_extension(dump)), there);
    assert_int_equal(has(fixture, dump, DUMP_EXTENSION_DOCUMENT), there);
}

static bool
is_listed(const struct fixture *fixture, const struct dump *dump)
{
    char id[DUMP_ID_SIZE];

    dump_id(dump, id);
    return catalog_find_dump(&fixture->expiry.catalog, id) != NULL;
}

static void
put(struct fixture *fixture, const char *key)
{
    struct error err = {0};

    assert_ok(store_put(fixture->expiry.repo->store, key, BYTES("x"), &err));
}

/* What a run leaves that was killed behind its first object. */
static struct dump
put_orphan(struct fixture *fixture, time_us started)
{
    struct dump dump = dump_build("shop", started);
    char key[STORE_KEY_MAX + 1];

    dump_build_key(fixture->expiry.repo, &dump, DUMP_EXTENSION_GLOBALS, key);
    put(fixture, key);
    return dump;
}

static void
what_the_policy_lets_go_is_deleted_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    const struct dump other = dump_build("My Shop", fixture->expiry.now - 300 * US_PER_DAY);

    dump_build_commit(fixture->expiry.repo, &fixture->expiry.catalog, &other);

    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.catalog.dump_count, 3);
    for (size_t night = 0; night < NIGHTS; night++)
    {
        assert_int_equal(is_listed(fixture, &fixture->shop[night]), night >= NIGHTS - 2);
        assert_objects(fixture, &fixture->shop[night], night >= NIGHTS - 2);
    }
    assert_objects(fixture, &other, true);
    assert_int_equal(fixture->expiry.report.dumps.count, 6);
    assert_int_equal(fixture->expiry.report.dumps_condemned, 3);
    assert_true(fixture->expiry.report.dump_bytes > 0);
    assert_int_equal(fixture->expiry.report.deleted_objects, 9);

    expiry_build_run_all(&fixture->expiry);
    assert_int_equal(fixture->expiry.report.dumps_condemned, 0);
    assert_int_equal(fixture->expiry.report.deletions, 0);
}

/* All of it was lost. */
static void
a_dump_without_objects_goes_like_any_other(void **state)
{
    static const char *const extensions[] = {DUMP_EXTENSION_GLOBALS, "dump.zst",
                                             DUMP_EXTENSION_DOCUMENT};
    struct fixture *fixture = *state;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    for (size_t index = 0; index < 3; index++)
    {
        dump_build_key(fixture->expiry.repo, &fixture->shop[0], extensions[index], key);
        assert_ok(store_delete(fixture->expiry.repo->store, key, &err));
    }

    expiry_build_run_all(&fixture->expiry);
    assert_false(is_listed(fixture, &fixture->shop[0]));
    assert_int_equal(fixture->expiry.catalog.departed_dump_count, 1);
    expiry_build_run_all(&fixture->expiry);
    assert_int_equal(fixture->expiry.catalog.departed_dump_count, 0);
    expiry_build_run_all(&fixture->expiry);
    assert_int_equal(fixture->expiry.report.dumps_condemned, 0);
    assert_int_equal(fixture->expiry.report.deletions, 0);
}

static void
what_is_condemned_waits_for_its_grace(void **state)
{
    struct fixture *fixture = *state;

    fixture->expiry.policy.grace_us = US_PER_HOUR;
    expiry_build_run_all(&fixture->expiry);
    assert_int_equal(fixture->expiry.catalog.dump_count, 2);
    assert_objects(fixture, &fixture->shop[0], true);
    assert_int_equal(fixture->expiry.report.waiting, 1);

    expiry_build_run_all(&fixture->expiry);
    assert_int_equal(fixture->expiry.report.dumps_condemned, 0); /* once is enough */
    assert_objects(fixture, &fixture->shop[0], true);

    fixture->expiry.policy.grace_us = 0;
    expiry_build_run_all(&fixture->expiry);
    assert_objects(fixture, &fixture->shop[0], false);
    assert_objects(fixture, &fixture->shop[NIGHTS - 1], true);
}

static void
a_dry_run_says_the_same_and_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint64_t number = fixture->expiry.catalog.last_number;
    struct error err = {0};

    assert_ok(expiry_build_run(&fixture->expiry, true, &err));
    assert_ok(catalog_load(fixture->expiry.repo, &fixture->expiry.catalog, &err));

    assert_int_equal(fixture->expiry.report.dumps_condemned, 3);
    assert_true(fixture->expiry.report.dump_bytes > 0);
    for (size_t night = 0; night < NIGHTS; night++)
    {
        assert_int_equal(fixture->expiry.report.dumps.items[night].keep, night >= NIGHTS - 2);
        assert_false(fixture->expiry.report.dumps.items[night].committed);
        assert_objects(fixture, &fixture->shop[night], true);
    }
    assert_int_equal(fixture->expiry.catalog.last_number, number);
}

static void
a_held_dump_stays(void **state)
{
    struct fixture *fixture = *state;
    struct hold hold = {.until = HOLD_FOR_EVER};
    const struct catalog_entry entry = {.hold = &hold};
    struct error err = {0};

    dump_id(&fixture->shop[0], hold.id);
    assert_ok(catalog_append(fixture->expiry.repo, &fixture->expiry.catalog, &entry,
                             (struct catalog_check){0}, &err));
    expiry_build_run_all(&fixture->expiry);

    assert_objects(fixture, &fixture->shop[0], true);
    assert_objects(fixture, &fixture->shop[1], false);
    assert_int_equal(fixture->expiry.catalog.hold_count, 1);
}

static void
what_a_dead_run_left_goes_and_what_a_living_one_wrote_stays(void **state)
{
    struct fixture *fixture = *state;
    const struct dump dead =
        put_orphan(fixture, fixture->expiry.now - DUMP_RUN_MAX_US - US_PER_DAY);
    const struct dump alive =
        put_orphan(fixture, fixture->expiry.now - DUMP_RUN_MAX_US + US_PER_HOUR);
    const struct dump whole = dump_build("other", dead.started);

    dump_build_put(fixture->expiry.repo, &whole); /* killed just before its commit */

    expiry_build_run_all(&fixture->expiry);

    assert_false(has(fixture, &dead, DUMP_EXTENSION_GLOBALS));
    assert_objects(fixture, &whole, false);
    assert_true(has(fixture, &alive, DUMP_EXTENSION_GLOBALS));
}

static void
a_grace_of_weeks_spares_what_a_run_wrote_as_long(void **state)
{
    struct fixture *fixture = *state;
    const struct dump dead = put_orphan(fixture, fixture->expiry.now - 29 * US_PER_DAY);
    const struct dump alive = put_orphan(fixture, fixture->expiry.now - 27 * US_PER_DAY);
    char id[DUMP_ID_SIZE];

    fixture->expiry.policy.grace_us = 28 * US_PER_DAY;
    expiry_build_run_all(&fixture->expiry);

    dump_id(&dead, id);
    assert_true(catalog_condemned_dump(&fixture->expiry.catalog, id));
    dump_id(&alive, id);
    assert_false(catalog_condemned_dump(&fixture->expiry.catalog, id));
}

static void
what_is_not_ours_is_left_alone(void **state)
{
    static const char *const strangers[] = {
        "shop/dumps/README",
        "shop/dumps/shop/notes.txt",
        "shop/dumps/shop/backup-2001-02-31T00-00-00.json",
        "shop/dumps/shop/backup-2001-02-03T00-00-00.json.part",
        "shop/dumps/shop/backup-2001-02-03T00-00-00",
        "shop/dumps/shop/older/backup-2001-02-03T00-00-00.json",
        "shops/dumps/shop/backup-2001-02-03T00-00-00.json",
    };
    struct fixture *fixture = *state;
    char beside[STORE_KEY_MAX + 1];

    for (size_t index = 0; index < sizeof(strangers) / sizeof(strangers[0]); index++)
        put(fixture, strangers[index]);
    dump_build_key(fixture->expiry.repo, &fixture->shop[0], "notes", beside);
    put(fixture, beside);

    expiry_build_run_all(&fixture->expiry);

    assert_objects(fixture, &fixture->shop[0], false);
    assert_true(expiry_build_has(&fixture->expiry, beside));
    for (size_t index = 0; index < sizeof(strangers) / sizeof(strangers[0]); index++)
        if (!expiry_build_has(&fixture->expiry, strangers[index]))
            fail_msg("%s is gone", strangers[index]);
}

static enum status
check_commit(void *arg, const struct catalog *catalog, struct error *err)
{
    return catalog_check_dump(catalog, arg, err);
}

/* It began eight days ago, fell asleep, and wakes up when others have tidied up behind it. */
static void
a_run_that_was_taken_for_dead_fails_at_its_commit(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(catalog_release) struct catalog sleeper = {0};
    struct dump dump = dump_build("shop", fixture->expiry.now - DUMP_RUN_MAX_US - US_PER_DAY);
    const struct catalog_entry entry = {.dump = &dump};
    struct error err = {0};

    assert_ok(catalog_load(fixture->expiry.repo, &sleeper, &err));
    dump = put_orphan(fixture, dump.started);
    expiry_build_run_all(&fixture->expiry);
    assert_false(has(fixture, &dump, DUMP_EXTENSION_GLOBALS));

    dump_build_put(fixture->expiry.repo, &dump);
    assert_status(catalog_append(fixture->expiry.repo, &sleeper, &entry,
                                 (struct catalog_check){check_commit, &dump}, &err),
                  STATUS_REFUSED);
    assert_message("its objects are condemned");

    expiry_build_run_all(&fixture->expiry);
    assert_objects(fixture, &dump, false);
    assert_false(is_listed(fixture, &dump));
}

/* Killed at any operation, the next run completes it, and no document is without its data. */
static void
documents_go_before_what_they_describe(void **state)
{
    struct fixture *fixture = *state;
    bool struck = true;

    for (unsigned nth = 1; struck; nth++)
    {
        struct error err = {0};

        faulty_store_arm(fixture->expiry.repo->store, FAULT_IO, nth);
        (void) !expiry_build_run(&fixture->expiry, false, &err);
        struck = faulty_store_struck(fixture->expiry.repo->store);
        faulty_store_arm(fixture->expiry.repo->store, FAULT_IO, 0);
        for (size_t night = 0; night < NIGHTS; night++)
        {
            const struct dump *dump = &fixture->shop[night];

            if (has(fixture, dump, DUMP_EXTENSION_DOCUMENT))
                assert_objects(fixture, dump, true);
        }
    }
    expiry_build_run_all(&fixture->expiry);
    for (size_t night = 0; night < NIGHTS; night++)
        assert_objects(fixture, &fixture->shop[night], night >= NIGHTS - 2);
}

/* By the protocol it cannot be. */
static void
a_condemnation_of_what_the_catalog_has_is_not_carried_out(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const struct catalog_entry entry = {.condemnation = &condemnation};
    char id[DUMP_ID_SIZE];
    struct error err = {0};

    dump_id(&fixture->shop[NIGHTS - 1], id);
    assert_ok(condemnation_add_dump(&condemnation, id, &err));
    assert_ok(catalog_append(fixture->expiry.repo, &fixture->expiry.catalog, &entry,
                             (struct catalog_check){0}, &err));

    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CORRUPT);
    assert_message("which is in the catalog");
    assert_objects(fixture, &fixture->shop[NIGHTS - 1], true);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_policy_lets_go_is_deleted_and_nothing_else),
        TEST(a_dump_without_objects_goes_like_any_other),
        TEST(what_is_condemned_waits_for_its_grace),
        TEST(a_dry_run_says_the_same_and_changes_nothing),
        TEST(a_held_dump_stays),
        TEST(what_a_dead_run_left_goes_and_what_a_living_one_wrote_stays),
        TEST(a_grace_of_weeks_spares_what_a_run_wrote_as_long),
        TEST(what_is_not_ours_is_left_alone),
        TEST(a_run_that_was_taken_for_dead_fails_at_its_commit),
        TEST(documents_go_before_what_they_describe),
        TEST(a_condemnation_of_what_the_catalog_has_is_not_carried_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
