// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/s3_script.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST(content)  "<ListBucketResult>" content "</ListBucketResult>"
#define KEY(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define URL            "<EncodingType>url</EncodingType>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

static enum status
collect(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    return buffer_append_text(arg, err, "%s:%llu ", key, (unsigned long long) size_bytes);
}

static void
assert_listing(const struct http_step *steps, size_t count, const char *after, const char *want)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);
    struct s3_script script;
    struct error err = {0};
    const char *text;

    s3_script_start(&script, steps, count, (struct s3_options){0});
    assert_ok(store_list(script.store, "log/", after, collect, &got, &err));
    assert_ok(buffer_text(&got, &text, &err));
    assert_string_equal(text, want);
    s3_script_stop(&script);
}

static void
pages_follow_each_other_by_token(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket?encoding-type=url&list-type=2&prefix=p%2Flog%2F ",
         .body = LIST(URL MORE("t+1/=") KEY("p/log/1", "10") KEY("p/log/2", "20"))},
        {.request = "GET /bucket?continuation-token=t%2B1%2F%3D&encoding-type=url&list-type=2"
                    "&prefix=p%2Flog%2F ",
         .body = LIST(URL KEY("p/log/3", "30") "<IsTruncated>false</IsTruncated>")}};

    (void) state;
    assert_listing(steps, 2, "", "log/1:10 log/2:20 log/3:30 ");
}

static void
after_is_asked_for_and_enforced(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket?encoding-type=url&list-type=2&prefix=p%2Flog%2F"
                    "&start-after=p%2Flog%2F1 ",
         .body = LIST(KEY("p/log/1", "10") KEY("p/log/2", "20"))}};

    (void) state;
    assert_listing(steps, 1, "log/1", "log/2:20 ");
}

static void
a_page_is_sorted_and_decoded(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .body = LIST(KEY("p%2Flog%2Fb", "2") KEY("p/log/a%253D", "1") URL)}};
    static const struct http_step plain[] = {
        {.request = "GET ", .body = LIST(KEY("p/log/a%3D", "1"))}};

    (void) state;
    assert_listing(steps, 1, "", "log/a%3D:1 log/b:2 ");
    /* Without EncodingType in the reply a percent sign is just that. */
    assert_listing(plain, 1, "", "log/a%3D:1 ");
}

static void
what_is_not_the_store_s_is_passed_over(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ",
         .body = LIST(KEY("p/log/", "0") KEY("other/log/1", "1") KEY("p/log/sp%20ace", "1")
                          URL KEY("p/log/1", "1") KEY("p", "1"))}};

    (void) state;
    assert_listing(steps, 1, "", "log/1:1 ");
}

static void
an_empty_listing_visits_nothing(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET ", .body = "<?xml version=\"1.0\"?>" LIST("<KeyCount>0</KeyCount>")}};

    (void) state;
    assert_listing(steps, 1, "", "");
}

/* No listing that leaves something out may pass for a whole one. */
static void
a_listing_that_is_not_whole_fails(void **state)
{
    static const struct
    {
        const char *name;
        struct http_step steps[2];
        enum status want;
    } cases[] = {
        {"a token that repeats",
         {{.request = "GET ", .body = LIST(MORE("t"))},
          {.request = "GET ", .body = LIST(MORE("t"))}},
         STATUS_CORRUPT},
        {"no token",
         {{.request = "GET ", .body = LIST("<IsTruncated>true</IsTruncated>")}},
         STATUS_CORRUPT},
        {"keys that go back",
         {{.request = "GET ", .body = LIST(KEY("p/log/5", "1") MORE("t"))},
          {.request = "GET ", .body = LIST(KEY("p/log/4", "1"))}},
         STATUS_UNSUPPORTED},
        {"the same key twice",
         {{.request = "GET ", .body = LIST(KEY("p/log/5", "1") KEY("p/log/5", "1"))}},
         STATUS_UNSUPPORTED},
        {"a size that is none",
         {{.request = "GET ", .body = LIST(KEY("p/log/5", "many"))}},
         STATUS_CORRUPT},
        {"a wrong encoding",
         {{.request = "GET ", .body = LIST(URL KEY("p/log/%2", "1"))}},
         STATUS_CORRUPT},
        {"a document cut off",
         {{.request = "GET ", .body = "<ListBucketResult><Contents>"}},
         STATUS_TRANSIENT},
        {"another service's page",
         {{.request = "GET ", .body = "<html><br></html>"}},
         STATUS_TRANSIENT},
        {"another document",
         {{.request = "GET ", .body = "<html><body>Welcome</body></html>"}},
         STATUS_TRANSIENT},
        {"an error inside a success",
         {{.request = "GET ", .body = ERROR_XML("AccessDenied")}},
         STATUS_DENIED},
        {"a missing bucket",
         {{.request = "GET ", .status = 404, .body = ERROR_XML("NoSuchBucket")}},
         STATUS_CONFIG},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);
        size_t count = cases[index].steps[1].request == NULL ? 1 : 2;
        struct s3_script script;
        struct error err = {0};
        enum status status;

        s3_script_start(&script, cases[index].steps, count,
                        (struct s3_options){.retry_limit_ms = -1});
        status = store_list(script.store, "log/", "", collect, &got, &err);
        if (status != cases[index].want)
            fail_msg("%s: %s: %s", cases[index].name, status_name(status), err.message);
        s3_script_stop(&script);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other_by_token),
        cmocka_unit_test(after_is_asked_for_and_enforced),
        cmocka_unit_test(a_page_is_sorted_and_decoded),
        cmocka_unit_test(what_is_not_the_store_s_is_passed_over),
        cmocka_unit_test(an_empty_listing_visits_nothing),
        cmocka_unit_test(a_listing_that_is_not_whole_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
