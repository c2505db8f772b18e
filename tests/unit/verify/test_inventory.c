// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object.h"
#include "tests/support/repository.h"
#include "verify/inventory.h"
#include "verify/verified.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY  (INT64_C(24) * 60 * 60 * US_PER_SECOND)
#define THEN (INT64_C(1700000000) * US_PER_SECOND)

struct fixture
{
    struct test_repository test;
    struct findings *findings;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    test_repository_open(&fixture->test, false);
    assert_ok(findings_create(&fixture->findings, &err));
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    findings_freep(&fixture->findings);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

static void
put(struct fixture *fixture, const char *name, const char *body)
{
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(repo_key(fixture->test.repo, key, &err, "%s", name));
    assert_ok(store_put(fixture->test.repo->store, key, bytes_of(body), &err));
}

/* Remember an object of so many bytes as verified so many days before THEN. */
struct memory
{
    const char *name;
    uint64_t size_bytes;
    int days;
};

static void
remember(struct fixture *fixture, const struct memory *memories, size_t count)
{
    struct verified *verified = NULL;
    struct error err = {0};

    assert_ok(verified_create(&verified, fixture->test.repo, fixture->findings, THEN, &err));
    for (size_t index = 0; index < count; index++)
    {
        const struct verified_record record = {.name = memories[index].name,
                                               .size_bytes = memories[index].size_bytes,
                                               .at = THEN - memories[index].days * DAY};

        assert_ok(verified_note(verified, &record, &err));
    }
    assert_ok(verified_finish(verified, true, &err));
    verified_freep(&verified);
}

static struct inventory *
take(struct fixture *fixture, int days)
{
    struct verified_past *past = NULL;
    struct inventory *inventory = NULL;
    struct error err = {0};

    assert_ok(verified_past_open(&past, fixture->test.repo, fixture->findings, THEN, &err));
    assert_ok(inventory_take(&inventory, fixture->test.repo, past, THEN - days * DAY, &err));
    verified_past_freep(&past);
    return inventory;
}

/* "a+ b- ": what a folder has; + is due, - is not, ! is gone. */
static void
expect(struct inventory *inventory, const char *folder, const char *text)
{
    SCOPED(buffer_release) struct buffer found = BUFFER_INIT(10000);
    struct inventory_item item;
    const char *found_text;
    struct error err = {0};
    bool more;

    assert_ok(inventory_next(inventory, folder, &more, &item, &err));
    while (more)
    {
        assert_ok(buffer_append_text(&found, &err, "%s%s ", item.name + strlen(folder),
                                     !item.present ? "!"
                                     : item.due    ? "+"
                                                   : "-"));
        assert_ok(inventory_next(inventory, folder, &more, &item, &err));
    }
    assert_ok(buffer_text(&found, &found_text, &err));
    assert_string_equal(found_text, text);
}

static void
what_nobody_verified_is_due(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(inventory_freep) struct inventory *inventory = NULL;

    put(fixture, "packs/aa/1", "12345");
    put(fixture, "wal/1/b", "123");
    put(fixture, "wal/1/a", "");
    inventory = take(fixture, 30);

    assert_int_equal(inventory_due_bytes(inventory), 8);
    expect(inventory, "packs/", "aa/1+ ");
    expect(inventory, "wal/", "1/a+ 1/b+ ");
}

static void
what_was_verified_lately_is_not_due_unless_its_size_changed(void **state)
{
    static const struct memory memories[] = {
        {"packs/aa/1", 5, 1}, {"packs/aa/2", 4, 1}, {"packs/aa/3", 5, 31}};
    struct fixture *fixture = *state;
    SCOPED(inventory_freep) struct inventory *inventory = NULL;

    put(fixture, "packs/aa/1", "12345");
    put(fixture, "packs/aa/2", "12345");
    put(fixture, "packs/aa/3", "12345");
    put(fixture, "packs/aa/4", "12345");
    remember(fixture, memories, 3);
    inventory = take(fixture, 30);

    expect(inventory, "packs/", "aa/1- aa/2+ aa/3+ aa/4+ ");
}

static void
what_is_gone_is_said_to_be(void **state)
{
    static const struct memory memories[] = {
        {"packs/aa/0", 1, 1}, {"wal/1/a", 1, 1}, {"wal/1/ab", 1, 1}, {"wal/9", 1, 1}};
    struct fixture *fixture = *state;
    SCOPED(inventory_freep) struct inventory *inventory = NULL;

    put(fixture, "packs/aa/1", "12345");
    put(fixture, "wal/1/ab", "1");
    put(fixture, "wal/1/abc", "1");
    remember(fixture, memories, 4);
    inventory = take(fixture, 30);

    expect(inventory, "packs/", "aa/0! aa/1+ ");
    expect(inventory, "wal/", "1/a! 1/ab- 1/abc+ 9! ");
}

static void
folders_in_between_are_passed_over(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(inventory_freep) struct inventory *inventory = NULL;

    put(fixture, "backups/1", "1");
    put(fixture, "dumps/1", "1");
    put(fixture, "log/1", "1");
    put(fixture, "wal/1", "1");
    inventory = take(fixture, 30);

    expect(inventory, "backups/", "1+ ");
    expect(inventory, "log/", "1+ ");
    expect(inventory, "packs/", "");
    expect(inventory, "wal/", "1+ ");
}

static void
the_frames_of_a_pack_come_with_it(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(inventory_freep) struct inventory *inventory = NULL;
    SCOPED(verified_freep) struct verified *verified = NULL;
    SCOPED(frame_table_release) struct frame_table frames = {0};
    const struct verified_record record = {"packs/aa/1", 5, THEN, &frames};
    struct inventory_item item;
    struct error err = {0};
    bool more;

    put(fixture, "packs/aa/1", "12345");
    assert_ok(frame_table_add(&frames, 100, 200, false, &err));
    assert_ok(verified_create(&verified, fixture->test.repo, fixture->findings, THEN, &err));
    assert_ok(verified_note(verified, &record, &err));
    assert_ok(verified_finish(verified, true, &err));
    inventory = take(fixture, 30);

    assert_ok(inventory_next(inventory, "packs/", &more, &item, &err));
    assert_true(more);
    assert_non_null(item.frames);
    assert_int_equal(item.frames->count, 1);
    assert_int_equal(item.frames->rows[0].content, 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_nobody_verified_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_verified_lately_is_not_due_unless_its_size_changed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_is_said_to_be, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_in_between_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(the_frames_of_a_pack_come_with_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
