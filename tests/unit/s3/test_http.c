// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/http.h"
#include "tests/support/http_script.h"

#include <stdio.h>
#include <stdlib.h>

/* Send one request to a script and keep the reply. */
static enum status
send_to(struct http_script *script, struct http_request request, struct http_reply *reply,
        struct error *err)
{
    const struct http_options options = {.connect_timeout_ms = 5000};
    SCOPED(http_freep) struct http_client *client = NULL;
    char url[256];

    snprintf(url, sizeof(url), "%s%s", http_script_url(script),
             request.url == NULL ? "/path" : request.url);
    request.url = url;
    request.method = request.method == NULL ? "GET" : request.method;
    request.direct = true;
    if (request.stall_timeout_ms == 0)
        request.stall_timeout_ms = 10000;
    TRY(http_open(&client, &options, err));
    return http_send(client, &request, reply, err);
}

static void
any_status_is_a_reply(void **state)
{
    static const int statuses[] = {200, 204, 301, 404, 503};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(statuses) / sizeof(statuses[0]); index++)
    {
        const struct http_step steps[] = {
            {.request = "GET /path HTTP/1.1\r\n",
             .status = statuses[index],
             .headers = "Location: http://127.0.0.1:1/\r\nX-Spaced:   a  b \r\nEmpty:\r\n",
             .body = statuses[index] == 204 ? "" : "body"},
        };
        SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
        struct http_script *script = HTTP_SCRIPT(steps);

        assert_ok(send_to(script, (struct http_request){0}, &reply, &err));
        assert_int_equal(reply.status, statuses[index]);
        assert_int_equal(reply.body.size, statuses[index] == 204 ? 0 : 4);
        assert_string_equal(http_header(&reply, "x-spaced"), "a  b");
        assert_string_equal(http_header(&reply, "empty"), "");
        assert_null(http_header(&reply, "absent"));
        http_script_stop(script);
    }
}

static void
nothing_is_sent_that_was_not_asked_for(void **state)
{
    static const struct sigv4_pair headers[] = {{"x-one", "1"}, {"x-empty", ""}};
    const struct http_step steps[] = {
        {.request = "PUT /a/../b//c%2F HTTP/1.1\r\n",
         .with = {"x-one: 1\r\n", "x-empty:\r\n", "Content-Length: 4\r\n", "\r\n\r\nbody"},
         .without = "Expect"},
        {.request = "POST /?uploads= HTTP/1.1\r\n",
         .with = {"Content-Length: 0\r\n"},
         .without = "Content-Type"},
    };
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct error err = {0};

    (void) state;
    assert_ok(send_to(script,
                      (struct http_request){.method = "PUT",
                                            .url = "/a/../b//c%2F",
                                            .headers = headers,
                                            .header_count = 2,
                                            .body = BYTES("body")},
                      &reply, &err));
    assert_ok(send_to(script, (struct http_request){.method = "POST", .url = "/?uploads="}, &reply,
                      &err));
    http_script_stop(script);
}

static void
a_head_reply_has_headers_and_no_body(void **state)
{
    const struct http_step steps[] = {
        {.request = "HEAD /path", .headers = "Content-Length: 1000000\r\n"}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct error err = {0};

    (void) state;
    assert_ok(send_to(script, (struct http_request){.method = "HEAD"}, &reply, &err));
    assert_string_equal(http_header(&reply, "content-length"), "1000000");
    assert_int_equal(reply.body.size, 0);
    http_script_stop(script);
}

static void
a_reply_that_is_not_whole_is_transient(void **state)
{
    static const enum http_step_end ends[] = {HTTP_STEP_CLOSED, HTTP_STEP_RESET, HTTP_STEP_CUT};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(ends) / sizeof(ends[0]); index++)
    {
        const struct http_step steps[] = {
            {.request = "GET /path", .body = "0123456789", .end = ends[index]}};
        SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
        struct http_script *script = HTTP_SCRIPT(steps);

        assert_status(send_to(script, (struct http_request){0}, &reply, &err), STATUS_TRANSIENT);
        assert_message("no whole reply from http://127.0.0.1:");
        http_script_stop(script);
    }
}

static void
a_silent_server_is_given_up_on(void **state)
{
    const struct http_step steps[] = {{.request = "GET /path", .end = HTTP_STEP_SILENT},
                                      {.request = "GET /path", .end = HTTP_STEP_SILENT}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct error err = {0};

    (void) state;
    assert_status(send_to(script, (struct http_request){.stall_timeout_ms = 1000}, &reply, &err),
                  STATUS_TRANSIENT);
    assert_status(send_to(script, (struct http_request){.total_timeout_ms = 100}, &reply, &err),
                  STATUS_TRANSIENT);
    http_script_stop(script);
}

static void
the_body_of_an_error_is_cut_at_64_kib(void **state)
{
    SCOPED(freep) char *body = malloc(200000);
    const struct http_step steps[] = {
        {.request = "GET /path", .status = 500, .body = body, .body_size = 200000}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script;
    struct error err = {0};

    (void) state;
    memset(body, 'x', 200000);
    script = HTTP_SCRIPT(steps);
    assert_ok(send_to(script, (struct http_request){.body_limit = 1 << 20}, &reply, &err));
    assert_int_equal(reply.body.size, 65536);
    http_script_stop(script);
}

static void
a_success_larger_than_its_limit_is_refused(void **state)
{
    SCOPED(freep) char *body = malloc(200000);
    const struct http_step steps[] = {{.request = "GET /path", .body = body, .body_size = 200000}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script;
    struct error err = {0};

    (void) state;
    memset(body, 'x', 200000);
    script = HTTP_SCRIPT(steps);
    assert_status(send_to(script, (struct http_request){.body_limit = 100000}, &reply, &err),
                  STATUS_NO_MEMORY);
    http_script_stop(script);
}

static enum status
refuse(void *arg, const struct http_reply *reply, struct bytes chunk, struct error *err)
{
    (void) reply;
    *(size_t *) arg += chunk.size;
    return error_set(err, STATUS_IO, "could not write file \"x\": No space left on device");
}

static void
the_consumer_s_failure_is_passed_on_unchanged(void **state)
{
    const struct http_step steps[] = {{.request = "GET /path", .body = "body"},
                                      {.request = "GET /path", .status = 404, .body = "error"}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct error err = {0};
    size_t consumed = 0;
    const struct http_request request = {.consume = refuse, .arg = &consumed};

    (void) state;
    assert_status(send_to(script, request, &reply, &err), STATUS_IO);
    assert_true(reply.refused);
    assert_string_equal(err.message, "could not write file \"x\": No space left on device");
    assert_int_equal(consumed, 4);
    /* An error's body is never the consumer's. */
    assert_ok(send_to(script, request, &reply, &err));
    assert_int_equal(consumed, 4);
    assert_int_equal(reply.body.size, 5);
    http_script_stop(script);
}

static void
a_connection_is_used_again(void **state)
{
    const struct http_step steps[] = {{.request = "GET /one", .body = "1"},
                                      {.request = "GET /two", .body = "2"}};
    const struct http_options options = {.connect_timeout_ms = 5000};
    SCOPED(http_freep) struct http_client *client = NULL;
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_script *script = HTTP_SCRIPT(steps);
    struct error err = {0};

    (void) state;
    assert_ok(http_open(&client, &options, &err));
    for (int index = 0; index < 2; index++)
    {
        char url[128];

        snprintf(url, sizeof(url), "%s/%s", http_script_url(script), index == 0 ? "one" : "two");
        assert_ok(
            http_send(client,
                      &(struct http_request){
                          .method = "GET", .url = url, .stall_timeout_ms = 10000, .direct = true},
                      &reply, &err));
    }
    assert_int_equal(http_script_connections(script), 1);
    http_script_stop(script);
}

static void
dates_are_read_in_http_s_form(void **state)
{
    (void) state;
    assert_int_equal(http_parse_date("Fri, 24 May 2013 00:00:00 GMT"),
                     INT64_C(1369353600) * US_PER_SECOND);
    assert_int_equal(http_parse_date("no date"), TIME_NONE);
    assert_int_equal(http_parse_date(""), TIME_NONE);
}

static void
nobody_listening_is_transient_and_a_bad_address_is_not(void **state)
{
    const struct http_options options = {.connect_timeout_ms = 1000};
    SCOPED(http_freep) struct http_client *client = NULL;
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct http_request request = {
        .method = "GET", .url = "http://127.0.0.1:1/", .stall_timeout_ms = 1000, .direct = true};
    struct error err = {0};

    (void) state;
    assert_ok(http_open(&client, &options, &err));
    assert_status(http_send(client, &request, &reply, &err), STATUS_TRANSIENT);
    assert_message("could not connect to http://127.0.0.1:1");
    request.url = "file:///etc/passwd";
    assert_status(http_send(client, &request, &reply, &err), STATUS_CONFIG);
}

static void
a_missing_ca_file_is_a_matter_of_configuration(void **state)
{
    const struct http_options options = {.connect_timeout_ms = 5000, .ca_file = "/nonexistent"};
    struct http_script *script = http_script_start(NULL, 0);
    SCOPED(http_freep) struct http_client *client = NULL;
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    struct error err = {0};
    char url[128];

    (void) state;
    snprintf(url, sizeof(url), "https%s/", http_script_url(script) + strlen("http"));
    assert_ok(http_open(&client, &options, &err));
    assert_status(
        http_send(client,
                  &(struct http_request){
                      .method = "GET", .url = url, .stall_timeout_ms = 5000, .direct = true},
                  &reply, &err),
        STATUS_CONFIG);
    assert_message("/nonexistent");
    assert_non_null(strstr(err.hint, "ca_file"));
    http_script_stop(script);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_status_is_a_reply),
        cmocka_unit_test(nothing_is_sent_that_was_not_asked_for),
        cmocka_unit_test(a_head_reply_has_headers_and_no_body),
        cmocka_unit_test(a_reply_that_is_not_whole_is_transient),
        cmocka_unit_test(a_silent_server_is_given_up_on),
        cmocka_unit_test(the_body_of_an_error_is_cut_at_64_kib),
        cmocka_unit_test(a_success_larger_than_its_limit_is_refused),
        cmocka_unit_test(the_consumer_s_failure_is_passed_on_unchanged),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(dates_are_read_in_http_s_form),
        cmocka_unit_test(nobody_listening_is_transient_and_a_bad_address_is_not),
        cmocka_unit_test(a_missing_ca_file_is_a_matter_of_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
