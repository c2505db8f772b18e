// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"
#include "repo/catalog.h"
#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

static const struct catalog_check no_check = {0};

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

static struct backup
backup_named(unsigned number)
{
    struct backup backup = {
        .system_identifier = UINT64_MAX - 1,
        .major = 15,
        .wal_segment_size = 1 << 24,
        .start = {2, 0x3000028},
        .stop = {2, 0x3000138},
        .started = 1700000000 * US_PER_SECOND,
        .stopped = 1700000000 * US_PER_SECOND + 123456,
        .damaged = number % 2 == 1,
        .logical_bytes = UINT64_C(1) << 60,
    };

    snprintf(backup.id, sizeof(backup.id), "2026-11-21T02-12-34-%04x", number);
    return backup;
}

static void
append_backup(struct repo *repo, struct catalog *catalog, unsigned number)
{
    struct backup backup = backup_named(number);
    struct catalog_entry entry = {.backup = &backup};
    struct error err = {0};

    assert_ok(catalog_append(repo, catalog, &entry, no_check, &err));
}

static void
a_committed_backup_is_read_back_as_it_was(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct backup want = backup_named(1);
    struct error err = {0};

    append_backup(repo, &writer, 1);
    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.backup_count, 1);
    assert_string_equal(reader.backups[0].id, want.id);
    assert_true(reader.backups[0].system_identifier == want.system_identifier);
    assert_true(reader.backups[0].stopped == want.stopped);
    assert_true(reader.backups[0].stop.lsn == want.stop.lsn);
    assert_true(reader.backups[0].logical_bytes == want.logical_bytes);
    assert_true(reader.backups[0].damaged);
}

static void
a_long_log_is_the_same_through_its_checkpoints(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    struct error err = {0};

    for (unsigned number = 0; number < 3 * CATALOG_CHECKPOINT; number++)
    {
        SCOPED(catalog_release) struct catalog reader = {0};

        append_backup(repo, &writer, number);
        assert_ok(catalog_load(repo, &reader, &err));
        assert_int_equal(reader.backup_count, number + 1);
        assert_string_equal(reader.backups[number].id, backup_named(number).id);
        assert_string_equal(reader.backups[0].id, backup_named(0).id);
    }
    assert_true(writer.last_number > 3 * CATALOG_CHECKPOINT);
}

static enum status
refuse_above(void *arg, const struct catalog *catalog, struct error *err)
{
    return catalog->backup_count <= *(size_t *) arg ? OK
                                                    : error_set(err, STATUS_REFUSED, "too late");
}

static void
a_writer_that_lost_reads_what_it_lost_to_and_checks_again(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog slow = {0};
    SCOPED(catalog_release) struct catalog quick = {0};
    struct backup backup = backup_named(9);
    struct catalog_entry entry = {.backup = &backup};
    size_t limit = 2;
    struct catalog_check check = {refuse_above, &limit};
    struct error err = {0};

    assert_ok(catalog_load(repo, &slow, &err));
    append_backup(repo, &quick, 1);
    assert_ok(catalog_append(repo, &slow, &entry, check, &err));
    assert_int_equal(slow.backup_count, 2);

    append_backup(repo, &quick, 2);
    assert_int_equal(quick.backup_count, 3);
    assert_status(catalog_append(repo, &slow, &entry, check, &err), STATUS_REFUSED);
    assert_int_equal(slow.backup_count, 3);
}

static void
a_hole_in_the_log_is_corruption_not_an_end(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct error err = {0};

    for (unsigned number = 0; number < 3; number++)
        append_backup(repo, &writer, number);
    assert_ok(store_delete(repo->store, "shop/log/00000000000000000002.json", &err));
    assert_status(catalog_load(repo, &reader, &err), STATUS_CORRUPT);
}

static void
an_entry_copied_to_another_number_is_refused(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(65536);
    struct error err = {0};

    append_backup(repo, &writer, 1);
    assert_ok(store_get(repo->store, "shop/log/00000000000000000001.json", &stored, &err));
    assert_ok(
        store_put(repo->store, "shop/log/00000000000000000002.json", buffer_bytes(&stored), &err));
    assert_status(catalog_load(repo, &reader, &err), STATUS_CORRUPT);
    assert_message("00000000000000000002.json");
}

static void
an_entry_of_a_newer_version_stops_us(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog reader = {0};
    struct error err = {0};

    assert_ok(object_put(repo, "shop/log/00000000000000000001.json", OBJECT_PLAIN,
                         BYTES("{\"version\":1,\"number\":1,\"id\":\"x\",\"kind\":\"future\"}"),
                         &err));
    assert_status(catalog_load(repo, &reader, &err), STATUS_UNSUPPORTED);
}

#define RACERS        3
#define RACER_ENTRIES 50

struct racer
{
    struct repo *repo;
    unsigned first;
};

static enum status
race(void *arg, struct error *err)
{
    const struct racer *racer = arg;
    SCOPED(catalog_release) struct catalog catalog = {0};

    for (unsigned number = racer->first; number < racer->first + RACER_ENTRIES; number++)
    {
        struct backup backup = backup_named(number);
        struct catalog_entry entry = {.backup = &backup};

        TRY(catalog_append(racer->repo, &catalog, &entry, no_check, err));
        if (catalog_find_backup(&catalog, backup.id) == NULL)
            return error_set(err, STATUS_CORRUPT, "a committed entry is not in the catalog");
    }
    return OK;
}

static void
racing_writers_commit_each_entry_once_and_leave_no_hole(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(group_freep) struct group *group = NULL;
    SCOPED(catalog_release) struct catalog reader = {0};
    struct racer racers[RACERS];
    bool seen[RACERS * RACER_ENTRIES] = {0};
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    for (unsigned index = 0; index < RACERS; index++)
    {
        racers[index] = (struct racer){repo, index * RACER_ENTRIES};
        assert_ok(group_start(group, race, &racers[index], &err));
    }
    assert_ok(group_join(group, &err));

    assert_ok(catalog_load(repo, &reader, &err)); /* which refuses a hole */
    assert_int_equal(reader.backup_count, RACERS * RACER_ENTRIES);
    for (size_t index = 0; index < reader.backup_count; index++)
    {
        unsigned number = (unsigned) strtoul(reader.backups[index].id + 20, NULL, 16);

        assert_in_range(number, 0, RACERS * RACER_ENTRIES - 1);
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_int_equal(reader.last_number,
                     reader.backup_count + reader.last_number / CATALOG_CHECKPOINT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_repository, close_repository)
    const struct CMUnitTest tests[] = {
        TEST(a_committed_backup_is_read_back_as_it_was),
        TEST(a_long_log_is_the_same_through_its_checkpoints),
        TEST(a_writer_that_lost_reads_what_it_lost_to_and_checks_again),
        TEST(a_hole_in_the_log_is_corruption_not_an_end),
        TEST(an_entry_copied_to_another_number_is_refused),
        TEST(an_entry_of_a_newer_version_stops_us),
        TEST(racing_writers_commit_each_entry_once_and_leave_no_hole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
