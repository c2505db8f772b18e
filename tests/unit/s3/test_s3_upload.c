// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/s3_internal.h"
#include "stream/sink.h"
#include "tests/support/s3_script.h"

#include <stdio.h>
#include <stdlib.h>

#define CREATED                                                                                    \
    "<InitiateMultipartUploadResult><UploadId>ID</UploadId></InitiateMultipartUploadResult>"
#define DONE "<CompleteMultipartUploadResult><ETag>\"all\"</ETag></CompleteMultipartUploadResult>"

/* The beginning that all uploads of two parts share. */
#define STEPS_TO_COMPLETE                                                                          \
    {.request = "HEAD /bucket/p/key", .status = 404},                                              \
        {.request = "POST /bucket/p/key?uploads= ",                                                \
         .with = {"x-amz-meta-redoubt-write: "},                                                   \
         .body = CREATED},                                                                         \
        {.request = "PUT /bucket/p/key?partNumber=1&uploadId=ID ",                                 \
         .with = {"Content-Length: 5242880\r\n"},                                                  \
         .headers = "ETag: \"e1\"\r\n"},                                                           \
        {.request = "PUT /bucket/p/key?partNumber=2&uploadId=ID ",                                 \
         .with = {"Content-Length: 3\r\n"},                                                        \
         .headers = "ETag: \"e2\"\r\n"},                                                           \
    {                                                                                              \
        .request = "HEAD /bucket/p/key", .status = 404                                             \
    }

#define COMPLETE                                                                                   \
    .request = "POST /bucket/p/key?uploadId=ID ",                                                  \
    .with = {"if-none-match: *\r\n",                                                               \
             "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part>" \
             "<Part><PartNumber>2</PartNumber><ETag>\"e2\"</ETag></Part>"                          \
             "</CompleteMultipartUpload>"}

#define ABORT                                                                                      \
    {                                                                                              \
        .request = "DELETE /bucket/p/key?uploadId=ID ", .status = 204                              \
    }

/* One part and three bytes, in pieces that do not fit the parts. */
static enum status
upload(struct s3_script *script, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN + 3);
    size_t half = S3_PART_SIZE_MIN / 2 + 1;

    TRY(store_create(script->store, "key", &sink, err));
    TRY(sink_write(sink, (struct bytes){content, half}, err));
    TRY(sink_write(sink, (struct bytes){content, S3_PART_SIZE_MIN + 3 - half}, err));
    return sink_finish(sink, err);
}

static void
parts_are_equal_and_completion_is_conditional(void **state)
{
    static const struct http_step steps[] = {STEPS_TO_COMPLETE, {COMPLETE, .body = DONE}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(upload(&script, &err));
    s3_script_stop(&script);
}

static void
ten_thousand_equal_parts_hold_what_is_expected(void **state)
{
    static const uint64_t mib = UINT64_C(1) << 20;
    static const uint64_t gib = UINT64_C(1) << 30;
    const struct
    {
        uint64_t expected;
        uint64_t usual;
        uint64_t part;
    } cases[] = {
        {0, 32 * mib, 32 * mib},
        {10000 * 32 * mib - 1, 32 * mib, 32 * mib},
        {10000 * 32 * mib + 1, 32 * mib, 33 * mib},
        {gib * 1024, 32 * mib, 105 * mib},
        {gib * 1024, 512 * mib, 512 * mib},
        {UINT64_MAX, 32 * mib, 5 * gib},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        uint64_t part = s3_upload_part_size(cases[index].expected, (size_t) cases[index].usual);

        assert_int_equal(part, cases[index].part);
        if (part < 5 * gib)
            assert_true(part * 10000 >= cases[index].expected);
    }
}

/* The script's store has parts of 5 MiB; one byte more than 10,000 of them makes it 6. */
static void
a_large_object_goes_up_in_larger_parts(void **state)
{
    static const struct http_step steps[] = {
        {.request = "HEAD /bucket/p/key", .status = 404},
        {.request = "POST /bucket/p/key?uploads= ", .body = CREATED},
        {.request = "PUT /bucket/p/key?partNumber=1&uploadId=ID ",
         .with = {"Content-Length: 6291456\r\n"},
         .headers = "ETag: \"e1\"\r\n"},
        {.request = "PUT /bucket/p/key?partNumber=2&uploadId=ID ",
         .with = {"Content-Length: 3\r\n"},
         .headers = "ETag: \"e2\"\r\n"},
        {.request = "HEAD /bucket/p/key", .status = 404},
        {COMPLETE, .body = DONE}};
    SCOPED(freep) uint8_t *content = calloc(1, 6291456 + 3);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_create_sized(script.store, "key", UINT64_C(10000) * S3_PART_SIZE_MIN + 1, &sink,
                                 &err));
    assert_ok(sink_write(sink, (struct bytes){content, 6291456 + 3}, &err));
    assert_ok(sink_finish(sink, &err));
    s3_script_stop(&script);
}

static void
what_fits_into_a_part_is_one_put(void **state)
{
    static const struct http_step steps[] = {{.request = "PUT /bucket/p/key HTTP",
                                              .with = {"Content-Length: 5242880\r\n"},
                                              .without = "Expect:",
                                              .headers = "ETag: \"e\"\r\n"},
                                             {.request = "PUT /bucket/p/key HTTP",
                                              .with = {"Content-Length: 0\r\n"},
                                              .headers = "ETag: \"e\"\r\n"}};
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN);
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    for (int round = 0; round < 2; round++)
    {
        SCOPED(sink_freep) struct sink *sink = NULL;
        size_t size = round == 0 ? S3_PART_SIZE_MIN : 0;

        assert_ok(store_create(script.store, "key", &sink, &err));
        assert_ok(sink_write(sink, (struct bytes){content, size}, &err));
        assert_ok(sink_finish(sink, &err));
    }
    s3_script_stop(&script);
}

static void
an_error_inside_the_reply_to_completion_is_not_success(void **state)
{
    static const struct http_step steps[] = {
        STEPS_TO_COMPLETE,
        {COMPLETE, .body = " \n <?xml version=\"1.0\"?>" ERROR_XML("AccessDenied")},
        ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    /* White space before a declaration is kept alive by S3; then comes the verdict. */
    assert_status(upload(&script, &err), STATUS_DENIED);
    s3_script_stop(&script);
}

static void
a_passing_error_of_completion_is_tried_again(void **state)
{
    static const struct http_step failures[] = {
        {COMPLETE, .body = ERROR_XML("InternalError")},
        {COMPLETE, .status = 503},
        {COMPLETE, .body = DONE, .end = HTTP_STEP_CUT},
        {COMPLETE, .status = 409, .body = ERROR_XML("ConditionalRequestConflict")},
        {COMPLETE, .body = ""},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(failures) / sizeof(failures[0]); index++)
    {
        const struct http_step steps[] = {
            STEPS_TO_COMPLETE, failures[index], {COMPLETE, .body = DONE}};
        struct s3_script script;

        S3_SCRIPT(&script, steps, 0);
        assert_ok(upload(&script, &err));
        s3_script_stop(&script);
    }
}

/* Ours: the first completion arrived, and its reply was lost. */
static void
a_completion_whose_reply_was_lost_is_recognised(void **state)
{
    static const struct http_step second_replies[] = {
        {COMPLETE, .status = 404, .body = ERROR_XML("NoSuchUpload")},
        {COMPLETE, .status = 412, .body = ERROR_XML("PreconditionFailed")},
        {COMPLETE, .body = ERROR_XML("PreconditionFailed")},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(second_replies) / sizeof(second_replies[0]); index++)
    {
        const struct http_step steps[] = {STEPS_TO_COMPLETE,
                                          {COMPLETE, .end = HTTP_STEP_CLOSED},
                                          second_replies[index],
                                          {.request = "HEAD ", .echo_write_id = true}};
        struct s3_script script;

        S3_SCRIPT(&script, steps, 0);
        assert_ok(upload(&script, &err));
        s3_script_stop(&script);
    }
}

static void
a_completion_that_another_overtook_is_a_conflict(void **state)
{
    static const struct http_step steps[] = {
        STEPS_TO_COMPLETE,
        {COMPLETE, .status = 412, .body = ERROR_XML("PreconditionFailed")},
        {.request = "HEAD ", .headers = "x-amz-meta-redoubt-write: other\r\n"},
        ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(upload(&script, &err), STATUS_CONFLICT);
    s3_script_stop(&script);
}

static void
an_upload_that_vanished_is_transient(void **state)
{
    static const struct http_step steps[] = {
        STEPS_TO_COMPLETE,
        {COMPLETE, .status = 404, .body = ERROR_XML("NoSuchUpload")},
        {.request = "HEAD ", .status = 404},
        ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(upload(&script, &err), STATUS_TRANSIENT);
    assert_message("NoSuchUpload");
    s3_script_stop(&script);
}

/* Some services ignore the condition on completion, so there is a look before it. */
static void
what_appears_during_the_upload_is_a_conflict(void **state)
{
    struct http_step steps[] = {STEPS_TO_COMPLETE, ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    steps[4].status = 200;
    S3_SCRIPT(&script, steps, 0);
    assert_status(upload(&script, &err), STATUS_CONFLICT);
    s3_script_stop(&script);
}

static void
what_exists_before_the_upload_costs_no_upload(void **state)
{
    static const struct http_step steps[] = {{.request = "HEAD /bucket/p/key"}};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(upload(&script, &err), STATUS_CONFLICT);
    s3_script_stop(&script);
}

static void
a_failed_part_aborts_the_upload(void **state)
{
    static const struct http_step steps[] = {
        {.request = "HEAD ", .status = 404},
        {.request = "POST ", .body = CREATED},
        {.request = "PUT ", .status = 503},
        {.request = "PUT ", .status = 403, .body = ERROR_XML("AccessDenied")},
        ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_status(upload(&script, &err), STATUS_DENIED);
    s3_script_stop(&script);
}

static void
a_freed_sink_aborts_the_upload(void **state)
{
    static const struct http_step steps[] = {{.request = "HEAD ", .status = 404},
                                             {.request = "POST ", .body = CREATED},
                                             {.request = "PUT ", .headers = "ETag: \"e1\"\r\n"},
                                             ABORT};
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN + 3);
    struct sink *sink = NULL;
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_create(script.store, "key", &sink, &err));
    assert_ok(sink_write(sink, (struct bytes){content, S3_PART_SIZE_MIN + 3}, &err));
    sink_freep(&sink);
    s3_script_stop(&script);
}

static void
a_reply_without_upload_id_or_etag_is_refused(void **state)
{
    static const struct http_step without_id[] = {
        {.request = "HEAD ", .status = 404},
        {.request = "POST ", .body = "<InitiateMultipartUploadResult/>"}};
    static const struct http_step without_etag[] = {{.request = "HEAD ", .status = 404},
                                                    {.request = "POST ", .body = CREATED},
                                                    {.request = "PUT "},
                                                    ABORT};
    struct s3_script script;
    struct error err = {0};

    (void) state;
    S3_SCRIPT(&script, without_id, 0);
    assert_status(upload(&script, &err), STATUS_TRANSIENT);
    s3_script_stop(&script);
    S3_SCRIPT(&script, without_etag, 0);
    assert_status(upload(&script, &err), STATUS_UNSUPPORTED);
    s3_script_stop(&script);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_equal_and_completion_is_conditional),
        cmocka_unit_test(ten_thousand_equal_parts_hold_what_is_expected),
        cmocka_unit_test(a_large_object_goes_up_in_larger_parts),
        cmocka_unit_test(what_fits_into_a_part_is_one_put),
        cmocka_unit_test(an_error_inside_the_reply_to_completion_is_not_success),
        cmocka_unit_test(a_passing_error_of_completion_is_tried_again),
        cmocka_unit_test(a_completion_whose_reply_was_lost_is_recognised),
        cmocka_unit_test(a_completion_that_another_overtook_is_a_conflict),
        cmocka_unit_test(an_upload_that_vanished_is_transient),
        cmocka_unit_test(what_appears_during_the_upload_is_a_conflict),
        cmocka_unit_test(what_exists_before_the_upload_costs_no_upload),
        cmocka_unit_test(a_failed_part_aborts_the_upload),
        cmocka_unit_test(a_freed_sink_aborts_the_upload),
        cmocka_unit_test(a_reply_without_upload_id_or_etag_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
