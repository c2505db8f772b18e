// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/keyring.h"
#include "repo/store_delete.h"
#include "tests/support/faulty_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const uint8_t repository_id[REPOSITORY_ID_SIZE] = {1, 2, 3};
#define KEYS "keys/01020300000000000000000000000000/"

struct fixture
{
    char *directory;
    char *key_file;
    char *passphrase_file;
    struct store *store;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    fixture->directory = test_directory_create();
    fixture->key_file = path_join(fixture->directory, "key");
    fixture->passphrase_file = path_join(fixture->directory, "passphrase");
    assert_ok(keyring_create_key_file(fixture->key_file, &err));
    assert_ok(file_create(fixture->passphrase_file, 0600, BYTES("correct horse\n"), &err));
    assert_ok(store_open_memory(&fixture->store, &err));
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_freep(&fixture->store);
    free(fixture->key_file);
    free(fixture->passphrase_file);
    test_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

static enum status
open_by_file(struct fixture *fixture, struct keyring **keyring, struct error *err)
{
    const struct keyring_unlock unlock = {.key_file = fixture->key_file};

    return keyring_open(keyring, fixture->store, repository_id, &unlock, err);
}

static enum status
open_by_passphrase(struct fixture *fixture, struct keyring **keyring, struct error *err)
{
    const struct keyring_unlock unlock = {.passphrase_file = fixture->passphrase_file};

    return keyring_open(keyring, fixture->store, repository_id, &unlock, err);
}

/* The active key of a keyring that was just opened. */
static enum status
read_active(struct fixture *fixture,
            enum status (*open)(struct fixture *fixture, struct keyring **keyring,
                                struct error *err),
            struct seal_key_id *id, struct secret *secret, struct error *err)
{
    SCOPED(keyring_freep) struct keyring *keyring = NULL;

    TRY(open(fixture, &keyring, err));
    return keyring_active(keyring, id, secret, err);
}

static void
make_key(struct fixture *fixture,
         enum status (*open)(struct fixture *fixture, struct keyring **keyring, struct error *err),
         struct seal_key_id *id, struct secret *secret)
{
    SCOPED(keyring_freep) struct keyring *keyring = NULL;
    struct error err = {0};

    assert_ok(open(fixture, &keyring, &err));
    assert_ok(keyring_add_key(keyring, &err));
    assert_ok(keyring_active(keyring, id, secret, &err));
}

static void
a_key_file_opens_what_it_wrapped(void **state)
{
    struct seal_key_id made, found;
    struct secret want, got;
    struct error err = {0};
    struct stat info;

    make_key(*state, open_by_file, &made, &want);
    assert_ok(read_active(*state, open_by_file, &found, &got, &err));
    assert_memory_equal(&made, &found, sizeof(made));
    assert_memory_equal(&want, &got, sizeof(want));
    assert_int_equal(stat(((struct fixture *) *state)->key_file, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void
a_passphrase_opens_what_it_wrapped(void **state)
{
    struct seal_key_id made, found;
    struct secret want, got;
    struct error err = {0};

    make_key(*state, open_by_passphrase, &made, &want);
    assert_ok(read_active(*state, open_by_passphrase, &found, &got, &err));
    assert_memory_equal(&want, &got, sizeof(want));
}

static void
another_passphrase_does_not_open_it(void **state)
{
    struct fixture *fixture = *state;
    struct seal_key_id id;
    struct secret secret;
    struct error err = {0};

    make_key(fixture, open_by_passphrase, &id, &secret);
    assert_ok(file_replace(fixture->passphrase_file, 0600, BYTES("correct horsf\n"), &err));
    assert_status(read_active(fixture, open_by_passphrase, &id, &secret, &err), STATUS_CORRUPT);
    assert_message("the configured passphrase does not open it");
}

static void
another_key_file_does_not_open_it(void **state)
{
    struct fixture *fixture = *state;
    struct seal_key_id id;
    struct secret secret;
    struct error err = {0};

    make_key(fixture, open_by_file, &id, &secret);
    assert_int_equal(remove(fixture->key_file), 0);
    assert_ok(keyring_create_key_file(fixture->key_file, &err));
    assert_status(read_active(fixture, open_by_file, &id, &secret, &err), STATUS_CORRUPT);
    assert_message("the configured key file does not open it");
}

static void
a_passphrase_for_a_key_file_is_a_matter_of_configuration(void **state)
{
    struct seal_key_id id;
    struct secret secret;
    struct error err = {0};

    make_key(*state, open_by_file, &id, &secret);
    assert_status(read_active(*state, open_by_passphrase, &id, &secret, &err), STATUS_CONFIG);
    assert_message("wrapped by a key file, and the configuration gives a passphrase");
}

static void
a_key_file_is_never_overwritten(void **state)
{
    struct error err = {0};

    assert_status(keyring_create_key_file(((struct fixture *) *state)->key_file, &err),
                  STATUS_CONFLICT);
}

static void
what_is_no_key_file_is_a_matter_of_configuration(void **state)
{
    struct fixture *fixture = *state;
    static const char *const contents[] = {
        "",
        "\n",
        "redoubt-key-1:",
        "redoubt-key-1:00",
        "redoubt-key-2:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n",
        "redoubt-key-1:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f00\n",
        "redoubt-key-1:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0g\n",
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(contents) / sizeof(contents[0]); index++)
    {
        SCOPED(keyring_freep) struct keyring *keyring = NULL;

        assert_ok(file_replace(fixture->key_file, 0600, bytes_of(contents[index]), &err));
        assert_status(open_by_file(fixture, &keyring, &err), STATUS_CONFIG);
        assert_message("is not a key file");
    }
    assert_int_equal(remove(fixture->key_file), 0);
    SCOPED(keyring_freep) struct keyring *keyring = NULL;
    assert_status(open_by_file(fixture, &keyring, &err), STATUS_CONFIG);
}

static void
an_empty_passphrase_is_refused(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(keyring_freep) struct keyring *keyring = NULL;
    struct error err = {0};

    assert_ok(file_replace(fixture->passphrase_file, 0600, BYTES("\n"), &err));
    assert_status(open_by_passphrase(fixture, &keyring, &err), STATUS_CONFIG);
    assert_message("is empty");
}

static void
the_newest_key_is_active_and_older_ones_still_open(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(keyring_freep) struct keyring *keyring = NULL;
    struct seal_key_id ids[3], found;
    struct secret secrets[3], got;
    struct error err = {0};

    for (size_t index = 0; index < 3; index++)
        make_key(fixture, open_by_file, &ids[index], &secrets[index]);
    assert_ok(open_by_file(fixture, &keyring, &err));
    assert_ok(keyring_active(keyring, &found, &got, &err));
    assert_memory_equal(&found, &ids[2], sizeof(found));
    for (size_t index = 0; index < 3; index++)
    {
        assert_ok(keyring_find(keyring, &ids[index], &got, &err));
        assert_memory_equal(&got, &secrets[index], sizeof(got));
    }
}

/* A listing that breaks off after the oldest key must not make that one the newest. */
static void
a_listing_cut_short_does_not_choose_an_older_key(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(store_freep) struct store *faulty = NULL;
    SCOPED(keyring_freep) struct keyring *keyring = NULL;
    const struct keyring_unlock unlock = {.key_file = fixture->key_file};
    struct seal_key_id ids[2], found;
    struct secret secret;
    struct error err = {0};

    make_key(fixture, open_by_file, &ids[0], &secret);
    make_key(fixture, open_by_file, &ids[1], &secret);
    assert_ok(faulty_store_open(&faulty, fixture->store, &err));
    assert_ok(keyring_open(&keyring, faulty, repository_id, &unlock, &err));
    faulty_store_arm(faulty, FAULT_TRANSIENT, 1);
    assert_status(keyring_active(keyring, &found, &secret, &err), STATUS_TRANSIENT);
    assert_ok(keyring_active(keyring, &found, &secret, &err));
    assert_memory_equal(&found, &ids[1], sizeof(found));
}

static void
a_repository_without_keys_is_corrupt(void **state)
{
    struct seal_key_id id = {{7}};
    struct secret secret;
    struct error err = {0};
    SCOPED(keyring_freep) struct keyring *keyring = NULL;

    assert_status(read_active(*state, open_by_file, &id, &secret, &err), STATUS_CORRUPT);
    assert_message("no data key");
    assert_ok(open_by_file(*state, &keyring, &err));
    assert_status(keyring_find(keyring, &id, &secret, &err), STATUS_CORRUPT);
    assert_message("is not in the repository");
}

static void
an_object_that_is_no_key_among_the_keys_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct seal_key_id id;
    struct secret secret;
    struct error err = {0};

    make_key(fixture, open_by_file, &id, &secret);
    assert_ok(store_put(fixture->store, KEYS "zzz.json", BYTES("{}"), &err));
    assert_status(read_active(fixture, open_by_file, &id, &secret, &err), STATUS_CORRUPT);
    assert_message("zzz.json");
}

/* An init that lost a race, or died, leaves a key that no redoubt.json belongs to. */
static void
a_key_of_another_repository_is_not_the_active_one(void **state)
{
    static const uint8_t abandoned[REPOSITORY_ID_SIZE] = {255};
    struct fixture *fixture = *state;
    struct keyring_unlock unlock = {.key_file = fixture->key_file};
    SCOPED(keyring_freep) struct keyring *other = NULL;
    struct seal_key_id id, found;
    struct secret want, got;
    struct error err = {0};

    make_key(fixture, open_by_file, &id, &want);
    assert_ok(keyring_open(&other, fixture->store, abandoned, &unlock, &err));
    assert_ok(keyring_add_key(other, &err));
    assert_ok(read_active(fixture, open_by_file, &found, &got, &err));
    assert_memory_equal(&found, &id, sizeof(id));
    assert_memory_equal(&got, &want, sizeof(want));
}

/* Put bytes in the place of a key's object. */
static void
replace_object(struct store *store, const char *name, struct bytes content)
{
    struct error err = {0};

    assert_ok(store_delete(store, name, &err));
    assert_ok(store_put(store, name, content, &err));
}

static void
a_changed_byte_anywhere_in_a_key_object_is_never_another_key(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(4096);
    struct seal_key_id id, found;
    struct secret want, got;
    struct error err = {0};
    char text[2 * SEAL_KEY_ID_SIZE + 1];
    char name[96];

    make_key(fixture, open_by_file, &id, &want);
    hex_encode((struct bytes){id.bytes, SEAL_KEY_ID_SIZE}, text);
    snprintf(name, sizeof(name), KEYS "%s.json", text);
    assert_ok(store_get(fixture->store, name, &stored, &err));
    for (size_t index = 0; index < stored.size; index++)
    {
        enum status status;

        stored.data[index] ^= 1;
        replace_object(fixture->store, name, buffer_bytes(&stored));
        status = read_active(fixture, open_by_file, &found, &got, &err);
        stored.data[index] ^= 1;
        /* The date and the names of members beside it are nobody's business. */
        if (status == OK)
            assert_memory_equal(&got, &want, sizeof(want));
        else
            assert_true(status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED);
    }
}

static void
another_key_s_object_under_this_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(4096);
    struct seal_key_id ids[2];
    struct secret secret;
    struct error err = {0};
    char text[2 * SEAL_KEY_ID_SIZE + 1];
    char names[2][96];

    for (size_t index = 0; index < 2; index++)
    {
        make_key(fixture, open_by_file, &ids[index], &secret);
        hex_encode((struct bytes){ids[index].bytes, SEAL_KEY_ID_SIZE}, text);
        snprintf(names[index], sizeof(names[index]), KEYS "%s.json", text);
    }
    assert_ok(store_get(fixture->store, names[0], &stored, &err));
    replace_object(fixture->store, names[1], buffer_bytes(&stored));
    assert_status(read_active(fixture, open_by_file, &ids[0], &secret, &err), STATUS_CORRUPT);
    assert_message("another key's id");
}

static void
a_key_of_another_repository_does_not_open(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t other_id[REPOSITORY_ID_SIZE] = {9};
    SCOPED(keyring_freep) struct keyring *other = NULL;
    const struct keyring_unlock unlock = {.key_file = fixture->key_file};
    struct seal_key_id id;
    struct secret secret;
    struct error err = {0};

    make_key(fixture, open_by_file, &id, &secret);
    assert_ok(keyring_open(&other, fixture->store, other_id, &unlock, &err));
    assert_status(keyring_active(other, &id, &secret, &err), STATUS_CORRUPT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_file_opens_what_it_wrapped),
        TEST(a_passphrase_opens_what_it_wrapped),
        TEST(another_passphrase_does_not_open_it),
        TEST(another_key_file_does_not_open_it),
        TEST(a_passphrase_for_a_key_file_is_a_matter_of_configuration),
        TEST(a_key_file_is_never_overwritten),
        TEST(what_is_no_key_file_is_a_matter_of_configuration),
        TEST(an_empty_passphrase_is_refused),
        TEST(the_newest_key_is_active_and_older_ones_still_open),
        TEST(a_listing_cut_short_does_not_choose_an_older_key),
        TEST(a_repository_without_keys_is_corrupt),
        TEST(an_object_that_is_no_key_among_the_keys_is_corrupt),
        TEST(a_key_of_another_repository_is_not_the_active_one),
        TEST(a_changed_byte_anywhere_in_a_key_object_is_never_another_key),
        TEST(another_key_s_object_under_this_name_is_refused),
        TEST(a_key_of_another_repository_does_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
