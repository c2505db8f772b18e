// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "config/config.h"

#include <stdlib.h>

static const char text[] = "cluster: shop\n"
                           "repository: {store: s3, region: auto, bucket: abc, credentials: file,\n"
                           "             credentials_file: /etc/redoubt/s3-credentials}\n"
                           "encryption: {key_file: /etc/redoubt/repository.key}\n"
                           "repositories:\n"
                           "  offsite: {store: s3, region: auto, bucket: def, credentials: file,\n"
                           "            credentials_file: /etc/redoubt/offsite-credentials}\n";

/* A directory with a configuration, and systemd's directory of credentials. */
struct place
{
    char *path;
    char *config;
    char *credentials;
};

static int
set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct error err;

    place->path = test_directory_create();
    place->config = path_join(place->path, "shop.yaml");
    place->credentials = path_join(place->path, "credentials");
    assert_ok(file_create(place->config, 0600, BYTES(text), &err));
    assert_ok(directory_create(place->credentials, 0700, &err));
    setenv("CREDENTIALS_DIRECTORY", place->credentials, 1);
    *state = place;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *place = *state;

    unsetenv("CREDENTIALS_DIRECTORY");
    test_directory_remove(place->path);
    free(place->config);
    free(place->credentials);
    free(place);
    return 0;
}

static void
give(const struct place *place, const char *name)
{
    SCOPED(freep) char *path = path_join(place->credentials, name);
    struct error err;

    assert_ok(file_create(path, 0400, BYTES("secret\n"), &err));
}

static void
assert_in_credentials(const struct place *place, const char *path, const char *name)
{
    SCOPED(freep) char *expected = path_join(place->credentials, name);

    assert_string_equal(path, expected);
}

static void
a_credential_takes_the_place_of_the_file_of_its_name(void **state)
{
    const struct place *place = *state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err;

    give(place, "repository.key");
    give(place, "s3-credentials");
    give(place, "offsite-credentials");
    assert_ok(config_load(place->config, &config, &err));

    assert_in_credentials(place, config->encryption.key_file, "repository.key");
    assert_in_credentials(place, config->repository.credentials_file, "s3-credentials");
    assert_in_credentials(place, config->further.items[0].credentials_file, "offsite-credentials");
}

static void
what_systemd_does_not_have_is_where_it_was(void **state)
{
    const struct place *place = *state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err;

    give(place, "s3-credentials");
    assert_ok(config_load(place->config, &config, &err));

    assert_string_equal(config->encryption.key_file, "/etc/redoubt/repository.key");
    assert_in_credentials(place, config->repository.credentials_file, "s3-credentials");
    assert_string_equal(config->further.items[0].credentials_file,
                        "/etc/redoubt/offsite-credentials");
}

static void
without_systemd_the_files_are_where_they_were(void **state)
{
    const struct place *place = *state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err;

    give(place, "repository.key");
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_ok(config_load(place->config, &config, &err));

    assert_string_equal(config->encryption.key_file, "/etc/redoubt/repository.key");
}

static void
a_passphrase_can_be_a_credential(void **state)
{
    static const char with_passphrase[] = "cluster: shop\n"
                                          "repository: {store: file, path: /srv/backup}\n"
                                          "encryption: {passphrase_file: /etc/redoubt/phrase}\n";
    const struct place *place = *state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err;

    give(place, "phrase");
    assert_ok(file_replace(place->config, 0600, BYTES(with_passphrase), &err));
    assert_ok(config_load(place->config, &config, &err));

    assert_in_credentials(place, config->encryption.passphrase_file, "phrase");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_credential_takes_the_place_of_the_file_of_its_name,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_systemd_does_not_have_is_where_it_was, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_systemd_the_files_are_where_they_were, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_passphrase_can_be_a_credential, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
