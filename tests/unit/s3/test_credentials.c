// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"
#include "s3/credentials.h"
#include "tests/support/http_script.h"

#include <stdio.h>
#include <stdlib.h>

enum
{
    MINUTE_S = 60,
    THREAD_COUNT = 8
};

/* What a container endpoint says: a key that is good for so many seconds. */
static void
format_keys(char text[512], const char *id, int valid_s)
{
    char expiration[TIME_TEXT_SIZE];

    time_format(clock_now() + valid_s * US_PER_SECOND, expiration);
    snprintf(text, 512,
             "{\"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"SECRETKEY\", \"Token\": \"TOKEN\", "
             "\"Expiration\": \"%s\"}",
             id, expiration);
}

static struct credentials_provider *
open_container(struct http_script *script)
{
    const struct credentials_options options = {.source = CREDENTIALS_CONTAINER,
                                                .container_host = http_script_url(script),
                                                .container_relative_uri = "/creds"};
    struct credentials_provider *provider = NULL;
    struct error err = {0};

    assert_ok(credentials_open(&provider, &options, &err));
    return provider;
}

static void
assert_key(struct credentials_provider *provider, const char *want)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};

    assert_ok(credentials_get(provider, &got, &err));
    assert_string_equal(got.access_key_id, want);
}

static void
clear_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN"};

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
        unsetenv(names[index]);
}

static void
the_environment_gives_credentials(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_ENVIRONMENT};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};

    (void) state;
    setenv("AWS_ACCESS_KEY_ID", "ENVID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "ENVSECRET", 1);
    setenv("AWS_SESSION_TOKEN", "ENVTOKEN", 1);
    assert_ok(credentials_open(&provider, &options, &err));
    clear_environment();
    assert_ok(credentials_get(provider, &got, &err));
    assert_string_equal(got.access_key_id, "ENVID");
    assert_string_equal(got.secret_access_key, "ENVSECRET");
    assert_string_equal(got.session_token, "ENVTOKEN");
    assert_int_equal(got.expires, TIME_NONE);
}

static void
missing_credentials_are_denied_with_a_hint(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_ENVIRONMENT};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct credentials got = {0};
    struct error err = {0};

    (void) state;
    clear_environment();
    assert_ok(credentials_open(&provider, &options, &err));
    assert_status(credentials_get(provider, &got, &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "AWS_ACCESS_KEY_ID"));
}

static void
given_credentials_do_not_mix_with_the_environment(void **state)
{
    const struct credentials_options options = {
        .source = CREDENTIALS_STATIC, .access_key_id = "GIVEN", .secret_access_key = "SECRETKEY"};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};

    (void) state;
    setenv("AWS_SESSION_TOKEN", "ENVTOKEN", 1);
    assert_ok(credentials_open(&provider, &options, &err));
    clear_environment();
    assert_ok(credentials_get(provider, &got, &err));
    assert_string_equal(got.access_key_id, "GIVEN");
    assert_null(got.session_token);
}

static void
a_key_that_would_break_a_header_is_refused(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_STATIC,
                                                .access_key_id = "A\r\nX-Evil: 1",
                                                .secret_access_key = "SECRETKEY"};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct credentials got = {0};
    struct error err = {0};

    (void) state;
    assert_ok(credentials_open(&provider, &options, &err));
    assert_status(credentials_get(provider, &got, &err), STATUS_CONFIG);
    assert_null(strstr(err.message, "Evil"));
    credentials_release(&got);
}

static void
what_is_valid_for_long_is_fetched_once(void **state)
{
    char keys[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = keys}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct http_script *script;

    (void) state;
    format_keys(keys, "FIRST", 60 * MINUTE_S);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    for (int round = 0; round < 3; round++)
        assert_key(provider, "FIRST");
    http_script_stop(script);
}

static void
five_minutes_before_the_end_they_are_fetched_again(void **state)
{
    char first[512];
    char second[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = first},
                                      {.request = "GET /creds", .body = second}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct http_script *script;

    (void) state;
    format_keys(first, "FIRST", 5 * MINUTE_S - 5);
    format_keys(second, "SECOND", 5 * MINUTE_S + 60);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    assert_key(provider, "FIRST");
    assert_key(provider, "SECOND");
    assert_key(provider, "SECOND");
    http_script_stop(script);
}

static void
old_ones_serve_while_a_refresh_fails(void **state)
{
    char first[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = first},
                                      {.request = "GET /creds", .status = 403}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct http_script *script;

    (void) state;
    format_keys(first, "FIRST", 4 * MINUTE_S);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    assert_key(provider, "FIRST");
    /* One try, then a pause before the next. */
    assert_key(provider, "FIRST");
    assert_key(provider, "FIRST");
    http_script_stop(script);
}

static void
expired_ones_never_serve(void **state)
{
    char first[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = first},
                                      {.request = "GET /creds", .status = 403}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct credentials got = {0};
    struct error err = {0};
    struct http_script *script;

    (void) state;
    format_keys(first, "FIRST", -1);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    assert_status(credentials_get(provider, &got, &err), STATUS_DENIED);
    assert_message("have expired");
    assert_status(credentials_get(provider, &got, &err), STATUS_DENIED);
    assert_message("container endpoint");
    http_script_stop(script);
}

static enum status
get_first(void *arg, struct error *err)
{
    SCOPED(credentials_release) struct credentials got = {0};

    TRY(credentials_get(arg, &got, err));
    return strcmp(got.access_key_id, "FIRST") == 0
               ? OK
               : error_set(err, STATUS_CORRUPT, "got %s", got.access_key_id);
}

static void
many_threads_cause_one_fetch(void **state)
{
    char keys[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = keys}};
    SCOPED(group_freep) struct group *group = NULL;
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct http_script *script;
    struct error err = {0};

    (void) state;
    format_keys(keys, "FIRST", 60 * MINUTE_S);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    assert_ok(group_create(&group, &err));
    for (int index = 0; index < THREAD_COUNT; index++)
        assert_ok(group_start(group, get_first, provider, &err));
    assert_ok(group_join(group, &err));
    http_script_stop(script);
}

static void
a_refusal_is_reported_and_not_tried_again(void **state)
{
    static const struct http_step steps[] = {{.request = "GET /creds", .status = 403}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct credentials got = {0};
    struct error err = {0};

    (void) state;
    provider = open_container(script);
    assert_status(credentials_get(provider, &got, &err), STATUS_DENIED);
    assert_message("HTTP status 403");
    http_script_stop(script);
}

static void
a_renewal_happens_once_for_the_same_credentials(void **state)
{
    char first[512];
    char second[512];
    const struct http_step steps[] = {{.request = "GET /creds", .body = first},
                                      {.request = "GET /creds", .body = second}};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    SCOPED(credentials_release) struct credentials old = {0};
    struct http_script *script;
    struct error err = {0};

    (void) state;
    format_keys(first, "FIRST", 60 * MINUTE_S);
    format_keys(second, "SECOND", 60 * MINUTE_S);
    script = HTTP_SCRIPT(steps);
    provider = open_container(script);
    assert_ok(credentials_get(provider, &old, &err));
    assert_ok(credentials_renew(provider, &old, &err));
    /* Another request that failed with the old ones: they are renewed already. */
    assert_ok(credentials_renew(provider, &old, &err));
    assert_key(provider, "SECOND");
    http_script_stop(script);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_gives_credentials),
        cmocka_unit_test(missing_credentials_are_denied_with_a_hint),
        cmocka_unit_test(given_credentials_do_not_mix_with_the_environment),
        cmocka_unit_test(a_key_that_would_break_a_header_is_refused),
        cmocka_unit_test(what_is_valid_for_long_is_fetched_once),
        cmocka_unit_test(five_minutes_before_the_end_they_are_fetched_again),
        cmocka_unit_test(old_ones_serve_while_a_refresh_fails),
        cmocka_unit_test(expired_ones_never_serve),
        cmocka_unit_test(many_threads_cause_one_fetch),
        cmocka_unit_test(a_refusal_is_reported_and_not_tried_again),
        cmocka_unit_test(a_renewal_happens_once_for_the_same_credentials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
