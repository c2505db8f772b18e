// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "copy/copy_object.h"
#include "repo/wal.h"
#include "tests/support/repository.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "000000010000000000000001"

/* WAL that was archived to both, each sealing it for itself. */
struct fixture
{
    struct test_repository original;
    struct test_repository copy;
    struct copy_hand hand;
    struct copy_subject subject;
    char key[STORE_KEY_MAX + 1];
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct wal_file file = {42, NAME};
    struct error err = {0};

    test_repository_open(&fixture->original, true);
    test_repository_open_copy(&fixture->copy, &fixture->original);
    fixture->hand = (struct copy_hand){fixture->original.repo, fixture->copy.repo, NULL};
    assert_ok(wal_key(fixture->original.repo, &file, fixture->key, &err));
    assert_ok(object_name_read(fixture->original.repo, fixture->key, &fixture->subject.name, &err));
    fixture->subject.key = fixture->key;
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    test_repository_close(&fixture->copy);
    test_repository_close(&fixture->original);
    free(fixture);
    return 0;
}

static void
archive(struct fixture *fixture, struct repo *repo, const char *content)
{
    int source = open(fixture->original.directory, O_TMPFILE | O_RDWR, 0600);
    enum wal_push_result result;
    struct error err = {0};

    assert_true(source >= 0);
    assert_int_equal(pwrite(source, content, strlen(content), 0), strlen(content));
    assert_ok(wal_push_key(repo, fixture->key, source, "source", &result, &err));
    close(source);
}

static enum copy_outcome
settle(struct fixture *fixture, struct error *reason)
{
    enum copy_outcome outcome;
    struct error err = {0};

    assert_ok(store_size(fixture->original.repo->store, fixture->key, &fixture->subject.size_bytes,
                         &err));
    /* As after another level of compression: only then the digests are asked. */
    fixture->subject.size_bytes += 1000;
    assert_ok(copy_settle(&fixture->hand, &fixture->subject, &outcome, reason, &err));
    return outcome;
}

static void
the_same_wal_is_present_however_it_was_sealed(void **state)
{
    struct fixture *fixture = *state;
    struct error reason = {0};

    archive(fixture, fixture->original.repo, "some WAL");
    archive(fixture, fixture->copy.repo, "some WAL");

    assert_int_equal(settle(fixture, &reason), COPY_OUTCOME_PRESENT);
}

static void
other_wal_is_different_and_both_places_are_named(void **state)
{
    struct fixture *fixture = *state;
    struct error reason = {0};

    archive(fixture, fixture->original.repo, "some WAL");
    archive(fixture, fixture->copy.repo, "other WAL");

    assert_int_equal(settle(fixture, &reason), COPY_OUTCOME_DIFFERENT);
    assert_non_null(strstr(reason.message, "has WAL with digest"));
}

/* A newer data key in the original makes other digests of the same content. */
static void
digests_of_different_keys_are_compared_by_content(void **state)
{
    struct fixture *fixture = *state;
    struct error reason = {0};
    struct error err = {0};

    archive(fixture, fixture->copy.repo, "some WAL");
    assert_ok(keyring_add_key(fixture->original.repo->keyring, &err));
    archive(fixture, fixture->original.repo, "some WAL");

    assert_int_equal(settle(fixture, &reason), COPY_OUTCOME_PRESENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_wal_is_present_however_it_was_sealed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(other_wal_is_different_and_both_places_are_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(digests_of_different_keys_are_compared_by_content, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
