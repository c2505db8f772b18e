// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "s3/credentials.h"

#include <stdio.h>
#include <stdlib.h>

static const char content[] = "; a comment\n"
                              "aws_access_key_id = BEFORE\n"
                              "[default]\n"
                              "aws_access_key_id = DEFAULTID\n"
                              "aws_secret_access_key=DEFAULT/SECRET+=\n"
                              "region = eu-west-1\n"
                              "\n"
                              "# another\n"
                              "[ shop ]\r\n"
                              "  aws_access_key_id\t=  SHOPID  \r\n"
                              "aws_secret_access_key = SHOPSECRET\r\n"
                              "aws_session_token = SHOPTOKEN\r\n"
                              "[incomplete]\n"
                              "aws_access_key_id = ONLYID";

struct fixture
{
    char *directory;
    char path[512];
};

static int
setup(void **state)
{
    static struct fixture fixture;
    struct error err = {0};

    fixture.directory = test_directory_create();
    snprintf(fixture.path, sizeof(fixture.path), "%s/credentials", fixture.directory);
    assert_ok(file_create(fixture.path, 0600, BYTES(content), &err));
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    test_directory_remove(((struct fixture *) *state)->directory);
    return 0;
}

static enum status
get(const char *path, const char *profile, struct credentials *got, struct error *err)
{
    const struct credentials_options options = {
        .source = CREDENTIALS_FILE, .file = path, .profile = profile};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;

    TRY(credentials_open(&provider, &options, err));
    return credentials_get(provider, got, err);
}

static void
a_profile_is_read(void **state)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(get(fixture->path, "shop", &got, &err));
    assert_string_equal(got.access_key_id, "SHOPID");
    assert_string_equal(got.secret_access_key, "SHOPSECRET");
    assert_string_equal(got.session_token, "SHOPTOKEN");
}

static void
the_default_profile_is_the_default(void **state)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct fixture *fixture = *state;
    struct error err = {0};

    unsetenv("AWS_PROFILE");
    assert_ok(get(fixture->path, NULL, &got, &err));
    assert_string_equal(got.access_key_id, "DEFAULTID");
    assert_string_equal(got.secret_access_key, "DEFAULT/SECRET+=");
    assert_null(got.session_token);
}

static void
the_environment_names_file_and_profile(void **state)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct fixture *fixture = *state;
    struct error err = {0};

    setenv("AWS_SHARED_CREDENTIALS_FILE", fixture->path, 1);
    setenv("AWS_PROFILE", "shop", 1);
    assert_ok(get(NULL, NULL, &got, &err));
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    unsetenv("AWS_PROFILE");
    assert_string_equal(got.access_key_id, "SHOPID");
}

static void
the_home_directory_s_file_is_the_default(void **state)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct fixture *fixture = *state;
    struct error err = {0};
    char path[600];

    snprintf(path, sizeof(path), "%s/.aws", fixture->directory);
    assert_ok(directory_create(path, 0700, &err));
    snprintf(path, sizeof(path), "%s/.aws/credentials", fixture->directory);
    assert_ok(file_create(path, 0600, BYTES(content), &err));
    setenv("HOME", fixture->directory, 1);
    assert_ok(get(NULL, "shop", &got, &err));
    assert_string_equal(got.access_key_id, "SHOPID");
}

static void
what_is_missing_is_named(void **state)
{
    static const char *const profiles[] = {"absent", "incomplete", ""};
    struct fixture *fixture = *state;
    struct error err = {0};
    char missing[600];

    for (size_t index = 0; index < sizeof(profiles) / sizeof(profiles[0]); index++)
    {
        SCOPED(credentials_release) struct credentials got = {0};

        if (profiles[index][0] == '\0')
            continue;
        assert_status(get(fixture->path, profiles[index], &got, &err), STATUS_CONFIG);
        assert_message(profiles[index]);
        assert_message(fixture->path);
        assert_null(strstr(err.message, "SECRET"));
    }
    snprintf(missing, sizeof(missing), "%s/missing", fixture->directory);
    SCOPED(credentials_release) struct credentials got = {0};
    /* Never "not found": that is an answer about an object. */
    assert_status(get(missing, "shop", &got, &err), STATUS_CONFIG);
    assert_message(missing);
}

/* Who renews temporary keys in the file need not restart the program. */
static void
a_renewal_reads_the_file_again(void **state)
{
    const struct credentials_options options = {
        .source = CREDENTIALS_FILE, .file = ((struct fixture *) *state)->path, .profile = "shop"};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    SCOPED(credentials_release) struct credentials old = {0};
    SCOPED(credentials_release) struct credentials renewed = {0};
    struct error err = {0};

    assert_ok(credentials_open(&provider, &options, &err));
    assert_ok(credentials_get(provider, &old, &err));
    assert_status(credentials_renew(provider, &old, &err), STATUS_DENIED);
    assert_ok(file_replace(options.file, 0600,
                           BYTES("[shop]\naws_access_key_id = NEWID\n"
                                 "aws_secret_access_key = NEWSECRET\n"),
                           &err));
    assert_ok(credentials_renew(provider, &old, &err));
    assert_ok(credentials_get(provider, &renewed, &err));
    assert_string_equal(renewed.access_key_id, "NEWID");
    assert_null(renewed.session_token);
}

int
main(void)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CLAIM(a_profile_is_read),
        CLAIM(the_default_profile_is_the_default),
        CLAIM(the_environment_names_file_and_profile),
        CLAIM(the_home_directory_s_file_is_the_default),
        CLAIM(what_is_missing_is_named),
        CLAIM(a_renewal_reads_the_file_again),
    };
#undef CLAIM

    return cmocka_run_group_tests(tests, NULL, NULL);
}
