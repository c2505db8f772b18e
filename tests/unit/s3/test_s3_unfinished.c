// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/store_delete.h"
#include "tests/support/s3_script.h"

#define UPLOADS(content) "<ListMultipartUploadsResult>" content "</ListMultipartUploadsResult>"
#define UPLOAD(key, id, day)                                                                       \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>2026-11-" day                 \
    "T20:48:33.000Z</Initiated></Upload>"
#define MORE(key, id)                                                                              \
    "<IsTruncated>true</IsTruncated><NextKeyMarker>" key "</NextKeyMarker><NextUploadIdMarker>" id \
    "</NextUploadIdMarker>"

/* 2026-11-20 00:00 UTC */
#define BEFORE (INT64_C(1795132800) * US_PER_SECOND)

static enum status
remove_unfinished(const struct http_step *steps, size_t step_count, uint64_t *count,
                  struct error *err)
{
    struct s3_script script;
    enum status status;

    s3_script_start(&script, steps, step_count, (struct s3_options){0});
    status = store_delete_unfinished(script.store, "shop/", BEFORE, count, err);
    s3_script_stop(&script);
    return status;
}

static void
only_old_uploads_of_the_prefix_are_aborted(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket?prefix=p%2Fshop%2F&uploads= ",
         .body = UPLOADS(UPLOAD("p/shop/old", "A+1", "19") UPLOAD("p/shop/new", "B", "20")
                             UPLOAD("p/other/old", "C", "01"))},
        {.request = "DELETE /bucket/p/shop/old?uploadId=A%2B1 ", .status = 204}};
    struct error err = {0};
    uint64_t count;

    (void) state;
    assert_ok(remove_unfinished(steps, 2, &count, &err));
    assert_int_equal(count, 1);
}

static void
pages_follow_each_other_by_their_markers(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket?prefix=p%2Fshop%2F&uploads= ",
         .body = UPLOADS(UPLOAD("p/shop/1", "A", "01") MORE("p/shop/1", "A"))},
        {.request = "DELETE /bucket/p/shop/1?uploadId=A ", .status = 204},
        {.request = "GET /bucket?key-marker=p%2Fshop%2F1&prefix=p%2Fshop%2F&upload-id-marker=A"
                    "&uploads= ",
         .body = UPLOADS(UPLOAD("p/shop/2", "B", "01"))},
        {.request = "DELETE /bucket/p/shop/2?uploadId=B ", .status = 204}};
    struct error err = {0};
    uint64_t count;

    (void) state;
    assert_ok(remove_unfinished(steps, 4, &count, &err));
    assert_int_equal(count, 2);
}

static void
an_upload_that_is_gone_meanwhile_is_no_failure(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .body = UPLOADS(UPLOAD("p/shop/1", "A", "01"))},
        {.request = "DELETE ", .status = 404, .body = ERROR_XML("NoSuchUpload")}};
    struct error err = {0};
    uint64_t count;

    (void) state;
    assert_ok(remove_unfinished(steps, 2, &count, &err));
}

static void
a_listing_that_is_not_one_is_an_error(void **state)
{
    static const struct
    {
        const char *name;
        const char *body;
        enum status status;
    } cases[] = {
        {"a repetition", UPLOADS(MORE("", "")), STATUS_CORRUPT},
        {"a time that is none",
         UPLOADS("<Upload><Key>p/shop/1</Key><Initiated>soon</Initiated></Upload>"),
         STATUS_CORRUPT},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        const struct http_step step = {.request = "GET ", .body = cases[index].body};
        struct error err = {0};
        uint64_t count;
        enum status status = remove_unfinished(&step, 1, &count, &err);

        if (status != cases[index].status)
            fail_msg("%s: got %s: %s", cases[index].name, status_name(status), err.message);
    }
}

static void
an_upload_without_a_time_is_left_alone(void **state)
{
    static const struct http_step step = {
        .request = "GET ",
        .body = UPLOADS("<Upload><Key>p/shop/1</Key><UploadId>A</UploadId></Upload>")};
    struct error err = {0};
    uint64_t count;

    (void) state;
    assert_ok(remove_unfinished(&step, 1, &count, &err));
    assert_int_equal(count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_old_uploads_of_the_prefix_are_aborted),
        cmocka_unit_test(pages_follow_each_other_by_their_markers),
        cmocka_unit_test(an_upload_that_is_gone_meanwhile_is_no_failure),
        cmocka_unit_test(a_listing_that_is_not_one_is_an_error),
        cmocka_unit_test(an_upload_without_a_time_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
