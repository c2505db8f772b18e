// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/receipt_build.h"
#include "tests/support/repository.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>

#define RECEIPTS 3

struct fixture
{
    struct test_repository test;
    struct repo *repo;
    struct catalog catalog;
    char keys[RECEIPTS][STORE_KEY_MAX + 1];
};

static int
setup(void **state, bool encrypted)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    test_repository_open(&fixture->test, encrypted);
    fixture->repo = fixture->test.repo;
    for (unsigned number = 0; number < RECEIPTS; number++)
    {
        SCOPED(receipt_release) struct receipt receipt;
        struct error err = {0};

        receipt_build(&receipt, number);
        receipt_build_commit(fixture->repo, &fixture->catalog, &receipt);
        assert_ok(drill_key(fixture->repo, receipt.drill.id, fixture->keys[number], &err));
    }
    *state = fixture;
    return 0;
}

static int
setup_sealed(void **state)
{
    return setup(state, true);
}

static int
setup_plain(void **state)
{
    return setup(state, false);
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    catalog_release(&fixture->catalog);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

/* One finding and no other; none at all when kind is NULL. */
static void
expect(struct fixture *fixture, enum verify_severity severity, const char *kind, const char *object)
{
    const struct verify_options everything = {.all = true, .workers = 2};
    SCOPED(verify_result_release) struct verify_result result = {0};
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    assert_ok(verify_run(fixture->repo, &everything, &result, &err));
    assert_true(result.complete);
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    if (kind != NULL)
    {
        assert_true(more);
        assert_int_equal(finding.severity, severity);
        assert_string_equal(finding.kind, kind);
        assert_string_equal(finding.object, object);
        assert_ok(findings_next(result.findings, &more, &finding, &err));
    }
    if (more)
        fail_msg("%s %s: %s", finding.kind, finding.object, finding.text);
}

static void
get(struct fixture *fixture, const char *key, struct buffer *body)
{
    struct error err = {0};

    assert_ok(store_get(fixture->repo->store, key, body, &err));
}

static void
replace(struct fixture *fixture, const char *key, const struct buffer *body)
{
    struct error err = {0};

    assert_ok(store_delete(fixture->repo->store, key, &err));
    assert_ok(store_put(fixture->repo->store, key, buffer_bytes(body), &err));
}

static void
whole_receipts_are_good(void **state)
{
    expect(*state, 0, NULL, NULL);
}

static void
one_that_is_missing_is_damage(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(store_delete(fixture->repo->store, fixture->keys[1], &err));
    expect(fixture, VERIFY_DAMAGE, "missing", fixture->keys[1]);
}

static void
one_that_was_changed_is_damage(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);

    get(fixture, fixture->keys[2], &body);
    body.data[body.size / 2] ^= 1;
    replace(fixture, fixture->keys[2], &body);
    expect(fixture, VERIFY_DAMAGE, "damaged", fixture->keys[2]);
}

/* Well-formed, and not what the log says: nothing else tells it without encryption. */
static void
one_that_says_another_verdict_than_the_log_is_damage(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};

    receipt_build(&receipt, 0);
    receipt.drill.verdict = DRILL_FAILED;
    assert_ok(store_delete(fixture->repo->store, fixture->keys[0], &err));
    assert_ok(receipt_store(fixture->repo, &receipt, &err));
    expect(fixture, VERIFY_DAMAGE, "damaged", fixture->keys[0]);
}

static void
one_that_the_log_does_not_have_is_an_orphan(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(receipt_release) struct receipt receipt;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    receipt_build(&receipt, 7);
    assert_ok(receipt_store(fixture->repo, &receipt, &err));
    assert_ok(drill_key(fixture->repo, receipt.drill.id, key, &err));
    expect(fixture, VERIFY_INFORMATION, "orphan", key);
}

/* Of a drill so long ago that the catalog has forgotten it. */
static void
one_that_is_long_ago_is_good(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned number = 0; number < CATALOG_DRILLS; number++)
    {
        SCOPED(receipt_release) struct receipt receipt;

        receipt_build(&receipt, RECEIPTS + number);
        receipt_build_commit(fixture->repo, &fixture->catalog, &receipt);
    }
    assert_null(catalog_find_drill(&fixture->catalog, drill_build(0, DRILL_PASSED).id));
    expect(fixture, 0, NULL, NULL);
}

static void
what_has_no_name_of_ours_is_unexpected(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(store_put(fixture->repo->store, "shop/drills/notes.txt", BYTES("x"), &err));
    expect(fixture, VERIFY_INFORMATION, "unexpected", "shop/drills/notes.txt");
}

#define SEALED(test) cmocka_unit_test_setup_teardown(test, setup_sealed, teardown)
#define PLAIN(test)  cmocka_unit_test_setup_teardown(test, setup_plain, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(whole_receipts_are_good),
        PLAIN(whole_receipts_are_good),
        SEALED(one_that_is_missing_is_damage),
        SEALED(one_that_was_changed_is_damage),
        PLAIN(one_that_says_another_verdict_than_the_log_is_damage),
        SEALED(one_that_the_log_does_not_have_is_an_orphan),
        SEALED(one_that_is_long_ago_is_good),
        SEALED(what_has_no_name_of_ours_is_unexpected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
