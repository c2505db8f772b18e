// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"
#include "repo/catalog.h"
#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/dump_build.h"
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
                         BYTES("{\"version\":1,\"number\":1,\"id\":\"x\","
                               "\"time\":\"2026-11-21T02:12:34Z\",\"kind\":\"future\"}"),
                         &err));
    assert_status(catalog_load(repo, &reader, &err), STATUS_UNSUPPORTED);
}

static void
commit(struct repo *repo, struct catalog *catalog, struct catalog_entry entry)
{
    struct error err = {0};

    assert_ok(catalog_append(repo, catalog, &entry, no_check, &err));
}

/* One pack, whose id is made of a digit; a folder; and three WAL segments. */
static void
condemn(struct repo *repo, struct catalog *catalog, uint8_t digit)
{
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    uint8_t id[PACK_ID_SIZE] = {digit};
    struct wal_run run = {1, digit * 10, digit * 10 + 2};
    const struct wal_part part = {7, 1 << 24, {&run, 1}};
    struct error err = {0};

    assert_ok(pack_set_add(&condemnation.packs, id, &err));
    assert_ok(condemnation_add_backup(&condemnation, backup_named(900U + digit).id, &err));
    assert_ok(wal_set_add(&condemnation.wal, &part, &err));
    commit(repo, catalog, (struct catalog_entry){.condemnation = &condemnation});
}

static bool
knows_condemned(const struct catalog *catalog, uint8_t digit)
{
    uint8_t id[PACK_ID_SIZE] = {digit};

    return catalog_condemned_pack(catalog, id) &&
           catalog_condemned_backup(catalog, backup_named(900U + digit).id) &&
           catalog_condemned_wal(catalog, 7, (struct wal_run){1, digit * 10, digit * 10});
}

/* Entries that change nothing, until the next one is the first behind a checkpoint. */
static void
pass_a_checkpoint(struct repo *repo, struct catalog *catalog)
{
    do
        commit(repo, catalog, (struct catalog_entry){.released = "nobody"});
    while (catalog->last_number % CATALOG_CHECKPOINT != 1);
}

static void
an_expired_backup_leaves_the_catalog_and_its_hold_with_it(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct hold hold = {.until = HOLD_FOR_EVER};
    struct backup backups[3];
    struct expiry expiries[2];
    struct error err = {0};

    for (unsigned number = 0; number < 3; number++)
    {
        backups[number] = backup_named(number);
        append_backup(repo, &writer, number);
    }
    memcpy(hold.id, backups[2].id, BACKUP_ID_SIZE);
    commit(repo, &writer, (struct catalog_entry){.hold = &hold});
    expiries[0] = (struct expiry){backups[0].id, "too old"};
    expiries[1] = (struct expiry){backups[2].id, "too old"};
    commit(repo, &writer, (struct catalog_entry){.expiries = expiries, .expiry_count = 2});

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(writer.backup_count, 1);
    assert_int_equal(reader.backup_count, 1);
    assert_string_equal(reader.backups[0].id, backups[1].id);
    assert_int_equal(reader.hold_count, 0);
}

static void
an_expired_dump_leaves_the_catalog_and_its_hold_with_it(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    const struct dump dumps[] = {dump_build("shop", 0), dump_build("a/b", 0),
                                 dump_build("shop", US_PER_SECOND)};
    struct hold hold = {.until = HOLD_FOR_EVER, .reason = "audit"};
    char ids[3][DUMP_ID_SIZE];
    struct expiry expiries[] = {{ids[0], "too old"}, {ids[2], "too old"}};
    struct error err = {0};

    for (size_t index = 0; index < 3; index++)
    {
        dump_id(&dumps[index], ids[index]);
        commit(repo, &writer, (struct catalog_entry){.dump = &dumps[index]});
        snprintf(hold.id, sizeof(hold.id), "%s", ids[index]);
        commit(repo, &writer, (struct catalog_entry){.hold = &hold});
    }
    commit(repo, &writer,
           (struct catalog_entry){.dump_expiries = expiries, .dump_expiry_count = 2});
    pass_a_checkpoint(repo, &writer);

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(writer.dump_count, 1);
    assert_int_equal(reader.dump_count, 1);
    assert_non_null(catalog_find_dump(&reader, ids[1]));
    assert_null(catalog_find_dump(&reader, ids[0]));
    assert_int_equal(reader.hold_count, 1);
    assert_string_equal(catalog_find_hold(&reader, ids[1])->reason, "audit");
    assert_int_equal(reader.departed_dump_count, 2);
    assert_string_equal(reader.departed_dumps[1], ids[2]);
    commit(repo, &writer, (struct catalog_entry){.released = ids[1]});
    assert_int_equal(writer.hold_count, 0);
}

static void
a_departed_dump_is_remembered_until_it_is_condemned(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const struct dump dumps[] = {dump_build("shop", 0), dump_build("shop", US_PER_SECOND)};
    char ids[2][DUMP_ID_SIZE];
    struct expiry expiries[] = {{ids[0], "too old"}, {ids[1], "too old"}};
    struct error err = {0};

    for (size_t index = 0; index < 2; index++)
    {
        dump_id(&dumps[index], ids[index]);
        commit(repo, &catalog, (struct catalog_entry){.dump = &dumps[index]});
    }
    commit(repo, &catalog,
           (struct catalog_entry){.dump_expiries = expiries, .dump_expiry_count = 2});
    assert_int_equal(catalog.departed_dump_count, 2);

    assert_ok(condemnation_add_dump(&condemnation, ids[0], &err));
    commit(repo, &catalog, (struct catalog_entry){.condemnation = &condemnation});

    assert_int_equal(catalog.departed_dump_count, 1);
    assert_string_equal(catalog.departed_dumps[0], ids[1]);
    assert_true(catalog_condemned_dump(&catalog, ids[0]));
}

static void
backups_and_dumps_may_expire_together(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog catalog = {0};
    const struct dump dump = dump_build("shop", 0);
    char id[DUMP_ID_SIZE];
    const struct backup backup = backup_named(0);
    struct expiry backup_expiry = {backup.id, "too old"};
    struct expiry dump_expiry = {id, "too old"};

    dump_id(&dump, id);
    append_backup(repo, &catalog, 0);
    commit(repo, &catalog, (struct catalog_entry){.dump = &dump});
    commit(repo, &catalog,
           (struct catalog_entry){.expiries = &backup_expiry,
                                  .expiry_count = 1,
                                  .dump_expiries = &dump_expiry,
                                  .dump_expiry_count = 1});
    assert_int_equal(catalog.backup_count, 0);
    assert_int_equal(catalog.dump_count, 0);
}

static void
a_hold_lasts_until_it_is_replaced_or_released(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct hold hold = {.until = HOLD_FOR_EVER, .reason = "audit"};

    append_backup(repo, &catalog, 1);
    memcpy(hold.id, backup_named(1).id, BACKUP_ID_SIZE);
    commit(repo, &catalog, (struct catalog_entry){.hold = &hold});
    assert_true(catalog_find_hold(&catalog, hold.id)->until == HOLD_FOR_EVER);
    assert_string_equal(catalog_find_hold(&catalog, hold.id)->reason, "audit");

    hold.until = INT64_C(1800000000) * US_PER_SECOND;
    commit(repo, &catalog, (struct catalog_entry){.hold = &hold});
    assert_int_equal(catalog.hold_count, 1);
    assert_true(catalog_find_hold(&catalog, hold.id)->until == hold.until);

    commit(repo, &catalog, (struct catalog_entry){.released = hold.id});
    assert_null(catalog_find_hold(&catalog, hold.id));
}

static void
the_last_verification_is_kept(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct verification verification = {.objects = 5, .finished = US_PER_SECOND};

    assert_false(catalog.has_verification);
    commit(repo, &catalog, (struct catalog_entry){.verification = &verification});
    verification.objects = 6;
    commit(repo, &catalog, (struct catalog_entry){.verification = &verification});
    assert_true(catalog.has_verification);
    assert_int_equal(catalog.verification.objects, 6);
    assert_true(catalog.verification.finished == US_PER_SECOND);
}

static void
what_is_still_true_comes_through_a_checkpoint(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct hold hold = {.until = 1800000000 * US_PER_SECOND, .reason = "audit"};
    struct verification verification = {.findings = 3};
    struct error err = {0};

    append_backup(repo, &writer, 1);
    memcpy(hold.id, backup_named(1).id, BACKUP_ID_SIZE);
    commit(repo, &writer, (struct catalog_entry){.hold = &hold});
    commit(repo, &writer, (struct catalog_entry){.verification = &verification});
    condemn(repo, &writer, 1);
    condemn(repo, &writer, 2);
    commit(repo, &writer, (struct catalog_entry){.deleted = writer.condemnations[0].number});
    pass_a_checkpoint(repo, &writer);

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.backup_count, 1);
    assert_true(catalog_find_hold(&reader, hold.id)->until == hold.until);
    assert_string_equal(catalog_find_hold(&reader, hold.id)->reason, "audit");
    assert_int_equal(reader.verification.findings, 3);
    assert_int_equal(reader.condemnation_count, 1);
    assert_true(reader.condemnations[0].number == writer.condemnations[1].number);
    assert_true(reader.condemnations[0].time == writer.condemnations[1].time);
    assert_true(knows_condemned(&reader, 2));
    /* Names of WAL come back, those of packs do not. */
    assert_true(catalog_condemned_wal(&reader, 7, (struct wal_run){1, 12, 12}));
    assert_false(catalog_condemned_wal(&reader, 7, (struct wal_run){1, 13, 19}));
}

static void
a_condemnation_seen_is_never_forgotten_while_the_catalog_lives(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog sleeper = {0};
    SCOPED(catalog_release) struct catalog late = {0};
    struct error err = {0};

    append_backup(repo, &writer, 1);
    assert_ok(catalog_load(repo, &sleeper, &err));
    condemn(repo, &writer, 1);
    commit(repo, &writer, (struct catalog_entry){.deleted = writer.condemnations[0].number});
    for (int round = 0; round < 2; round++)
        pass_a_checkpoint(repo, &writer);

    assert_ok(catalog_load(repo, &late, &err));
    assert_int_equal(late.condemnation_count, 0);
    commit(repo, &sleeper, (struct catalog_entry){.released = "nobody"});
    assert_int_equal(sleeper.last_number, writer.last_number + 1);
    assert_int_equal(sleeper.condemnation_count, 1);
    assert_true(sleeper.condemnations[0].deleted);
    assert_true(knows_condemned(&sleeper, 1));
    assert_true(knows_condemned(&writer, 1));
    assert_ok(catalog_load(repo, &sleeper, &err));
    assert_true(knows_condemned(&sleeper, 1));
}

static void
a_checkpoint_that_names_what_is_no_condemnation_is_corrupt(void **state)
{
    static const char *const numbers[] = {"[64]", "[65]", "[0]", "[-1]", "[\"1\"]", "[1]", "[]"};
    const size_t count = sizeof(numbers) / sizeof(numbers[0]);
    static const char form[] =
        "{\"version\":1,\"number\":64,\"id\":\"x\",\"time\":\"2026-11-21T02:12:34Z\","
        "\"kind\":\"checkpoint\",\"lineages\":[],\"backups\":[],\"dumps\":[],"
        "\"departed_dumps\":[],\"holds\":[],\"condemned\":%s,\"condemned_wal\":[],\"verify\":null}";
    static const char key[] = "shop/log/00000000000000000064.json";
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    struct error err = {0};

    while (writer.last_number < CATALOG_CHECKPOINT - 1)
        commit(repo, &writer, (struct catalog_entry){.released = "nobody"});
    for (size_t index = 0; index < count; index++)
    {
        SCOPED(catalog_release) struct catalog reader = {0};
        const enum status wanted = index + 1 < count ? STATUS_CORRUPT : OK;
        char text[sizeof(form) + 16];

        snprintf(text, sizeof(text), form, numbers[index]);
        assert_ok(object_put(repo, key, OBJECT_PLAIN, bytes_of(text), &err));
        if (catalog_load(repo, &reader, &err) != wanted)
            fail_msg("%s was %s", numbers[index], wanted == OK ? "refused" : "taken");
        assert_ok(store_delete(repo->store, key, &err));
    }
}

static void
the_catalog_tells_whether_anything_changed(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    uint64_t change;

    while (writer.last_number < CATALOG_CHECKPOINT - 1)
        commit(repo, &writer, (struct catalog_entry){.released = "nobody"});
    change = writer.last_change;
    assert_int_equal(change, CATALOG_CHECKPOINT - 1);

    commit(repo, &writer, (struct catalog_entry){.released = "nobody"});

    /* The checkpoint before it is none. */
    assert_int_equal(writer.last_change, CATALOG_CHECKPOINT + 1);
    assert_true(writer.last_time >= clock_now() - 60 * US_PER_SECOND);
}

static void
every_entry_says_who_wrote_it_and_where(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
    SCOPED(json_freep) json_t *entry = NULL;
    struct error err = {0};
    const char *value;

    append_backup(repo, &writer, 1);
    assert_ok(object_get(repo, "shop/log/00000000000000000001.json", OBJECT_PLAIN, &text, &err));
    assert_ok(json_parse(buffer_bytes(&text), 65536, &entry, &err));
    assert_ok(member_text(entry, "user", &value, &err));
    assert_true(value[0] != '\0');
    assert_ok(member_text(entry, "host", &value, &err));
    assert_ok(member_text(entry, "time", &value, &err));
    assert_ok(member_text(entry, "agent", &value, &err));
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

        assert_between(number, 0, RACERS * RACER_ENTRIES - 1);
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
        TEST(an_expired_backup_leaves_the_catalog_and_its_hold_with_it),
        TEST(an_expired_dump_leaves_the_catalog_and_its_hold_with_it),
        TEST(a_departed_dump_is_remembered_until_it_is_condemned),
        TEST(backups_and_dumps_may_expire_together),
        TEST(a_hold_lasts_until_it_is_replaced_or_released),
        TEST(the_last_verification_is_kept),
        TEST(what_is_still_true_comes_through_a_checkpoint),
        TEST(a_condemnation_seen_is_never_forgotten_while_the_catalog_lives),
        TEST(a_checkpoint_that_names_what_is_no_condemnation_is_corrupt),
        TEST(the_catalog_tells_whether_anything_changed),
        TEST(every_entry_says_who_wrote_it_and_where),
        TEST(racing_writers_commit_each_entry_once_and_leave_no_hole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
