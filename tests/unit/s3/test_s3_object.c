// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/s3_script.h"

#include <stdio.h>
#include <stdlib.h>

static enum status
put(struct s3_script *script, struct error *err)
{
    return store_put(script->store, "key", BYTES("body"), err);
}

static void
a_put_is_conditional_and_carries_a_write_id(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT /bucket/p/key HTTP/1.1\r\n",
         .with = {"if-none-match: *\r\n", "x-amz-meta-redoubt-write: ", "Content-Length: 4\r\n",
                  "\r\n\r\nbody"},
         .headers = "ETag: \"e\"\r\n"}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(put(&script, &err));
    s3_script_stop(&script);
}

static void
a_page_that_says_200_to_anything_acknowledges_nothing(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT ", .body = "<html><body>Please log in</body></html>"}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(put(&script, &err), STATUS_TRANSIENT);
    assert_message("not from an S3 service");
    s3_script_stop(&script);
}

static void
what_another_wrote_is_a_conflict(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT ", .status = 412, .body = ERROR_XML("PreconditionFailed")},
        {.request = "HEAD /bucket/p/key", .headers = "x-amz-meta-redoubt-write: other\r\n"},
        {.request = "PUT ", .status = 412},
        {.request = "HEAD /bucket/p/key"},
        {.request = "PUT ", .status = 412},
        {.request = "HEAD /bucket/p/key", .status = 404}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    for (int round = 0; round < 3; round++)
    {
        assert_status(put(&script, &err), STATUS_CONFLICT);
        assert_message("object \"p/key\" exists already");
    }
    s3_script_stop(&script);
}

/* The first attempt arrived and its reply was lost. */
static void
what_we_wrote_ourselves_is_no_conflict(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT ", .end = HTTP_STEP_CLOSED},
        {.request = "PUT ", .status = 412, .body = ERROR_XML("PreconditionFailed")},
        {.request = "HEAD /bucket/p/key", .echo_write_id = true}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(put(&script, &err));
    s3_script_stop(&script);
}

static void
a_conflict_that_cannot_be_settled_is_not_one(void **state)
{
    static const struct http_step steps[] = {{.request = "PUT ", .status = 412},
                                             {.request = "HEAD ", .status = 403}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(put(&script, &err), STATUS_DENIED);
    s3_script_stop(&script);
}

static void
without_conditions_a_put_looks_first(void **state)
{
    static const struct http_step steps[] = {
        {.request = "HEAD /bucket/p/key", .status = 404},
        {.request = "PUT /bucket/p/key", .without = "if-none-match", .headers = "ETag: \"e\"\r\n"},
        {.request = "HEAD /bucket/p/key"}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, .conditional = S3_CONDITIONAL_NO, .single_writer = true);
    assert_ok(put(&script, &err));
    assert_status(put(&script, &err), STATUS_CONFLICT);
    s3_script_stop(&script);
}

static void
without_conditions_many_writers_are_refused(void **state)
{
    static const struct http_step steps[] = {{.request = "GET "}};
    struct s3_script script;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    S3_SCRIPT(&script, steps, .conditional = S3_CONDITIONAL_NO);
    assert_status(put(&script, &err), STATUS_CONFIG);
    assert_non_null(strstr(err.hint, "single_writer"));
    /* Reading needs no promise. */
    assert_ok(store_size(script.store, "key", &size_bytes, &err));
    s3_script_stop(&script);
}

static void
a_service_without_conditions_is_unsupported_not_silent(void **state)
{
    static const struct http_step steps[] = {
        {.request = "PUT ", .status = 501, .body = ERROR_XML("NotImplemented")}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, .conditional = S3_CONDITIONAL_UNKNOWN);
    assert_status(put(&script, &err), STATUS_UNSUPPORTED);
    s3_script_stop(&script);
}

/* Read from a script and compare. */
static enum status
read_digits(struct s3_script *script, uint64_t offset, uint64_t length, struct buffer *into,
            struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    into->size = 0;
    TRY(sink_open_buffer(&sink, into, err));
    return store_read(script->store, "key", offset, length, sink, err);
}

static void
assert_digits(struct s3_script *script, uint64_t offset, uint64_t length, const char *want)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct error err = {0};

    assert_ok(read_digits(script, offset, length, &got, &err));
    assert_true(bytes_equal(buffer_bytes(&got), bytes_of(want)));
}

static void
a_read_that_is_cut_goes_on_where_it_stopped(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket/p/key HTTP/1.1\r\n",
         .without = "range:",
         .headers = "ETag: \"e1\"\r\n",
         .body = "0123456789",
         .end = HTTP_STEP_CUT},
        {.request = "GET /bucket/p/key HTTP/1.1\r\n",
         .with = {"range: bytes=5-9\r\n", "if-match: \"e1\"\r\n"},
         .status = 206,
         .headers = "ETag: \"e1\"\r\nContent-Range: bytes 5-9/10\r\n",
         .body = "56789",
         .end = HTTP_STEP_CUT},
        {.request = "GET ",
         .with = {"range: bytes=7-9\r\n", "if-match: \"e1\"\r\n"},
         .status = 206,
         .headers = "Content-Range: bytes 7-9/10\r\n",
         .body = "789"}};
    struct s3_script script;

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_digits(&script, 0, STORE_TO_END, "0123456789");
    s3_script_stop(&script);
}

static void
an_object_replaced_during_a_read_is_corrupt(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ",
         .headers = "ETag: \"e1\"\r\n",
         .body = "0123456789",
         .end = HTTP_STEP_CUT},
        {.request = "GET ", .status = 412, .body = ERROR_XML("PreconditionFailed")}};
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(read_digits(&script, 0, STORE_TO_END, &got, &err), STATUS_CORRUPT);
    assert_message("was replaced while it was read");
    s3_script_stop(&script);
}

/* What the service sends is checked before any of it is passed on. */
static void
only_the_bytes_asked_for_are_accepted(void **state)
{
    static const struct
    {
        const char *name;
        struct http_step step;
        enum status want;
    } cases[] = {
        {"the range ignored", {.body = "0123456789"}, STATUS_UNSUPPORTED},
        {"another range",
         {.status = 206, .headers = "Content-Range: bytes 0-3/10\r\n", .body = "0123"},
         STATUS_UNSUPPORTED},
        {"a shorter range",
         {.status = 206, .headers = "Content-Range: bytes 2-4/10\r\n", .body = "234"},
         STATUS_UNSUPPORTED},
        {"an object that ends early",
         {.status = 206, .headers = "Content-Range: bytes 2-3/4\r\n", .body = "23"},
         STATUS_CORRUPT},
        {"no Content-Range", {.status = 206, .body = "2345"}, STATUS_TRANSIENT},
        {"nonsense",
         {.status = 206, .headers = "Content-Range: bytes 5-2/10\r\n", .body = "2345"},
         STATUS_TRANSIENT},
        {"an unknown size",
         {.status = 206, .headers = "Content-Range: bytes 2-5/*\r\n", .body = "2345"},
         STATUS_TRANSIENT},
        {"more than announced",
         {.status = 206, .headers = "Content-Range: bytes 2-5/10\r\n", .body = "2345678"},
         STATUS_TRANSIENT},
        {"less than announced",
         {.status = 206, .headers = "Content-Range: bytes 2-5/10\r\n", .body = "23"},
         STATUS_TRANSIENT},
        {"no body",
         {.status = 206, .headers = "Content-Range: bytes 2-5/10\r\n"},
         STATUS_TRANSIENT},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
        struct http_step steps[] = {cases[index].step};
        struct s3_script script;
        struct error err = {0};
        enum status status;

        steps[0].request = "GET /bucket/p/key";
        steps[0].with[0] = "range: bytes=2-5\r\n";
        S3_SCRIPT(&script, steps, .retry_limit_ms = -1);
        status = read_digits(&script, 2, 4, &got, &err);
        if (status != cases[index].want)
            fail_msg("%s: %s: %s", cases[index].name, status_name(status), err.message);
        assert_between(got.size, 0, 4);
        s3_script_stop(&script);
    }
}

static void
a_range_behind_the_end_is_settled_by_the_size(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 416, .body = ERROR_XML("InvalidRange")},
        {.request = "GET ",
         .with = {"range: bytes=0-0\r\n"},
         .status = 206,
         .headers = "Content-Range: bytes 0-0/10\r\n",
         .body = "0"},
        {.request = "GET ", .status = 416, .body = ERROR_XML("InvalidRange")},
        {.request = "GET ", .status = 404, .body = ERROR_XML("NoSuchKey")}};
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_digits(&script, 10, STORE_TO_END, "");
    assert_status(read_digits(&script, 10, 1, &got, &err), STATUS_NOT_FOUND);
    s3_script_stop(&script);
}

static void
a_size_takes_one_request_and_no_body(void **state)
{
    static const struct
    {
        struct http_step step;
        uint64_t want;
    } cases[] = {
        {{.status = 206, .headers = "Content-Range: bytes 0-0/12345678901\r\n", .body = "0"},
         UINT64_C(12345678901)},
        {{.body = "a whole object instead"}, 22},
        {{.body = "1"}, 1},
        {{.body = ""}, 0},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct http_step steps[] = {cases[index].step};
        struct s3_script script;
        uint64_t size_bytes = 99;

        steps[0].request = "GET /bucket/p/key";
        S3_SCRIPT(&script, steps, 0);
        assert_ok(store_size(script.store, "key", &size_bytes, &err));
        assert_int_equal(size_bytes, cases[index].want);
        s3_script_stop(&script);
    }
}

static void
an_empty_object_s_size_is_proved_by_a_head(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .status = 416, .body = ERROR_XML("InvalidRange")},
        {.request = "HEAD ", .headers = "Content-Length: 0\r\n"},
        {.request = "GET ", .status = 416},
        {.request = "HEAD ", .status = 404}};
    struct s3_script script;
    struct error err = {0};
    uint64_t size_bytes = 99;

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_size(script.store, "key", &size_bytes, &err));
    assert_int_equal(size_bytes, 0);
    assert_status(store_size(script.store, "key", &size_bytes, &err), STATUS_TRANSIENT);
    s3_script_stop(&script);
}

static void
doubt_is_never_not_found(void **state)
{
    static const struct
    {
        struct http_step step;
        enum status want;
    } cases[] = {
        {{.status = 404, .body = ERROR_XML("NoSuchBucket")}, STATUS_CONFIG},
        {{.status = 404, .body = "<html>404</html>"}, STATUS_CONFIG},
        {{.status = 404, .body = ""}, STATUS_CONFIG},
        {{.status = 403, .body = ERROR_XML("AccessDenied")}, STATUS_DENIED},
        {{.status = 503, .body = ERROR_XML("NoSuchKey but not really")}, STATUS_TRANSIENT},
        {{.end = HTTP_STEP_CLOSED}, STATUS_TRANSIENT},
        {{.status = 404, .body = ERROR_XML("NoSuchKey"), .end = HTTP_STEP_CUT}, STATUS_TRANSIENT},
    };

    (void) state;
    for (size_t index = 0; index < 2 * sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
        struct http_step steps[] = {cases[index / 2].step};
        struct s3_script script;
        struct error err = {0};
        uint64_t size_bytes;

        steps[0].request = "GET /bucket/p/key";
        S3_SCRIPT(&script, steps, .retry_limit_ms = -1);
        if (index % 2 == 0)
            assert_status(store_size(script.store, "key", &size_bytes, &err),
                          cases[index / 2].want);
        else
            assert_status(store_get(script.store, "key", &got, &err), cases[index / 2].want);
        s3_script_stop(&script);
    }
}

static void
deletion_of_nothing_is_fine_but_not_of_no_bucket(void **state)
{
    static const struct http_step steps[] = {
        {.request = "DELETE /bucket/p/key HTTP/1.1\r\n", .status = 204},
        {.request = "DELETE ", .status = 404, .body = ERROR_XML("NoSuchKey")},
        {.request = "DELETE ", .status = 404, .body = ERROR_XML("NoSuchBucket")},
        {.request = "DELETE ", .status = 403, .body = ERROR_XML("AccessDenied")}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_delete(script.store, "key", &err));
    assert_ok(store_delete(script.store, "key", &err));
    assert_status(store_delete(script.store, "key", &err), STATUS_CONFIG);
    assert_status(store_delete(script.store, "key", &err), STATUS_DENIED);
    s3_script_stop(&script);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_is_conditional_and_carries_a_write_id),
        cmocka_unit_test(a_page_that_says_200_to_anything_acknowledges_nothing),
        cmocka_unit_test(what_another_wrote_is_a_conflict),
        cmocka_unit_test(what_we_wrote_ourselves_is_no_conflict),
        cmocka_unit_test(a_conflict_that_cannot_be_settled_is_not_one),
        cmocka_unit_test(without_conditions_a_put_looks_first),
        cmocka_unit_test(without_conditions_many_writers_are_refused),
        cmocka_unit_test(a_service_without_conditions_is_unsupported_not_silent),
        cmocka_unit_test(a_read_that_is_cut_goes_on_where_it_stopped),
        cmocka_unit_test(an_object_replaced_during_a_read_is_corrupt),
        cmocka_unit_test(only_the_bytes_asked_for_are_accepted),
        cmocka_unit_test(a_range_behind_the_end_is_settled_by_the_size),
        cmocka_unit_test(a_size_takes_one_request_and_no_body),
        cmocka_unit_test(an_empty_object_s_size_is_proved_by_a_head),
        cmocka_unit_test(doubt_is_never_not_found),
        cmocka_unit_test(deletion_of_nothing_is_fine_but_not_of_no_bucket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
