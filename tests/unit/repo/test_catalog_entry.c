// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/catalog.h"
#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/dump_build.h"
#include "tests/support/receipt_build.h"
#include "tests/support/repository.h"

#include <stdio.h>

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

static void
commit_drill(struct repo *repo, struct catalog *catalog, unsigned number,
             enum drill_verdict verdict)
{
    const struct drill drill = drill_build(number, verdict);
    const struct catalog_entry entry = {.drill = &drill};
    struct error err = {0};

    assert_ok(catalog_append(repo, catalog, &entry, (struct catalog_check){0}, &err));
}

static void
drills_are_kept_and_the_last_good_one_is_known(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct error err = {0};

    assert_null(catalog_last_drill(&writer));
    commit_drill(repo, &writer, 1, DRILL_FAILED);
    assert_false(writer.has_good_drill);
    commit_drill(repo, &writer, 2, DRILL_PASSED);
    commit_drill(repo, &writer, 3, DRILL_BROKEN);

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.drill_count, 3);
    assert_string_equal(catalog_last_drill(&reader)->id, drill_build(3, DRILL_BROKEN).id);
    assert_int_equal(catalog_last_drill(&reader)->verdict, DRILL_BROKEN);
    assert_true(reader.has_good_drill);
    assert_string_equal(reader.good_drill.id, drill_build(2, DRILL_PASSED).id);
    assert_int_equal(catalog_find_drill(&reader, reader.good_drill.id)->rto_ms, 62000);
    assert_null(catalog_find_drill(&reader, drill_build(9, DRILL_PASSED).id));
}

/* So many that a checkpoint has to forget some, the good one among them. */
static void
the_last_good_drill_outlives_the_drills_that_are_kept(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    const unsigned last = CATALOG_DRILLS + 80;
    struct error err = {0};

    commit_drill(repo, &writer, 0, DRILL_PASSED);
    for (unsigned number = 1; number <= last; number++)
        commit_drill(repo, &writer, number, DRILL_FAILED);

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.drill_count, CATALOG_DRILLS);
    assert_int_equal(writer.drill_count, CATALOG_DRILLS);
    for (size_t index = 0; index < CATALOG_DRILLS; index++)
        assert_string_equal(reader.drills[index].id, writer.drills[index].id);
    assert_string_equal(catalog_last_drill(&reader)->id, drill_build(last, DRILL_FAILED).id);
    assert_true(reader.has_good_drill);
    assert_string_equal(reader.good_drill.id, drill_build(0, DRILL_PASSED).id);
}

static void
a_checkpoint_of_who_knew_of_no_drills_has_none(void **state)
{
    static const char text[] =
        "{\"version\":1,\"number\":64,\"id\":\"x\",\"time\":\"2026-11-21T02:12:34Z\","
        "\"kind\":\"checkpoint\",\"lineages\":[],\"backups\":[],\"dumps\":[],"
        "\"departed_dumps\":[],\"holds\":[],\"condemned\":[],\"condemned_wal\":[],\"verify\":null}";
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    SCOPED(catalog_release) struct catalog reader = {0};
    struct error err = {0};

    while (writer.last_number < CATALOG_CHECKPOINT - 1)
        assert_ok(catalog_append(repo, &writer, &(struct catalog_entry){.released = "nobody"},
                                 (struct catalog_check){0}, &err));
    assert_ok(
        object_put(repo, "shop/log/00000000000000000064.json", OBJECT_PLAIN, bytes_of(text), &err));
    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.drill_count, 0);
    assert_false(reader.has_good_drill);
}

static void
a_drill_of_a_copy_is_kept_and_is_no_good_one_of_ours(void **state)
{
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct drill drill = drill_build(2, DRILL_PASSED);
    const struct catalog_entry entry = {.drill = &drill};
    struct error err = {0};

    commit_drill(repo, &catalog, 1, DRILL_PASSED);
    snprintf(drill.repository, sizeof(drill.repository), "offsite");
    assert_ok(catalog_append(repo, &catalog, &entry, (struct catalog_check){0}, &err));

    assert_int_equal(catalog.drill_count, 2);
    assert_string_equal(catalog_last_drill(&catalog)->repository, "offsite");
    assert_string_equal(catalog.good_drill.id, drill_build(1, DRILL_PASSED).id);
}

static void
put_checkpoint_without(struct repo *repo, const char *key, const char *left_out)
{
    static const char text[] =
        "{\"version\":1,\"number\":64,\"id\":\"x\",\"time\":\"2026-11-21T02:12:34Z\","
        "\"kind\":\"checkpoint\",\"lineages\":[],\"backups\":[],\"dumps\":[],"
        "\"departed_dumps\":[],\"holds\":[],\"condemned\":[],\"condemned_wal\":[]}";
    SCOPED(json_freep) json_t *checkpoint = json_loads(text, 0, NULL);
    SCOPED(freep) char *left = NULL;
    struct error err = {0};

    if (left_out != NULL)
        assert_int_equal(json_object_del(checkpoint, left_out), 0);
    left = json_dumps(checkpoint, JSON_COMPACT);
    assert_ok(object_put(repo, key, OBJECT_PLAIN, bytes_of(left), &err));
}

/* Whoever wrote it may have begun at a checkpoint whose dumps and holds it did not see. */
static void
reading_does_not_begin_at_a_checkpoint_of_who_knew_less(void **state)
{
    static const char *const lists[] = {"lineages", "backups",   "dumps",         "departed_dumps",
                                        "holds",    "condemned", "condemned_wal", NULL};
    static const char key[] = "shop/log/00000000000000000064.json";
    struct repo *repo = ((struct test_repository *) *state)->repo;
    SCOPED(catalog_release) struct catalog writer = {0};
    const struct dump dump = dump_build("shop", US_PER_SECOND);
    struct error err = {0};

    dump_build_commit(repo, &writer, &dump);
    while (writer.last_number < CATALOG_CHECKPOINT - 1)
        assert_ok(catalog_append(repo, &writer, &(struct catalog_entry){.released = "nobody"},
                                 (struct catalog_check){0}, &err));
    for (size_t index = 0; index < sizeof(lists) / sizeof(lists[0]); index++)
    {
        SCOPED(catalog_release) struct catalog reader = {0};

        put_checkpoint_without(repo, key, lists[index]);
        assert_ok(catalog_load(repo, &reader, &err));
        assert_int_equal(reader.last_number, CATALOG_CHECKPOINT);
        assert_int_equal(reader.dump_count, lists[index] == NULL ? 0 : 1);
        assert_ok(store_delete(repo->store, key, &err));
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_repository, close_repository)
    const struct CMUnitTest tests[] = {
        TEST(drills_are_kept_and_the_last_good_one_is_known),
        TEST(the_last_good_drill_outlives_the_drills_that_are_kept),
        TEST(a_checkpoint_of_who_knew_of_no_drills_has_none),
        TEST(a_drill_of_a_copy_is_kept_and_is_no_good_one_of_ours),
        TEST(reading_does_not_begin_at_a_checkpoint_of_who_knew_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
