// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/wal.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "000000010000000000000001"

struct fixture
{
    struct test_repository original;
    struct test_repository copy;
    int source;
    char key[STORE_KEY_MAX + 1];
};

static void
fill_source(struct fixture *fixture, const char *content)
{
    assert_int_equal(ftruncate(fixture->source, 0), 0);
    assert_int_equal(pwrite(fixture->source, content, strlen(content), 0), strlen(content));
}

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct wal_file file = {42, NAME};
    struct error err = {0};

    test_repository_open(&fixture->original, true);
    test_repository_open_copy(&fixture->copy, &fixture->original);
    assert_ok(wal_key(fixture->original.repo, &file, fixture->key, &err));
    fixture->source = open(fixture->original.directory, O_TMPFILE | O_RDWR, 0600);
    assert_true(fixture->source >= 0);
    fill_source(fixture, "some WAL");
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    close(fixture->source);
    test_repository_close(&fixture->copy);
    test_repository_close(&fixture->original);
    free(fixture);
    return 0;
}

static enum status
push(struct fixture *fixture, const struct wal_offer *offer, struct repo *repo,
     enum wal_push_result *result, struct error *err)
{
    return wal_offer_push(offer, repo, fixture->key, result, err);
}

static struct wal_offer *
make(struct fixture *fixture)
{
    struct wal_offer *offer = NULL;
    struct error err = {0};

    assert_ok(wal_offer_make(&offer, fixture->original.repo, fixture->source, "source", &err));
    return offer;
}

static void
expect_content(struct fixture *fixture, struct repo *repo, const char *wanted)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(4096);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    const char *text;

    assert_ok(sink_open_buffer(&sink, &content, &err));
    assert_ok(wal_read_key(repo, fixture->key, &sink, &err));
    assert_ok(buffer_text(&content, &text, &err));
    assert_string_equal(text, wanted);
}

static void
one_offer_goes_into_an_original_and_its_copy(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(wal_offer_freep) struct wal_offer *offer = make(fixture);
    struct repo *const repos[] = {fixture->original.repo, fixture->copy.repo};
    enum wal_push_result result;
    struct error err = {0};

    for (size_t index = 0; index < 2; index++)
    {
        assert_ok(push(fixture, offer, repos[index], &result, &err));
        assert_int_equal(result, WAL_STORED);
        assert_ok(push(fixture, offer, repos[index], &result, &err));
        assert_int_equal(result, WAL_ALREADY_THERE);
        expect_content(fixture, repos[index], "some WAL");
    }
}

/* The copy gets it by the next run of copy; archiving does not wait for that. */
static void
a_copy_without_the_newest_key_takes_the_offer_too(void **state)
{
    struct fixture *fixture = *state;
    enum wal_push_result result;
    struct error err = {0};

    assert_ok(keyring_add_key(fixture->original.repo->keyring, &err));
    SCOPED(wal_offer_freep) struct wal_offer *offer = make(fixture);

    assert_ok(push(fixture, offer, fixture->copy.repo, &result, &err));
    assert_ok(push(fixture, offer, fixture->copy.repo, &result, &err));

    assert_int_equal(result, WAL_ALREADY_THERE);
    expect_content(fixture, fixture->copy.repo, "some WAL");
    fill_source(fixture, "other WAL");
    SCOPED(wal_offer_freep) struct wal_offer *other = make(fixture);
    assert_status(push(fixture, other, fixture->copy.repo, &result, &err), STATUS_CONFLICT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_offer_goes_into_an_original_and_its_copy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_copy_without_the_newest_key_takes_the_offer_too, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
