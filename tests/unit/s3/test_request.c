// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/clock.h"
#include "base/log.h"
#include "s3/request.h"
#include "tests/support/http_script.h"

#include <stdio.h>
#include <stdlib.h>

#define ERROR_XML(code) "<Error><Code>" code "</Code><Message>why</Message></Error>"
#define OK_XML          "<Result><Field>value</Field></Result>"

/* A client of a script, and the request and reply of a test. */
struct fixture
{
    struct http_script *script;
    struct request_client *client;
    struct request request;
    struct request_reply reply;
    struct error err;
};

static void
open_client(struct fixture *fixture, struct request_options options)
{
    struct error err = {0};

    assert_ok(endpoint_parse(&options.endpoint, http_script_url(fixture->script), "bucket",
                             S3_ADDRESSING_PATH, &err));
    if (options.region == NULL)
        options.region = "us-east-1";
    if (options.credentials.source == CREDENTIALS_ENVIRONMENT)
        options.credentials = (struct credentials_options){.source = CREDENTIALS_STATIC,
                                                           .access_key_id = "AKID",
                                                           .secret_access_key = "SECRETKEY"};
    if (options.retry_limit_ms == 0)
        options.retry_limit_ms = 20000;
    options.connect_timeout_ms = 5000;
    options.stall_timeout_ms = 5000;
    assert_ok(request_open(&fixture->client, &options, &err));
}

static void
start_with(struct fixture *fixture, const struct http_step *steps, size_t count,
           struct request_options options)
{
    *fixture = (struct fixture){.reply = REQUEST_REPLY_INIT};
    fixture->request = (struct request){.method = "GET", .key = "key"};
    fixture->script = http_script_start(steps, count);
    open_client(fixture, options);
}

#define START(fixture, steps, ...)                                                                 \
    start_with((fixture), (steps), sizeof(steps) / sizeof((steps)[0]),                             \
               (struct request_options){__VA_ARGS__})

static enum status
send_request(struct fixture *fixture)
{
    return request_send(fixture->client, &fixture->request, &fixture->reply, &fixture->err);
}

static void
finish(struct fixture *fixture)
{
    request_reply_release(&fixture->reply);
    request_freep(&fixture->client);
    http_script_stop(fixture->script);
}

/* assert_ok and its like want the error by this name. */
#define err (fixture.err)

static void
what_may_pass_is_tried_again(void **state)
{
    static const struct http_step failures[] = {
        {.status = 503, .body = ERROR_XML("SlowDown")},
        {.status = 500, .body = "<html>oops</html>"},
        {.status = 429, .body = ""},
        {.status = 502, .body = ""},
        {.status = 504, .body = ""},
        {.status = 400, .body = ERROR_XML("RequestTimeout")},
        {.status = 409, .body = ERROR_XML("ConditionalRequestConflict")},
        {.end = HTTP_STEP_CLOSED},
        {.end = HTTP_STEP_RESET},
        {.body = OK_XML, .end = HTTP_STEP_CUT},
        {.body = "<Result><Field>val", .end = HTTP_STEP_NO_LENGTH},
        {.body = ""},
        {.body = "<html><body>Please log in</body></html>"},
        {.body = ERROR_XML("InternalError")},
        {.body = "  \n" ERROR_XML("SlowDown")},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(failures) / sizeof(failures[0]); index++)
    {
        struct http_step steps[] = {failures[index], {.body = OK_XML}};
        struct fixture fixture;

        steps[0].request = "GET /bucket/key HTTP/1.1";
        steps[1].request = "GET /bucket/key HTTP/1.1";
        START(&fixture, steps, 0);
        fixture.request.answer = "Result";
        assert_ok(send_request(&fixture));
        assert_int_equal(fixture.reply.attempt_count, 2);
        /* Never on the connection that failed. */
        assert_int_equal(http_script_connections(fixture.script), 2);
        finish(&fixture);
    }
}

static void
what_cannot_pass_is_not_tried_again(void **state)
{
    static const struct
    {
        struct http_step step;
        enum status want;
    } cases[] = {
        {{.status = 403, .body = ERROR_XML("AccessDenied")}, STATUS_DENIED},
        {{.status = 403, .body = "<html>no</html>"}, STATUS_DENIED},
        {{.status = 404, .body = ERROR_XML("NoSuchKey")}, STATUS_NOT_FOUND},
        {{.status = 404, .body = ERROR_XML("NoSuchBucket")}, STATUS_CONFIG},
        {{.status = 404, .body = "<html>no</html>"}, STATUS_CONFIG},
        {{.status = 404, .body = ""}, STATUS_CONFIG},
        {{.status = 412, .body = ERROR_XML("PreconditionFailed")}, STATUS_CONFLICT},
        {{.status = 501, .body = ERROR_XML("NotImplemented")}, STATUS_UNSUPPORTED},
        {{.status = 200, .body = ERROR_XML("PreconditionFailed")}, STATUS_CONFLICT},
        {{.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"}, STATUS_CONFIG},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct http_step steps[] = {cases[index].step};
        struct fixture fixture;

        steps[0].request = "GET /bucket/key HTTP/1.1";
        START(&fixture, steps, 0);
        fixture.request.answer = "Result";
        assert_status(send_request(&fixture), cases[index].want);
        finish(&fixture);
    }
}

static void
the_time_limit_ends_the_attempts(void **state)
{
    static const struct http_step steps[] = {{.request = "GET ", .status = 503}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, .retry_limit_ms = -1);
    assert_status(send_request(&fixture), STATUS_TRANSIENT);
    assert_string_equal(err.message, "could not GET \"key\" in bucket \"bucket\": HTTP status 503");
    finish(&fixture);
}

static void
retry_after_is_honoured(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 503, .headers = "Retry-After: 1\r\n"}, {.request = "GET "}};
    struct fixture fixture;
    int64_t started_ms = clock_monotonic_ms();

    (void) state;
    START(&fixture, steps, 0);
    assert_ok(send_request(&fixture));
    assert_true(clock_monotonic_ms() - started_ms >= 1000);
    finish(&fixture);
}

static void
a_retry_after_beyond_the_limit_is_not_waited_for(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 503, .headers = "Retry-After: 99999999999999\r\n"}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, 0);
    assert_status(send_request(&fixture), STATUS_TRANSIENT);
    finish(&fixture);
}

static void
every_request_is_signed_with_its_body(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT /bucket/a%3Db?partNumber=1&uploadId=x%2Fy HTTP/1.1\r\n",
         .with = {"x-amz-content-sha256: "
                  "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5\r\n",
                  "content-md5: hBotaJrYa9FhFEdFPCLG/A==\r\n", "x-amz-security-token: TOKEN\r\n",
                  "SignedHeaders=content-md5;host;if-none-match;x-amz-content-sha256;x-amz-date;"
                  "x-amz-security-token, Signature="}}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps,
          .credentials = {.source = CREDENTIALS_STATIC,
                          .access_key_id = "AKID",
                          .secret_access_key = "SECRETKEY",
                          .session_token = "TOKEN"});
    fixture.request = (struct request){.method = "PUT",
                                       .key = "a=b",
                                       .query = {{"uploadId", "x/y"}, {"partNumber", "1"}},
                                       .headers = {{"if-none-match", "*"}},
                                       .body = BYTES("body")};
    assert_ok(send_request(&fixture));
    finish(&fixture);
}

static void
a_bucket_is_followed_to_its_region_which_is_remembered(void **state)
{
    static const struct http_step redirects[] = {
        {.status = 301,
         .headers = "x-amz-bucket-region: eu-west-1\r\nLocation: http://127.0.0.1:1/\r\n",
         .body = ERROR_XML("PermanentRedirect")},
        {.status = 307,
         .headers = "x-amz-bucket-region: eu-west-1\r\n",
         .body = ERROR_XML("TemporaryRedirect")},
        {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"},
        {.status = 400, .headers = "x-amz-bucket-region: eu-west-1\r\n"},
        {.status = 400,
         .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' "
                 "is wrong</Message><Region>eu-west-1</Region></Error>"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(redirects) / sizeof(redirects[0]); index++)
    {
        struct http_step steps[] = {
            redirects[index],
            {.request = "GET /bucket/key", .with = {"/eu-west-1/s3/aws4_request"}},
            {.request = "GET /bucket/key", .with = {"/eu-west-1/s3/aws4_request"}}};
        struct fixture fixture;

        steps[0].request = "GET /bucket/key";
        steps[0].with[0] = "/us-east-1/s3/aws4_request";
        START(&fixture, steps, 0);
        assert_ok(send_request(&fixture));
        assert_ok(send_request(&fixture));
        finish(&fixture);
    }
}

static void
a_redirect_is_followed_once(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"},
        {.request = "GET ", .status = 301, .headers = "x-amz-bucket-region: eu-west-2\r\n"}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, 0);
    assert_status(send_request(&fixture), STATUS_CONFIG);
    assert_non_null(strstr(err.hint, "eu-west-2"));
    finish(&fixture);
}

static void
a_region_that_is_none_is_not_followed(void **state)
{
    static const char *const headers[] = {"x-amz-bucket-region: us-east-1\r\n",
                                          "x-amz-bucket-region: evil.example.org/\r\n", ""};

    (void) state;
    for (size_t index = 0; index < sizeof(headers) / sizeof(headers[0]); index++)
    {
        const struct http_step steps[] = {
            {.request = "GET ", .status = 301, .headers = headers[index]}};
        struct fixture fixture;

        START(&fixture, steps, 0);
        assert_status(send_request(&fixture), STATUS_CONFIG);
        assert_non_null(strstr(err.hint, "endpoint"));
        finish(&fixture);
    }
}

/* The day the requests will be signed with, five days from now. */
static void
format_signing_day(char text[32])
{
    char time[SIGV4_TIME_SIZE];

    sigv4_time(clock_now() + 5 * 86400 * US_PER_SECOND, time);
    snprintf(text, 32, "x-amz-date: %.8s", time);
}

static void
a_skewed_clock_is_corrected_and_remembered(void **state)
{
    static const struct http_step skews[] = {
        {.request = "GET ", .status = 403, .body = ERROR_XML("RequestTimeTooSkewed")},
        {.request = "GET ", .status = 403, .body = ""}};

    (void) state;
    for (size_t index = 0; index < sizeof(skews) / sizeof(skews[0]); index++)
    {
        char day[32];
        struct http_step steps[] = {
            skews[index], {.request = "GET ", .with = {day}}, {.request = "GET ", .with = {day}}};
        struct fixture fixture;

        format_signing_day(day);
        steps[0].date_ahead_s = 5 * 86400;
        START(&fixture, steps, 0);
        assert_ok(send_request(&fixture));
        assert_ok(send_request(&fixture));
        finish(&fixture);
    }
}

static void
a_clock_is_corrected_once_per_request(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 403, .body = ERROR_XML("RequestTimeTooSkewed")},
        {.request = "GET ", .status = 403, .body = ERROR_XML("RequestTimeTooSkewed")}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, 0);
    assert_status(send_request(&fixture), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "clock"));
    finish(&fixture);
}

#define CONTAINER_KEYS(id)                                                                         \
    "{\"AccessKeyId\": \"" id "\", \"SecretAccessKey\": \"SECRETKEY\", \"Token\": \"T-" id "\"}"

static void
expired_credentials_are_renewed_once(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /creds", .body = CONTAINER_KEYS("OLD")},
        {.request = "GET /bucket/key",
         .with = {"Credential=OLD/", "x-amz-security-token: T-OLD"},
         .status = 400,
         .body = ERROR_XML("ExpiredToken")},
        {.request = "GET /creds", .body = CONTAINER_KEYS("NEW")},
        {.request = "GET /bucket/key", .with = {"Credential=NEW/", "x-amz-security-token: T-NEW"}},
        {.request = "GET /bucket/key", .with = {"Credential=NEW/"}, .status = 400},
        {.request = "GET /creds", .body = CONTAINER_KEYS("NEW")}};
    struct fixture fixture = {.script = HTTP_SCRIPT(steps)};
    const struct request_options options = {
        .credentials = {.source = CREDENTIALS_CONTAINER,
                        .container_host = http_script_url(fixture.script),
                        .container_relative_uri = "/creds"}};

    (void) state;
    fixture.reply = REQUEST_REPLY_INIT;
    fixture.request = (struct request){.method = "GET", .key = "key"};
    open_client(&fixture, options);
    assert_ok(send_request(&fixture));
    /* The same ones again are no renewal. */
    assert_status(send_request(&fixture), STATUS_IO);
    finish(&fixture);
}

static void
given_credentials_cannot_be_renewed(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 400, .body = ERROR_XML("ExpiredToken")}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, 0);
    assert_status(send_request(&fixture), STATUS_DENIED);
    assert_message("ExpiredToken");
    assert_non_null(strstr(err.hint, "temporary credentials"));
    finish(&fixture);
}

static void
an_error_tells_all_but_the_secrets(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT ",
         .status = 403,
         .headers = "x-amz-request-id: REQ123\r\n",
         .body = "<Error><Code>SignatureDoesNotMatch</Code><Message>it differs</Message></Error>"}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps,
          .credentials = {.source = CREDENTIALS_STATIC,
                          .access_key_id = "AKID",
                          .secret_access_key = "SECRETKEY",
                          .session_token = "TOKEN"});
    fixture.request = (struct request){.method = "PUT", .key = "a/b", .body = BYTES("x")};
    assert_status(send_request(&fixture), STATUS_DENIED);
    assert_string_equal(err.message, "could not PUT \"a/b\" in bucket \"bucket\": HTTP status 403, "
                                     "SignatureDoesNotMatch: it differs");
    assert_non_null(strstr(err.detail, "request id REQ123"));
    assert_non_null(strstr(err.hint, "secret access key"));
    for (const char *secret = "SECRETKEY"; secret != NULL;
         secret = strcmp(secret, "TOKEN") == 0 ? NULL : "TOKEN")
    {
        assert_null(strstr(err.message, secret));
        assert_null(strstr(err.detail, secret));
    }
    finish(&fixture);
}

static enum status
count_bytes(void *arg, const struct http_reply *reply, struct bytes chunk, struct error *error)
{
    (void) reply;
    (void) error;
    *(size_t *) arg += chunk.size;
    return OK;
}

static void
a_body_cut_after_its_consumer_saw_some_is_the_caller_s_to_resume(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .body = "0123456789", .end = HTTP_STEP_CUT}};
    struct fixture fixture;
    size_t count = 0;

    (void) state;
    START(&fixture, steps, 0);
    fixture.request.consume = count_bytes;
    fixture.request.arg = &count;
    assert_status(send_request(&fixture), STATUS_TRANSIENT);
    assert_true(fixture.reply.cut);
    assert_int_equal(count, 5);
    finish(&fixture);
}

static void
a_body_cut_before_its_consumer_saw_any_is_tried_again(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 503, .body = "not for the consumer"},
        {.request = "GET ", .headers = "Content-Length: 10\r\n", .end = HTTP_STEP_CUT},
        {.request = "GET ", .body = "0123456789"}};
    struct fixture fixture;
    size_t count = 0;

    (void) state;
    START(&fixture, steps, 0);
    fixture.request.consume = count_bytes;
    fixture.request.arg = &count;
    assert_ok(send_request(&fixture));
    assert_int_equal(count, 10);
    finish(&fixture);
}

static void
an_attempt_that_takes_too_long_is_given_up(void **state)
{
    const struct http_step steps[] = {{.request = "GET /", .end = HTTP_STEP_SILENT}};
    struct fixture fixture;

    (void) state;
    START(&fixture, steps, .total_timeout_ms = 200, .retry_limit_ms = -1);

    assert_status(send_request(&fixture), STATUS_TRANSIENT);
    finish(&fixture);
}

static void
a_wrong_region_is_refused_at_once(void **state)
{
    struct request_options options = {.region = "not a region"};
    SCOPED(request_freep) struct request_client *client = NULL;
    struct fixture fixture = {0};

    (void) state;
    assert_status(request_open(&client, &options, &err), STATUS_CONFIG);
    assert_message("not a region");
}

#undef err

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_pass_is_tried_again),
        cmocka_unit_test(what_cannot_pass_is_not_tried_again),
        cmocka_unit_test(the_time_limit_ends_the_attempts),
        cmocka_unit_test(retry_after_is_honoured),
        cmocka_unit_test(a_retry_after_beyond_the_limit_is_not_waited_for),
        cmocka_unit_test(every_request_is_signed_with_its_body),
        cmocka_unit_test(a_bucket_is_followed_to_its_region_which_is_remembered),
        cmocka_unit_test(a_redirect_is_followed_once),
        cmocka_unit_test(a_region_that_is_none_is_not_followed),
        cmocka_unit_test(a_skewed_clock_is_corrected_and_remembered),
        cmocka_unit_test(a_clock_is_corrected_once_per_request),
        cmocka_unit_test(expired_credentials_are_renewed_once),
        cmocka_unit_test(given_credentials_cannot_be_renewed),
        cmocka_unit_test(an_error_tells_all_but_the_secrets),
        cmocka_unit_test(a_body_cut_after_its_consumer_saw_some_is_the_caller_s_to_resume),
        cmocka_unit_test(a_body_cut_before_its_consumer_saw_any_is_tried_again),
        cmocka_unit_test(an_attempt_that_takes_too_long_is_given_up),
        cmocka_unit_test(a_wrong_region_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
