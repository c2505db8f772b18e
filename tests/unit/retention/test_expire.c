// SPDX-License-Identifier: PostgreSQL
/*
 * Whole runs of expiry, in a repository in memory.  Backups are a day apart and
 * the policy keeps two of them, unless a test says otherwise.
 */
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "repo/wal.h"
#include "tests/support/expiry_build.h"
#include "tests/support/stub_backup.h"

#include <stdio.h>
#include <stdlib.h>

#define DAYS 5

struct fixture
{
    struct expiry_build expiry;
    struct stub_backup backups[DAYS]; /* the last is of an hour ago */
};

/* Each has a pack of its own and shares that of the day before. */
static void
take_backups(struct fixture *fixture)
{
    struct error err = {0};

    for (size_t day = 0; day < DAYS; day++)
    {
        time_us started =
            fixture->expiry.now - US_PER_HOUR - (time_us) (DAYS - 1 - day) * US_PER_DAY;
        struct stub_backup *backup = &fixture->backups[day];

        *backup = stub_backup_make(started, (unsigned) day, 10 * (day + 1));
        assert_ok(stub_backup_add_pack(fixture->expiry.repo, backup, started, &err));
        if (day > 0)
            stub_backup_share(backup, backup - 1, 0);
        assert_ok(stub_backup_write(fixture->expiry.repo, backup, &err));
        assert_ok(
            stub_backup_commit(fixture->expiry.repo, &fixture->expiry.catalog, backup, true, &err));
    }
}

static void
fill(struct fixture *fixture)
{
    struct error err = {0};

    assert_ok(stub_accept_cluster(fixture->expiry.repo, &fixture->expiry.catalog, &err));
    assert_ok(stub_archive_segments(fixture->expiry.repo, 1, 60, &err));
    take_backups(fixture);
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    expiry_build_open(&fixture->expiry, false);
    fill(fixture);
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
has_pack(struct fixture *fixture, const struct stub_backup *backup)
{
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(pack_key(fixture->expiry.repo, backup->packs[0].id, key, &err));
    return expiry_build_has(&fixture->expiry, key);
}

static bool
has_file(struct fixture *fixture, const struct stub_backup *backup, const char *name)
{
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(backup_key(fixture->expiry.repo, backup->backup.id, name, key, &err));
    return expiry_build_has(&fixture->expiry, key);
}

static bool
has_segment(struct fixture *fixture, unsigned number)
{
    char key[STORE_KEY_MAX + 1];

    snprintf(key, sizeof(key), "shop/wal/42/00000001/00000000/0000000100000000%08X", number);
    return expiry_build_has(&fixture->expiry, key);
}

static enum status
count_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    (*(size_t *) arg)++;
    return OK;
}

static size_t
count_objects(struct fixture *fixture, const char *prefix)
{
    struct error err = {0};
    size_t count = 0;

    assert_ok(store_list(fixture->expiry.repo->store, prefix, "", count_object, &count, &err));
    return count;
}

/* What stays and what goes, when all is done. */
static void
assert_expired(struct fixture *fixture)
{
    assert_int_equal(fixture->expiry.catalog.backup_count, 2);
    for (size_t day = 0; day < DAYS; day++)
    {
        assert_int_equal(has_file(fixture, &fixture->backups[day], "manifest"), day >= DAYS - 2);
        assert_int_equal(has_pack(fixture, &fixture->backups[day]), day >= DAYS - 3);
    }
    for (unsigned number = 1; number <= 60; number++)
        assert_int_equal(has_segment(fixture, number), number == 40 || number >= 50);
}

static void
what_the_policy_lets_go_is_deleted_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;

    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.catalog.backup_count, 2);
    for (size_t day = 0; day < DAYS; day++)
    {
        bool kept = day >= DAYS - 2;

        assert_int_equal(
            catalog_find_backup(&fixture->expiry.catalog, fixture->backups[day].backup.id) != NULL,
            kept);
        assert_int_equal(has_file(fixture, &fixture->backups[day], "manifest"), kept);
        assert_int_equal(has_file(fixture, &fixture->backups[day], "postgres-manifest"), kept);
        /* The oldest that stays uses a pack of the one before it. */
        assert_int_equal(has_pack(fixture, &fixture->backups[day]), day >= DAYS - 3);
    }
    assert_int_equal(fixture->expiry.report.packs, 2);
    assert_int_equal(fixture->expiry.report.pack_bytes, 8);
    assert_int_equal(fixture->expiry.report.folders, 3);
    assert_int_equal(fixture->expiry.report.waiting, 0);
}

static void
wal_goes_except_for_what_makes_backups_consistent_and_the_newest_rows_on(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(stub_archive(fixture->expiry.repo, "000000010000000000000005.00000028.backup", &err));
    assert_ok(stub_archive(fixture->expiry.repo, "000000010000000000000032.00000028.backup", &err));
    assert_ok(stub_archive(fixture->expiry.repo, "000000020000000000000032.partial", &err));
    assert_ok(stub_archive(fixture->expiry.repo, "000000010000000000000006.partial", &err));

    expiry_build_run_all(&fixture->expiry);

    for (unsigned number = 1; number <= 60; number++)
        assert_int_equal(has_segment(fixture, number), number == 40 || number >= 50);
    assert_false(
        expiry_build_has(&fixture->expiry,
                         "shop/wal/42/00000001/00000000/000000010000000000000005.00000028.backup"));
    assert_false(expiry_build_has(
        &fixture->expiry, "shop/wal/42/00000001/00000000/000000010000000000000006.partial"));
    assert_true(
        expiry_build_has(&fixture->expiry,
                         "shop/wal/42/00000001/00000000/000000010000000000000032.00000028.backup"));
    assert_int_equal(fixture->expiry.report.segments, 48);
}

static void
a_history_file_never_goes(void **state)
{
    struct fixture *fixture = *state;
    const struct wal_file file = {STUB_SYSTEM_IDENTIFIER, "00000002.history"};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(wal_key(fixture->expiry.repo, &file, key, &err));
    assert_ok(object_put(fixture->expiry.repo, key, OBJECT_COMPRESSED,
                         BYTES("1\t0/500000\tlong ago\n"), &err));

    expiry_build_run_all(&fixture->expiry);

    assert_true(expiry_build_has(&fixture->expiry, key));
    assert_false(has_segment(fixture, 5));
}

static void
a_dry_run_says_the_same_and_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    size_t before = count_objects(fixture, "");

    assert_ok(expiry_build_run(&fixture->expiry, true, &err));

    assert_int_equal(count_objects(fixture, ""), before);
    assert_int_equal(fixture->expiry.report.backups.count, DAYS);
    assert_int_equal(fixture->expiry.report.packs, 2);
    assert_int_equal(fixture->expiry.report.pack_bytes, 8);
    assert_int_equal(fixture->expiry.report.segments, 48);
    assert_int_equal(fixture->expiry.report.deletions, 0);
    for (size_t day = 0; day < DAYS; day++)
    {
        assert_string_equal(fixture->expiry.report.backups.items[day].id,
                            fixture->backups[day].backup.id);
        assert_int_equal(fixture->expiry.report.backups.items[day].keep, day >= DAYS - 2);
        assert_false(fixture->expiry.report.backups.items[day].committed);
        assert_true(fixture->expiry.report.backups.items[day].reasons.count > 0);
    }
}

static void
a_second_run_finds_nothing_more_to_do(void **state)
{
    struct fixture *fixture = *state;
    uint64_t last;

    expiry_build_run_all(&fixture->expiry);
    last = fixture->expiry.catalog.last_number;

    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.catalog.last_number, last);
    assert_int_equal(fixture->expiry.report.packs + fixture->expiry.report.folders +
                         fixture->expiry.report.segments,
                     0);
    assert_int_equal(fixture->expiry.report.backups.count, 2);
}

static void
what_is_condemned_waits_for_its_grace(void **state)
{
    struct fixture *fixture = *state;

    fixture->expiry.policy.grace_us = US_PER_HOUR / 2;
    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.catalog.backup_count, 2);
    assert_int_equal(fixture->expiry.report.packs, 2);
    assert_int_equal(fixture->expiry.report.waiting, 1);
    assert_true(fixture->expiry.report.next_deletion > fixture->expiry.now);
    for (size_t day = 0; day < DAYS; day++)
        assert_true(has_pack(fixture, &fixture->backups[day]));
    assert_true(has_segment(fixture, 1));

    fixture->expiry.policy.grace_us = 0;
    fixture->expiry.now = clock_now();
    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.report.packs, 0);
    assert_int_equal(fixture->expiry.report.deletions, 1);
    assert_false(has_pack(fixture, &fixture->backups[0]));
    assert_false(has_segment(fixture, 1));
}

static void
what_a_dead_run_left_goes_and_what_a_living_one_wrote_stays(void **state)
{
    struct fixture *fixture = *state;
    struct stub_backup dead = stub_backup_make(fixture->expiry.now - 3 * US_PER_HOUR, 0xdead, 60);
    struct stub_backup alive = stub_backup_make(fixture->expiry.now - 3 * US_PER_HOUR, 0xa11e, 60);
    struct error err = {0};

    fixture->expiry.policy.grace_us = US_PER_HOUR;
    assert_ok(stub_backup_add_pack(fixture->expiry.repo, &dead,
                                   fixture->expiry.now - 2 * US_PER_HOUR, &err));
    assert_ok(stub_backup_write(fixture->expiry.repo, &dead, &err));
    assert_ok(stub_backup_add_pack(fixture->expiry.repo, &alive,
                                   fixture->expiry.now - 2 * US_PER_HOUR, &err));
    assert_ok(stub_backup_add_pack(fixture->expiry.repo, &alive,
                                   fixture->expiry.now - US_PER_HOUR / 2, &err));
    assert_ok(stub_backup_write(fixture->expiry.repo, &alive, &err));

    expiry_build_run_all(&fixture->expiry);

    assert_true(catalog_condemned_pack(&fixture->expiry.catalog, dead.packs[0].id));
    assert_true(catalog_condemned_backup(&fixture->expiry.catalog, dead.backup.id));
    assert_false(catalog_condemned_pack(&fixture->expiry.catalog, alive.packs[0].id));
    assert_false(catalog_condemned_backup(&fixture->expiry.catalog, alive.backup.id));
    assert_int_equal(fixture->expiry.report.spared_packs, 2);
    assert_ok(
        stub_backup_commit(fixture->expiry.repo, &fixture->expiry.catalog, &alive, true, &err));
    assert_status(
        stub_backup_commit(fixture->expiry.repo, &fixture->expiry.catalog, &dead, true, &err),
        STATUS_REFUSED);
}

static void
what_is_not_ours_is_left_alone(void **state)
{
    static const char *const strangers[] = {
        "redoubt.json",
        "shop/packs/aa/README",
        "shop/packs/aa/bb000000000000000000000000000000", /* not its folder */
        "shop/packs/00000000000000000000000000000001",
        "shop/backups/notes",
        "shop/backups/2026-99-99T00-00-00-0000/manifest",
        "shop/backups/latest/manifest",
        "shop/wal/42/lineage.json",
        "shop/wal/43/00000001/00000000/000000010000000000000001",
        "shop/wal/42/00000001/00000000/README",
        "shop/drills/1.json",
        "shop2/packs/00/00000000000000000000000000000001",
        "shop2/backups/2020-01-01T00-00-00-0000/manifest",
        "shop2/wal/42/00000001/00000000/000000010000000000000001",
    };
    struct fixture *fixture = *state;
    struct error err = {0};

    for (size_t index = 1; index < sizeof(strangers) / sizeof(strangers[0]); index++)
        assert_ok(store_put(fixture->expiry.repo->store, strangers[index], BYTES("x"), &err));

    expiry_build_run_all(&fixture->expiry);

    for (size_t index = 0; index < sizeof(strangers) / sizeof(strangers[0]); index++)
        if (!expiry_build_has(&fixture->expiry, strangers[index]))
            fail_msg("%s is gone", strangers[index]);
}

static void
a_held_backup_stays_with_its_packs_and_its_wal(void **state)
{
    struct fixture *fixture = *state;
    struct hold hold = {.until = HOLD_FOR_EVER};
    const struct catalog_entry entry = {.hold = &hold};
    struct error err = {0};

    memcpy(hold.id, fixture->backups[1].backup.id, BACKUP_ID_SIZE);
    assert_ok(catalog_append(fixture->expiry.repo, &fixture->expiry.catalog, &entry,
                             (struct catalog_check){0}, &err));

    expiry_build_run_all(&fixture->expiry);

    assert_int_equal(fixture->expiry.catalog.backup_count, 3);
    assert_true(has_file(fixture, &fixture->backups[1], "manifest"));
    assert_true(has_pack(fixture, &fixture->backups[1]));
    assert_true(has_pack(fixture, &fixture->backups[0])); /* that it shares */
    assert_false(has_file(fixture, &fixture->backups[0], "manifest"));
    assert_true(has_segment(fixture, 20));
    assert_false(has_segment(fixture, 21));
}

/* Nothing at all has happened. */
static void
assert_untouched(struct fixture *fixture, size_t objects)
{
    uint64_t last = fixture->expiry.catalog.last_number;
    struct error err = {0};

    assert_ok(catalog_load(fixture->expiry.repo, &fixture->expiry.catalog, &err));
    assert_int_equal(fixture->expiry.catalog.last_number, last);
    assert_int_equal(count_objects(fixture, ""), objects);
}

static void
a_corrupt_manifest_among_good_ones_stops_everything(void **state)
{
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(
        backup_key(fixture->expiry.repo, fixture->backups[3].backup.id, "manifest", key, &err));
    assert_ok(store_delete(fixture->expiry.repo->store, key, &err));
    assert_ok(store_put(fixture->expiry.repo->store, key, BYTES("nonsense"), &err));

    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CORRUPT);

    assert_message(fixture->backups[3].backup.id);
    assert_untouched(fixture, objects);
}

static void
a_missing_manifest_is_damage_and_no_absence_of_packs(void **state)
{
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(
        backup_key(fixture->expiry.repo, fixture->backups[4].backup.id, "manifest", key, &err));
    assert_ok(store_delete(fixture->expiry.repo->store, key, &err));

    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CORRUPT);

    assert_message("could not find out which packs backup");
    assert_untouched(fixture, objects - 1);
}

static void
a_backup_that_is_given_up_stops_nothing_any_more(void **state)
{
    struct fixture *fixture = *state;
    const char *const forgotten[] = {fixture->backups[3].backup.id, "2020-01-01T00-00-00-0000"};
    const struct expire_options options = {.policy = &fixture->expiry.policy,
                                           .now = fixture->expiry.now,
                                           .workers = 1,
                                           .forget = forgotten,
                                           .forget_count = 2};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    fixture->expiry.policy.daily = 3;
    assert_ok(backup_key(fixture->expiry.repo, forgotten[0], "manifest", key, &err));
    assert_ok(store_delete(fixture->expiry.repo->store, key, &err));

    assert_ok(expire_run(fixture->expiry.repo, &options, &fixture->expiry.report, &err));
    assert_ok(catalog_load(fixture->expiry.repo, &fixture->expiry.catalog, &err));

    assert_int_equal(fixture->expiry.catalog.backup_count, 2);
    assert_null(catalog_find_backup(&fixture->expiry.catalog, forgotten[0]));
    assert_true(has_pack(fixture, &fixture->backups[3])); /* that the next day shares */
    assert_false(has_file(fixture, &fixture->backups[3], "postgres-manifest"));
}

static void
the_newest_good_backup_and_a_held_one_are_not_given_up(void **state)
{
    struct fixture *fixture = *state;
    const char *forgotten = fixture->backups[4].backup.id;
    const struct expire_options options = {.policy = &fixture->expiry.policy,
                                           .now = fixture->expiry.now,
                                           .forget = &forgotten,
                                           .forget_count = 1};
    struct hold hold = {.until = HOLD_FOR_EVER};
    const struct catalog_entry entry = {.hold = &hold};
    size_t objects;
    struct error err = {0};

    memcpy(hold.id, fixture->backups[3].backup.id, BACKUP_ID_SIZE);
    assert_ok(catalog_append(fixture->expiry.repo, &fixture->expiry.catalog, &entry,
                             (struct catalog_check){0}, &err));
    objects = count_objects(fixture, "");

    assert_status(expire_run(fixture->expiry.repo, &options, &fixture->expiry.report, &err),
                  STATUS_REFUSED);
    assert_message("the newest good one");
    forgotten = hold.id;
    assert_status(expire_run(fixture->expiry.repo, &options, &fixture->expiry.report, &err),
                  STATUS_REFUSED);
    assert_message("is held");

    assert_untouched(fixture, objects);
}

static void
a_missing_pack_stops_everything(void **state)
{
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(pack_key(fixture->expiry.repo, fixture->backups[3].packs[0].id, key, &err));
    assert_ok(store_delete(fixture->expiry.repo->store, key, &err));

    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CORRUPT);

    assert_message("is missing");
    assert_untouched(fixture, objects - 1);
}

static void
a_damaged_log_stops_everything(void **state)
{
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    struct error err = {0};

    assert_ok(
        store_delete(fixture->expiry.repo->store, "shop/log/00000000000000000003.json", &err));

    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CORRUPT);

    assert_int_equal(count_objects(fixture, ""), objects - 1);
}

static void
a_clock_that_the_store_contradicts_stops_everything(void **state)
{
    static const time_us differences[] = {6 * 60 * US_PER_SECOND, -6 * 60 * US_PER_SECOND,
                                          400 * US_PER_DAY};
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    struct error err = {0};

    for (size_t index = 0; index < sizeof(differences) / sizeof(differences[0]); index++)
    {
        fixture->expiry.now = clock_now() + differences[index];
        assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_REFUSED);
        assert_message("this host's clock");
    }
    assert_untouched(fixture, objects);
}

static void
a_policy_that_keeps_nothing_is_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t objects = count_objects(fixture, "");
    struct error err = {0};

    fixture->expiry.policy.daily = 0;
    assert_status(expiry_build_run(&fixture->expiry, false, &err), STATUS_CONFIG);
    assert_untouched(fixture, objects);
}

static void
an_empty_repository_is_nothing_to_worry_about(void **state)
{
    (void) state;
    struct expiry_build empty = {0};
    struct error err = {0};

    expiry_build_open(&empty, false);
    assert_ok(expiry_build_run(&empty, false, &err));
    assert_int_equal(empty.report.backups.count, 0);
    expiry_build_close(&empty);
}

static void
many_packs_are_condemned_by_several_entries(void **state)
{
    struct fixture *fixture = *state;
    const struct expire_options options = {.policy = &fixture->expiry.policy,
                                           .now = fixture->expiry.now,
                                           .workers = 1,
                                           .packs_per_entry = 2};
    struct stub_backup orphan = stub_backup_make(fixture->expiry.now - US_PER_DAY, 0xdead, 60);
    uint64_t before = fixture->expiry.catalog.last_number;
    struct error err = {0};

    for (int index = 0; index < 3; index++)
        assert_ok(stub_backup_add_pack(fixture->expiry.repo, &orphan,
                                       fixture->expiry.now - US_PER_DAY, &err));

    assert_ok(expire_run(fixture->expiry.repo, &options, &fixture->expiry.report, &err));
    assert_ok(catalog_load(fixture->expiry.repo, &fixture->expiry.catalog, &err));

    /* One of departures; two, two and one pack; and each of these deleted. */
    assert_int_equal(fixture->expiry.catalog.last_number, before + 1 + 3 + 3);
    assert_int_equal(fixture->expiry.report.packs, 5);
    assert_int_equal(fixture->expiry.report.folders, 3);
    assert_int_equal(fixture->expiry.report.deletions, 3);
    assert_false(has_pack(fixture, &orphan));
    assert_false(has_pack(fixture, &fixture->backups[0]));
    assert_expired(fixture);
}

static void
several_workers_delete_the_same(void **state)
{
    struct fixture *fixture = *state;
    const struct expire_options options = {
        .policy = &fixture->expiry.policy, .now = fixture->expiry.now, .workers = 4};
    struct error err = {0};

    assert_ok(expire_run(fixture->expiry.repo, &options, &fixture->expiry.report, &err));
    assert_ok(catalog_load(fixture->expiry.repo, &fixture->expiry.catalog, &err));
    assert_expired(fixture);
}

static void
wal_that_comes_back_under_a_condemned_name_goes_again(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    expiry_build_run_all(&fixture->expiry);
    assert_ok(stub_archive_segments(fixture->expiry.repo, 7, 7, &err));

    expiry_build_run_all(&fixture->expiry);

    assert_false(has_segment(fixture, 7));
    assert_int_equal(fixture->expiry.report.segments, 1);
}

/* True when the fault struck, so that there may be a later one. */
static bool
survive_fault(enum store_fault fault, unsigned nth)
{
    struct fixture fixture = {0};
    struct error err = {0};
    enum status status;
    struct store *store;
    bool struck;

    expiry_build_open(&fixture.expiry, true);
    fill(&fixture);
    store = fixture.expiry.repo->store;
    faulty_store_arm(store, fault, nth);
    status = expiry_build_run(&fixture.expiry, false, &err);
    struck = faulty_store_struck(store);
    faulty_store_arm(store, fault, 0);
    if (status != OK && err.message[0] == '\0')
        fail_msg("operation %u fails without a word", nth);

    expiry_build_run_all(&fixture.expiry);
    assert_expired(&fixture);
    expiry_build_close(&fixture.expiry);
    return struck;
}

static void
whichever_operation_of_the_store_fails_the_next_run_completes(void **state)
{
    (void) state;
    for (int fault = 0; fault < FAULT_KINDS; fault++)
        for (unsigned nth = 1; survive_fault((enum store_fault) fault, nth); nth++)
            continue;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_the_policy_lets_go_is_deleted_and_nothing_else),
        TEST(wal_goes_except_for_what_makes_backups_consistent_and_the_newest_rows_on),
        TEST(a_history_file_never_goes),
        TEST(a_dry_run_says_the_same_and_changes_nothing),
        TEST(a_second_run_finds_nothing_more_to_do),
        TEST(what_is_condemned_waits_for_its_grace),
        TEST(what_a_dead_run_left_goes_and_what_a_living_one_wrote_stays),
        TEST(what_is_not_ours_is_left_alone),
        TEST(a_held_backup_stays_with_its_packs_and_its_wal),
        TEST(a_corrupt_manifest_among_good_ones_stops_everything),
        TEST(a_missing_manifest_is_damage_and_no_absence_of_packs),
        TEST(a_backup_that_is_given_up_stops_nothing_any_more),
        TEST(the_newest_good_backup_and_a_held_one_are_not_given_up),
        TEST(a_missing_pack_stops_everything),
        TEST(a_damaged_log_stops_everything),
        TEST(a_clock_that_the_store_contradicts_stops_everything),
        TEST(a_policy_that_keeps_nothing_is_refused),
        TEST(an_empty_repository_is_nothing_to_worry_about),
        TEST(many_packs_are_condemned_by_several_entries),
        TEST(several_workers_delete_the_same),
        TEST(wal_that_comes_back_under_a_condemned_name_goes_again),
        cmocka_unit_test(whichever_operation_of_the_store_fails_the_next_run_completes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
