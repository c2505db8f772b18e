// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/repository.h"
#include "verify/verified.h"
#include "verify/verified_past.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND US_PER_SECOND
#define NOW    (INT64_C(1700000000) * SECOND)

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

    test_repository_open_faulty(&fixture->test);
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

static struct verified *
create(struct fixture *fixture, time_us began)
{
    struct verified *verified;
    struct error err = {0};

    assert_ok(verified_create(&verified, fixture->test.repo, fixture->findings, began, &err));
    return verified;
}

static void
note(struct verified *verified, const char *name, time_us at)
{
    const struct verified_record record = {.name = name, .size_bytes = 10, .at = at};
    struct error err = {0};

    assert_ok(verified_note(verified, &record, &err));
}

static void
carry(struct verified *verified, const char *name, time_us at)
{
    const struct verified_record record = {.name = name, .size_bytes = 10, .at = at};
    struct error err = {0};

    assert_ok(verified_carry(verified, &record, &err));
}

static void
finish(struct verified **verified, bool whole)
{
    struct error err = {0};

    assert_ok(verified_finish(*verified, whole, &err));
    verified_freep(verified);
}

/* "a@5 b@7 ": what is remembered, by seconds after NOW - 100 s. */
static void
expect(struct fixture *fixture, time_us now, const char *text)
{
    SCOPED(verified_past_freep) struct verified_past *past = NULL;
    SCOPED(buffer_release) struct buffer found = BUFFER_INIT(10000);
    struct verified_record record;
    const char *found_text;
    struct error err = {0};
    bool more;

    assert_ok(verified_past_open(&past, fixture->test.repo, fixture->findings, now, &err));
    assert_ok(verified_past_next(past, &more, &record, &err));
    while (more)
    {
        assert_ok(buffer_append_text(&found, &err, "%s@%lld ", record.name,
                                     (long long) ((record.at - NOW) / SECOND + 100)));
        assert_ok(verified_past_next(past, &more, &record, &err));
    }
    assert_ok(buffer_text(&found, &found_text, &err));
    assert_string_equal(found_text, text);
}

static time_us
at(int seconds)
{
    return NOW + (seconds - 100) * SECOND;
}

static void
nothing_is_remembered_of_a_new_repository(void **state)
{
    expect(*state, NOW, "");
}

static void
a_whole_memory_has_what_was_noted_and_carried(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "wal/b", at(10));
    carry(verified, "wal/a", at(3));
    note(verified, "packs/c", at(10));
    finish(&verified, true);

    expect(fixture, NOW, "packs/c@10 wal/a@3 wal/b@10 ");
}

static void
a_part_adds_to_what_was_remembered_and_the_latest_counts(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "a", at(10));
    note(verified, "b", at(10));
    finish(&verified, true);
    verified = create(fixture, at(20));
    note(verified, "b", at(20));
    note(verified, "c", at(20));
    carry(verified, "d", at(9)); /* not in a part */
    finish(&verified, false);

    expect(fixture, NOW, "a@10 b@20 c@20 ");
}

static void
a_newer_whole_memory_replaces_all_before_it(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "a", at(10));
    finish(&verified, true);
    verified = create(fixture, at(20));
    note(verified, "b", at(20));
    finish(&verified, true);

    expect(fixture, NOW, "b@20 ");
}

static void
a_part_that_another_run_writes_meanwhile_is_not_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct verified *slow = create(fixture, at(10));
    struct verified *quick = create(fixture, at(20));

    note(quick, "b", at(20));
    finish(&quick, false);
    note(slow, "a", at(10));
    finish(&slow, true);

    expect(fixture, clock_now(), "a@10 b@20 ");
}

static void
what_was_verified_in_the_future_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "a", at(10));
    note(verified, "b", at(50));
    finish(&verified, true);

    expect(fixture, at(49), "a@10 ");
    expect(fixture, at(50), "a@10 b@50 ");
}

static void
many_notes_go_out_in_parts_before_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));
    SCOPED(verified_past_freep) struct verified_past *past = NULL;
    struct verified_record record;
    struct error err = {0};
    char name[200];
    size_t count = 0;
    bool more;

    for (int index = 0; index < 60000; index++)
    {
        snprintf(name, sizeof(name), "wal/%0100d", index);
        note(verified, name, at(10));
    }
    /* Killed here: what went out is remembered. */
    verified_freep(&verified);

    assert_ok(verified_past_open(&past, fixture->test.repo, fixture->findings, NOW, &err));
    assert_ok(verified_past_next(past, &more, &record, &err));
    for (; more; count++)
        assert_ok(verified_past_next(past, &more, &record, &err));
    assert_between(count, 20000, 60000);
}

static void
a_memory_that_cannot_be_read_is_a_warning(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(10000);
    struct error err = {0};

    assert_ok(store_put(fixture->test.repo->store, "shop/verified/2026-01-01T00-00-00-000000-all",
                        BYTES("not sealed by anybody, and longer than a sealed object's header is, "
                              "which has ninety-six bytes"),
                        &err));

    expect(fixture, NOW, "");
    assert_int_equal(findings_count(fixture->findings, VERIFY_WARNING), 1);
    assert_int_equal(findings_count(fixture->findings, VERIFY_DAMAGE), 0);
}

/* It was superseded and expired since it was listed; what is left is remembered. */
static void
a_memory_that_expires_while_it_is_read_is_no_finding(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "a", at(10));
    finish(&verified, true);
    verified = create(fixture, at(20));
    note(verified, "b", at(20));
    finish(&verified, false);

    faulty_store_arm(fixture->test.repo->store, FAULT_GONE, 2);
    expect(fixture, clock_now(), "b@20 ");
    assert_true(faulty_store_struck(fixture->test.repo->store));
    assert_int_equal(findings_count(fixture->findings, VERIFY_WARNING), 0);
}

static void
a_store_that_takes_no_memory_is_a_warning_once(void **state)
{
    struct fixture *fixture = *state;
    struct verified *verified = create(fixture, at(10));

    note(verified, "a", at(10));
    faulty_store_arm(fixture->test.repo->store, FAULT_IO, 1);
    finish(&verified, true);
    assert_true(faulty_store_struck(fixture->test.repo->store));
    faulty_store_arm(fixture->test.repo->store, FAULT_IO, 0);

    assert_int_equal(findings_count(fixture->findings, VERIFY_WARNING), 1);
    expect(fixture, NOW, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_remembered_of_a_new_repository, setup, teardown),
        cmocka_unit_test_setup_teardown(a_whole_memory_has_what_was_noted_and_carried, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_part_adds_to_what_was_remembered_and_the_latest_counts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_whole_memory_replaces_all_before_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_part_that_another_run_writes_meanwhile_is_not_replaced,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_verified_in_the_future_is_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_notes_go_out_in_parts_before_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_memory_that_cannot_be_read_is_a_warning, setup, teardown),
        cmocka_unit_test_setup_teardown(a_memory_that_expires_while_it_is_read_is_no_finding, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_store_that_takes_no_memory_is_a_warning_once, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
