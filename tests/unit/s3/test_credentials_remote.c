// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "s3/credentials.h"
#include "tests/support/http_script.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS                                                                                       \
    "{\"Code\": \"Success\", \"AccessKeyId\": \"ID\", \"SecretAccessKey\": \"SECRETKEY\", "        \
    "\"Token\": \"TOKEN\", \"Expiration\": \"2099-01-02T03:04:05Z\"}"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define STS_REPLY                                                                                  \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"      \
    "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>TOKEN</SessionToken>"             \
    "<SecretAccessKey>SECRETKEY</SecretAccessKey><Expiration>2099-01-02T03:04:05Z</Expiration>"    \
    "<AccessKeyId>ID</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"                \
    "</AssumeRoleWithWebIdentityResponse>"

static enum status
get(const struct credentials_options *options, struct credentials *got, struct error *err)
{
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;

    TRY(credentials_open(&provider, options, err));
    return credentials_get(provider, got, err);
}

static void
assert_got_keys(const struct credentials_options *options)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};
    time_us expires;

    assert_ok(get(options, &got, &err));
    assert_string_equal(got.access_key_id, "ID");
    assert_string_equal(got.secret_access_key, "SECRETKEY");
    assert_string_equal(got.session_token, "TOKEN");
    assert_ok(time_parse("2099-01-02T03:04:05Z", &expires, &err));
    assert_int_equal(got.expires, expires);
}

static void
assert_fails(const struct credentials_options *options, enum status want, const char *message)
{
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};

    assert_status(get(options, &got, &err), want);
    assert_message(message);
    assert_null(strstr(err.message, "SECRETKEY"));
    assert_null(strstr(err.message, "TOKEN"));
}

static void
an_instance_s_role_gives_credentials(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT /latest/api/token HTTP",
         .with = {"x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"},
         .body = "SESSION=="},
        {.request = "GET " ROLES " HTTP",
         .with = {"x-aws-ec2-metadata-token: SESSION==\r\n"},
         .body = "my-role\n"},
        {.request = "GET " ROLES "my-role HTTP",
         .with = {"x-aws-ec2-metadata-token: SESSION==\r\n"},
         .body = KEYS}};
    struct http_script *script = HTTP_SCRIPT(steps);
    const struct credentials_options options = {.source = CREDENTIALS_INSTANCE,
                                                .instance_endpoint = http_script_url(script)};

    (void) state;
    assert_got_keys(&options);
    http_script_stop(script);
}

static void
a_busy_metadata_service_is_asked_again(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT /latest/api/token", .status = 503},
        {.request = "PUT /latest/api/token", .end = HTTP_STEP_CLOSED},
        {.request = "PUT /latest/api/token", .body = "SESSION"},
        {.request = "GET " ROLES, .body = "my-role"},
        {.request = "GET " ROLES "my-role", .body = KEYS}};
    struct http_script *script = HTTP_SCRIPT(steps);
    const struct credentials_options options = {.source = CREDENTIALS_INSTANCE,
                                                .instance_endpoint = http_script_url(script)};

    (void) state;
    assert_got_keys(&options);
    http_script_stop(script);
}

static void
a_metadata_service_that_gives_nothing_usable_is_denied(void **state)
{
    static const struct
    {
        struct http_step steps[3];
        size_t count;
    } cases[] = {
        {{{.request = "PUT ", .status = 403}}, 1},
        {{{.request = "PUT ", .body = ""}}, 1},
        {{{.request = "PUT ", .body = "two\r\nlines"}}, 1},
        {{{.request = "PUT ", .body = "S"}, {.request = "GET ", .status = 404}}, 2},
        {{{.request = "PUT ", .body = "S"}, {.request = "GET ", .body = " \n"}}, 2},
        {{{.request = "PUT ", .body = "S"},
          {.request = "GET ", .body = "r"},
          {.request = "GET ", .body = "{\"Code\": \"AssumeRoleUnauthorizedAccess\"}"}},
         3},
        {{{.request = "PUT ", .body = "S"},
          {.request = "GET ", .body = "r"},
          {.request = "GET ", .body = "<html>SECRETKEY</html>"}},
         3},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct http_script *script = http_script_start(cases[index].steps, cases[index].count);
        const struct credentials_options options = {.source = CREDENTIALS_INSTANCE,
                                                    .instance_endpoint = http_script_url(script)};

        assert_fails(&options, STATUS_DENIED, "metadata service");
        http_script_stop(script);
    }
}

static void
nobody_at_the_metadata_address_is_transient_and_soon(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_INSTANCE,
                                                .instance_endpoint = "http://127.0.0.1:1"};

    (void) state;
    assert_fails(&options, STATUS_TRANSIENT, "could not get credentials from the instance");
}

/* The proxies of the environment must not see what is meant for this host. */
static void
no_proxy_is_used_for_a_local_address(void **state)
{
    static const struct http_step steps[] = {{.request = "GET /creds HTTP", .body = KEYS}};
    struct http_script *script = HTTP_SCRIPT(steps);
    const struct credentials_options options = {.source = CREDENTIALS_CONTAINER,
                                                .container_host = http_script_url(script),
                                                .container_relative_uri = "/creds"};

    (void) state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_got_keys(&options);
    unsetenv("http_proxy");
    http_script_stop(script);
}

static void
a_container_s_endpoint_gives_credentials(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /v2/credentials/uuid HTTP", .without = "authorization", .body = KEYS},
        {.request = "GET /full?x=1 HTTP", .with = {"authorization: Bearer A\r\n"}, .body = KEYS}};
    struct http_script *script = HTTP_SCRIPT(steps);
    struct credentials_options options = {.source = CREDENTIALS_CONTAINER,
                                          .container_host = http_script_url(script),
                                          .container_relative_uri = "/v2/credentials/uuid"};
    char uri[128];

    (void) state;
    assert_got_keys(&options);
    snprintf(uri, sizeof(uri), "%s/full?x=1", http_script_url(script));
    options.container_relative_uri = NULL;
    options.container_full_uri = uri;
    options.container_token = "Bearer A";
    assert_got_keys(&options);
    http_script_stop(script);
}

static void
a_rotated_token_file_is_read_again(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /c", .with = {"authorization: one\r\n"}, .body = KEYS},
        {.request = "GET /c", .with = {"authorization: two\r\n"}, .status = 403}};
    struct http_script *script = HTTP_SCRIPT(steps);
    char *directory = test_directory_create();
    SCOPED(freep) char *path = path_join(directory, "token");
    const struct credentials_options options = {.source = CREDENTIALS_CONTAINER,
                                                .container_host = http_script_url(script),
                                                .container_relative_uri = "/c",
                                                .container_token = "not this",
                                                .container_token_file = path};
    SCOPED(credentials_freep) struct credentials_provider *provider = NULL;
    SCOPED(credentials_release) struct credentials got = {0};
    struct error err = {0};

    (void) state;
    assert_ok(file_create(path, 0600, BYTES("one\n"), &err));
    assert_ok(credentials_open(&provider, &options, &err));
    assert_ok(credentials_get(provider, &got, &err));
    assert_ok(file_replace(path, 0600, BYTES("two\n"), &err));
    assert_status(credentials_renew(provider, &got, &err), STATUS_DENIED);
    test_directory_remove(directory);
    http_script_stop(script);
}

static void
a_token_is_not_sent_to_strangers(void **state)
{
    static const char *const uris[] = {
        "http://example.org/creds",      "http://169.254.170.2.example.org/",
        "http://localhost.example.org/", "http://127.example.org/creds",
        "http://127.0.0.1@example.org/", "ftp://127.0.0.1/",
        "http://10.0.0.1/creds",         "file:///etc/passwd"};

    (void) state;
    for (size_t index = 0; index < sizeof(uris) / sizeof(uris[0]); index++)
    {
        const struct credentials_options options = {.source = CREDENTIALS_CONTAINER,
                                                    .container_full_uri = uris[index],
                                                    .container_token = "TOKEN"};

        assert_fails(&options, STATUS_CONFIG, "will not ask");
    }
}

static void
a_container_without_endpoint_is_a_matter_of_configuration(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_CONTAINER};

    (void) state;
    assert_fails(&options, STATUS_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

/* A web identity whose token is in a file of the test's own. */
struct web_identity
{
    char *directory;
    char *token_file;
    struct credentials_options options;
};

static struct web_identity
make_web_identity(const char *sts_endpoint)
{
    struct web_identity identity = {.directory = test_directory_create()};
    struct error err = {0};

    identity.token_file = path_join(identity.directory, "token");
    assert_ok(file_create(identity.token_file, 0600, BYTES("eyJ.a+b/c=\n"), &err));
    identity.options = (struct credentials_options){.source = CREDENTIALS_WEB_IDENTITY,
                                                    .web_identity_token_file = identity.token_file,
                                                    .role_arn = "arn:aws:iam::1:role/backup",
                                                    .role_session_name = "redoubt",
                                                    .sts_endpoint = sts_endpoint};
    return identity;
}

static void
web_identity_release(struct web_identity *identity)
{
    test_directory_remove(identity->directory);
    free(identity->token_file);
}

static void
a_web_identity_is_exchanged_at_sts(void **state)
{
    static const struct http_step steps[] = {
        {.request = "POST / HTTP", .status = 503},
        {.request = "POST / HTTP",
         .with = {"content-type: application/x-www-form-urlencoded\r\n",
                  "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3A"
                  "iam%3A%3A1%3Arole%2Fbackup&RoleSessionName=redoubt&WebIdentityToken=eyJ.a%2Bb%2F"
                  "c%3D"},
         .without = "authorization",
         .body = STS_REPLY}};
    struct http_script *script = HTTP_SCRIPT(steps);
    SCOPED(web_identity_release)
    struct web_identity identity = make_web_identity(http_script_url(script));

    (void) state;
    assert_got_keys(&identity.options);
    http_script_stop(script);
}

static void
a_refusal_of_sts_is_told(void **state)
{
    static const struct http_step steps[] = {
        {.request = "POST ",
         .status = 400,
         .body = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired"
                 "</Message></Error></ErrorResponse>"},
        {.request = "POST ", .status = 403, .body = "<html>no</html>"},
        {.request = "POST ", .body = "<AssumeRoleWithWebIdentityResponse/>"}};
    struct http_script *script = HTTP_SCRIPT(steps);
    SCOPED(web_identity_release)
    struct web_identity identity = make_web_identity(http_script_url(script));

    (void) state;
    assert_fails(&identity.options, STATUS_DENIED, "ExpiredTokenException: Token expired");
    assert_fails(&identity.options, STATUS_DENIED, "HTTP status 403");
    assert_fails(&identity.options, STATUS_DENIED, "no credentials");
    http_script_stop(script);
}

static void
a_reply_of_sts_that_is_cut_is_not_used(void **state)
{
    static const struct http_step steps[] = {
        {.request = "POST ", .body = STS_REPLY, .end = HTTP_STEP_CUT},
        {.request = "POST ", .body = STS_REPLY}};
    struct http_script *script = HTTP_SCRIPT(steps);
    SCOPED(web_identity_release)
    struct web_identity identity = make_web_identity(http_script_url(script));

    (void) state;
    assert_got_keys(&identity.options);
    http_script_stop(script);
}

static void
a_missing_token_file_is_a_matter_of_configuration(void **state)
{
    const struct credentials_options options = {.source = CREDENTIALS_WEB_IDENTITY,
                                                .web_identity_token_file = "/nonexistent/token",
                                                .role_arn = "arn",
                                                .sts_endpoint = "http://127.0.0.1:1"};

    (void) state;
    assert_fails(&options, STATUS_CONFIG, "/nonexistent/token");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_s_role_gives_credentials),
        cmocka_unit_test(a_busy_metadata_service_is_asked_again),
        cmocka_unit_test(a_metadata_service_that_gives_nothing_usable_is_denied),
        cmocka_unit_test(nobody_at_the_metadata_address_is_transient_and_soon),
        cmocka_unit_test(no_proxy_is_used_for_a_local_address),
        cmocka_unit_test(a_container_s_endpoint_gives_credentials),
        cmocka_unit_test(a_rotated_token_file_is_read_again),
        cmocka_unit_test(a_token_is_not_sent_to_strangers),
        cmocka_unit_test(a_container_without_endpoint_is_a_matter_of_configuration),
        cmocka_unit_test(a_web_identity_is_exchanged_at_sts),
        cmocka_unit_test(a_refusal_of_sts_is_told),
        cmocka_unit_test(a_reply_of_sts_that_is_cut_is_not_used),
        cmocka_unit_test(a_missing_token_file_is_a_matter_of_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
