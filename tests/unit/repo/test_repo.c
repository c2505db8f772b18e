// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/repo.h"
#include "repo/store_delete.h"

#include <stdlib.h>

/* A store in memory and the means to open it. */
struct fixture
{
    char *directory;
    char *key_file;
    struct store *store;
    struct repo_options options;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    fixture->directory = test_directory_create();
    fixture->key_file = path_join(fixture->directory, "key");
    fixture->options = (struct repo_options){
        .cluster = "shop", .unlock = {.key_file = fixture->key_file}, .compression_level = 1};
    assert_ok(keyring_create_key_file(fixture->key_file, &err));
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
    test_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

static enum status
make(struct fixture *fixture, struct error *err)
{
    struct store_dialect dialect;

    return repo_create(fixture->store, &fixture->options, &dialect, err);
}

/* Open it; the store is the fixture's again only if that fails. */
static enum status
open_once(struct fixture *fixture, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;

    TRY(repo_open(&repo, fixture->store, &fixture->options, err));
    fixture->store = NULL;
    return OK;
}

static enum status
count_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    ++*(size_t *) arg;
    return OK;
}

static void
an_existing_repository_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer before = BUFFER_INIT(4096);
    SCOPED(buffer_release) struct buffer after = BUFFER_INIT(4096);
    struct error err = {0};
    size_t count = 0;

    assert_ok(make(fixture, &err));
    assert_ok(store_get(fixture->store, "redoubt.json", &before, &err));
    assert_status(make(fixture, &err), STATUS_CONFLICT);
    assert_message("memory is a repository already");
    assert_ok(store_get(fixture->store, "redoubt.json", &after, &err));
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    assert_ok(store_list(fixture->store, "", "", count_object, &count, &err));
    assert_int_equal(count, 2); /* the marker and one key */
}

static void
a_store_without_a_marker_is_no_repository(void **state)
{
    struct error err = {0};

    assert_status(open_once(*state, &err), STATUS_NOT_FOUND);
    assert_message("there is no repository in memory");
}

static void
encryption_that_the_repository_lacks_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    fixture->options.encryption_off = true;
    assert_ok(make(fixture, &err));
    fixture->options.encryption_off = false;
    assert_status(open_once(fixture, &err), STATUS_REFUSED);
    assert_message("encryption is off, and the configuration on");
}

static void
an_encrypted_repository_is_not_opened_without_encryption(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(make(fixture, &err));
    fixture->options.encryption_off = true;
    assert_status(open_once(fixture, &err), STATUS_REFUSED);
    assert_message("encryption is on, and the configuration off");
}

#define ID "\"id\":\"00112233445566778899aabbccddeeff\""

static void
a_damaged_or_newer_marker_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct
    {
        const char *text;
        enum status want;
        const char *message;
    } cases[] = {
        {"{\"format\":2," ID ",\"encryption\":\"off\",\"conditional_create\":true}",
         STATUS_UNSUPPORTED, "repository format 2, expected 1"},
        {"{\"format\":1," ID ",\"encryption\":\"rot13\",\"conditional_create\":true}",
         STATUS_UNSUPPORTED, "unknown encryption \"rot13\""},
        {"{\"format\":1,\"id\":\"00\",\"encryption\":\"off\",\"conditional_create\":true}",
         STATUS_CORRUPT, "redoubt.json"},
        {"{\"format\":1," ID ",\"encryption\":\"off\"}", STATUS_CORRUPT, "conditional_create"},
        {"{\"format\":1", STATUS_CORRUPT, "redoubt.json"},
        {"", STATUS_CORRUPT, "redoubt.json"},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        assert_ok(store_delete(fixture->store, "redoubt.json", &err));
        assert_ok(store_put(fixture->store, "redoubt.json", bytes_of(cases[index].text), &err));
        assert_status(open_once(fixture, &err), cases[index].want);
        assert_message(cases[index].message);
    }
}

static void
names_that_the_repository_itself_uses_are_no_clusters(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"keys", "probe", "tmp"};
    struct error err = {0};

    for (size_t index = 0; index < 3; index++)
    {
        fixture->options.cluster = names[index];
        assert_status(make(fixture, &err), STATUS_CONFIG);
        assert_message(names[index]);
    }
}

static void
a_key_too_long_for_the_store_is_refused(void **state)
{
    char cluster[2000];
    char key[STORE_KEY_MAX + 1];
    struct repo repo = {.cluster = cluster};
    struct error err = {0};

    (void) state;
    memset(cluster, 'c', sizeof(cluster));
    cluster[STORE_KEY_MAX - 2] = '\0';
    assert_ok(repo_key(&repo, key, &err, "k"));
    assert_int_equal(strlen(key), STORE_KEY_MAX);
    assert_status(repo_key(&repo, key, &err, "kk"), STATUS_CONFIG);
    cluster[STORE_KEY_MAX - 2] = 'c';
    cluster[sizeof(cluster) - 1] = '\0';
    assert_status(repo_key(&repo, key, &err, "k"), STATUS_CONFIG);
}

/* A store that overwrites without a word, as some services do. */
struct careless_store
{
    struct store base;
    struct store *memory;
};

static enum status
careless_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    struct store *memory = ((struct careless_store *) base)->memory;

    TRY(store_delete(memory, key, err));
    return store_put(memory, key, body, err);
}

static enum status
careless_read(struct store *base, const char *key, uint64_t offset, uint64_t length,
              struct sink *into, struct error *err)
{
    return store_read(((struct careless_store *) base)->memory, key, offset, length, into, err);
}

static enum status
careless_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    return store_size(((struct careless_store *) base)->memory, key, size_bytes, err);
}

static enum status
careless_remove(struct store *base, const char *key, struct error *err)
{
    return store_delete(((struct careless_store *) base)->memory, key, err);
}

static void
careless_free(struct store *base)
{
    (void) base;
}

static const struct store_ops careless_ops = {
    .name = "careless",
    .put = careless_put,
    .read = careless_read,
    .size = careless_size,
    .remove = careless_remove,
    .free = careless_free,
};

static void
a_store_that_overwrites_needs_the_promise_of_one_writer(void **state)
{
    struct fixture *fixture = *state;
    struct careless_store careless = {.base = {.ops = &careless_ops, .location = (char *) "there"},
                                      .memory = fixture->store};
    SCOPED(repo_freep) struct repo *repo = NULL;
    struct store_dialect dialect;
    struct error err = {0};
    uint64_t size_bytes;

    assert_status(repo_create(&careless.base, &fixture->options, &dialect, &err), STATUS_REFUSED);
    assert_message("there does not honour conditional creation");
    assert_status(store_size(fixture->store, "redoubt.json", &size_bytes, &err), STATUS_NOT_FOUND);

    fixture->options.single_writer = true;
    assert_ok(repo_create(&careless.base, &fixture->options, &dialect, &err));
    assert_false(dialect.conditional_create);
    assert_ok(repo_open(&repo, &careless.base, &fixture->options, &err));
    assert_false(repo->conditional_create);
    repo_freep(&repo);

    fixture->options.single_writer = false;
    assert_status(repo_open(&repo, &careless.base, &fixture->options, &err), STATUS_REFUSED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_existing_repository_is_left_alone),
        TEST(a_store_without_a_marker_is_no_repository),
        TEST(encryption_that_the_repository_lacks_is_refused),
        TEST(an_encrypted_repository_is_not_opened_without_encryption),
        TEST(a_damaged_or_newer_marker_is_refused),
        TEST(names_that_the_repository_itself_uses_are_no_clusters),
        TEST(a_key_too_long_for_the_store_is_refused),
        TEST(a_store_that_overwrites_needs_the_promise_of_one_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
