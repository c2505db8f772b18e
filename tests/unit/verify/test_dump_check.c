// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "tests/support/dump_build.h"
#include "tests/support/repository.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>

#define NIGHT (INT64_C(1795150800) * US_PER_SECOND) /* 2026-11-20 05:00 UTC */

/* Two dumps of one database, and one of another. */
struct fixture
{
    struct test_repository test;
    struct repo *repo;
    struct catalog catalog;
    struct dump dumps[3];
};

static int
setup(void **state, bool encrypted)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    test_repository_open(&fixture->test, encrypted);
    fixture->repo = fixture->test.repo;
    fixture->dumps[0] = dump_build("shop", NIGHT);
    fixture->dumps[1] = dump_build("shop", NIGHT + US_PER_SECOND);
    fixture->dumps[2] = dump_build("a/b", NIGHT);
    fixture->dumps[2].compression = DUMP_GZIP;
    for (size_t index = 0; index < 3; index++)
        dump_build_commit(fixture->repo, &fixture->catalog, &fixture->dumps[index]);
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

static void
verify(struct fixture *fixture, struct verify_result *result)
{
    const struct verify_options everything = {.all = true, .workers = 2};
    struct error err = {0};

    assert_ok(verify_run(fixture->repo, &everything, result, &err));
    assert_true(result->complete);
}

/* One finding and no other. */
static void
expect_finding(struct fixture *fixture, enum verify_severity severity, const char *kind,
               const char *object, const char *text)
{
    SCOPED(verify_result_release) struct verify_result result = {0};
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    verify(fixture, &result);
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    assert_true(more);
    assert_int_equal(finding.severity, severity);
    assert_string_equal(finding.kind, kind);
    assert_string_equal(finding.object, object);
    if (strstr(finding.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", finding.text, text);
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    if (more)
        fail_msg("and %s %s: %s", finding.kind, finding.object, finding.text);
}

static void
expect_clean(struct fixture *fixture)
{
    SCOPED(verify_result_release) struct verify_result result = {0};
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    verify(fixture, &result);
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    if (more)
        fail_msg("%s %s: %s", finding.kind, finding.object, finding.text);
}

static void
key_of(struct fixture *fixture, size_t dump, const char *extension, char key[STORE_KEY_MAX + 1])
{
    dump_build_key(fixture->repo, &fixture->dumps[dump],
                   extension == NULL ? dump_extension(&fixture->dumps[dump]) : extension, key);
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
whole_dumps_are_good(void **state)
{
    expect_clean(*state);
}

/* NULL stands for the data. */
static const struct
{
    const char *extension;
    const char *text;
} objects[] = {
    {NULL, "the dump cannot be restored"},
    {DUMP_EXTENSION_GLOBALS, "roles and tablespaces"},
    {DUMP_EXTENSION_DOCUMENT, "only be restored by hand"},
};

static void
each_object_that_is_missing_is_damage(void **state)
{
    struct fixture *fixture = *state;

    for (size_t dump = 0; dump < 3; dump++)
        for (size_t index = 0; index < 3; index++)
        {
            SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
            char key[STORE_KEY_MAX + 1];
            struct error err = {0};

            key_of(fixture, dump, objects[index].extension, key);
            get(fixture, key, &body);
            assert_ok(store_delete(fixture->repo->store, key, &err));
            expect_finding(fixture, VERIFY_DAMAGE, "missing", key, objects[index].text);
            assert_ok(store_put(fixture->repo->store, key, buffer_bytes(&body), &err));
        }
    expect_clean(fixture);
}

static void
each_object_that_was_changed_or_cut_is_damage(void **state)
{
    struct fixture *fixture = *state;

    for (size_t dump = 0; dump < 3; dump++)
        for (size_t index = 0; index < 3; index++)
        {
            SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
            char key[STORE_KEY_MAX + 1];

            key_of(fixture, dump, objects[index].extension, key);
            get(fixture, key, &body);
            body.data[body.size / 2] ^= 1;
            replace(fixture, key, &body);
            expect_finding(fixture, VERIFY_DAMAGE, "damaged", key, "");
            body.data[body.size / 2] ^= 1;
            body.size--;
            replace(fixture, key, &body);
            expect_finding(fixture, VERIFY_DAMAGE, "damaged", key, "");
            body.size++;
            replace(fixture, key, &body);
        }
    expect_clean(fixture);
}

/* Whole and well-formed, and another dump's. */
static void
swapped_documents_are_damage(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
    char one[STORE_KEY_MAX + 1];
    char other[STORE_KEY_MAX + 1];

    key_of(fixture, 0, DUMP_EXTENSION_DOCUMENT, one);
    key_of(fixture, 1, DUMP_EXTENSION_DOCUMENT, other);
    get(fixture, one, &body);
    replace(fixture, other, &body);

    expect_finding(fixture, VERIFY_DAMAGE, "damaged", other, "");
}

/* Without encryption nothing else tells them apart. */
static void
data_of_another_dump_has_another_digest(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char key[STORE_KEY_MAX + 1];

    key_of(fixture, 0, NULL, key);
    assert_ok(store_delete(fixture->repo->store, key, &err));
    assert_ok(object_put(fixture->repo, key, OBJECT_COMPRESSED, BYTES("another dump\n"), &err));

    expect_finding(fixture, VERIFY_DAMAGE, "damaged", key, "SHA-256");
}

static void
what_the_catalog_does_not_have_is_an_orphan_unless_it_is_condemned(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const struct catalog_entry entry = {.condemnation = &condemnation};
    const struct dump stray = dump_build("shop", NIGHT + 2 * US_PER_SECOND);
    char key[STORE_KEY_MAX + 1] = "shop/dumps/";
    char id[DUMP_ID_SIZE];
    struct error err = {0};

    dump_build_put(fixture->repo, &stray);
    dump_id(&stray, id);
    snprintf(key, sizeof(key), "shop/dumps/%s", id);
    expect_finding(fixture, VERIFY_INFORMATION, "orphan", key, "3 objects");

    assert_ok(condemnation_add_dump(&condemnation, id, &err));
    assert_ok(
        catalog_append(fixture->repo, &fixture->catalog, &entry, (struct catalog_check){0}, &err));
    expect_clean(fixture);
}

static void
what_has_no_name_of_ours_is_unexpected(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char other[STORE_KEY_MAX + 1];

    assert_ok(store_put(fixture->repo->store, "shop/dumps/shop/notes.txt", BYTES("x"), &err));
    expect_finding(fixture, VERIFY_INFORMATION, "unexpected", "shop/dumps/shop/notes.txt", "");
    assert_ok(store_delete(fixture->repo->store, "shop/dumps/shop/notes.txt", &err));

    /* In another format than the log says. */
    key_of(fixture, 0, "tar.zst", other);
    assert_ok(store_put(fixture->repo->store, other, BYTES("x"), &err));
    expect_finding(fixture, VERIFY_INFORMATION, "unexpected", other, "");
}

static void
what_was_verified_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    const struct verify_options usual = {.older_than_ms = 86400000, .workers = 1};
    SCOPED(verify_result_release) struct verify_result first = {0};
    SCOPED(verify_result_release) struct verify_result second = {0};
    struct error err = {0};

    assert_ok(verify_run(fixture->repo, &usual, &first, &err));
    assert_ok(verify_run(fixture->repo, &usual, &second, &err));
    assert_int_equal(first.remembered, 0);
    assert_int_equal(second.remembered, 9);
}

/* The log cannot be read: the dumps are opened all the same. */
static void
damage_is_found_without_a_log(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer entry = BUFFER_INIT(1 << 20);
    SCOPED(verify_result_release) struct verify_result result = {0};
    const char *log = "shop/log/00000000000000000002.json";
    char key[STORE_KEY_MAX + 1];
    struct verify_finding finding;
    struct error err = {0};
    bool more;
    bool found = false;

    get(fixture, log, &entry);
    entry.data[entry.size - 1] ^= 1;
    replace(fixture, log, &entry);
    key_of(fixture, 1, NULL, key);
    get(fixture, key, &body);
    body.data[body.size / 2] ^= 1;
    replace(fixture, key, &body);

    verify(fixture, &result);
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    while (more)
    {
        found |= strcmp(finding.object, key) == 0 && finding.severity == VERIFY_DAMAGE;
        assert_ok(findings_next(result.findings, &more, &finding, &err));
    }
    assert_true(found);
    assert_int_equal(findings_count(result.findings, VERIFY_DAMAGE), 2);
}

/* With encryption, and again without. */
#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define TEST(test)        WITH(setup_sealed, test), WITH(setup_plain, test)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole_dumps_are_good),
        TEST(each_object_that_is_missing_is_damage),
        TEST(each_object_that_was_changed_or_cut_is_damage),
        TEST(swapped_documents_are_damage),
        TEST(data_of_another_dump_has_another_digest),
        TEST(what_the_catalog_does_not_have_is_an_orphan_unless_it_is_condemned),
        TEST(what_has_no_name_of_ours_is_unexpected),
        TEST(what_was_verified_is_remembered),
        TEST(damage_is_found_without_a_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
