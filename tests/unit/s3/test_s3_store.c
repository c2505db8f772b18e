// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/clock.h"
#include "tests/support/s3_script.h"

static enum status
open_with(struct s3_options options, struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;

    if (options.bucket == NULL)
        options.bucket = "bucket";
    return s3_store_open(&store, &options, err);
}

static void
impossible_options_are_refused_at_open(void **state)
{
    static const struct
    {
        struct s3_options options;
        const char *message;
    } cases[] = {
        {{.bucket = "a/b"}, "invalid bucket name \"a/b\""},
        {{.endpoint = "ftp://host"}, "invalid endpoint"},
        {{.region = "eu west"}, "invalid region \"eu west\""},
        {{.prefix = "a//b"}, "invalid prefix \"a//b\""},
        {{.prefix = "../x"}, "invalid prefix"},
        {{.prefix = "spa ce"}, "invalid prefix"},
        {{.part_size_bytes = 1 << 20}, "part size is 1048576 bytes"},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        assert_status(open_with(cases[index].options, &err), STATUS_CONFIG);
        assert_message(cases[index].message);
    }
}

static void
the_longest_prefix_leaves_room_for_the_longest_key(void **state)
{
    char prefix[200];
    struct error err = {0};

    (void) state;
    memset(prefix, 'p', sizeof(prefix));
    prefix[123] = '\0';
    assert_ok(open_with((struct s3_options){.prefix = prefix}, &err));
    prefix[123] = 'p';
    prefix[124] = '\0';
    assert_status(open_with((struct s3_options){.prefix = prefix}, &err), STATUS_CONFIG);
    assert_message("longer than 123 bytes");
}

static void
the_location_is_for_people(void **state)
{
    static const struct
    {
        const char *prefix;
        const char *want;
    } cases[] = {{NULL, "s3://bucket"},
                 {"", "s3://bucket"},
                 {"/", "s3://bucket"},
                 {"a/b", "s3://bucket/a/b"},
                 {"a/b/", "s3://bucket/a/b"}};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        const struct s3_options options = {.bucket = "bucket", .prefix = cases[index].prefix};
        SCOPED(store_freep) struct store *store = NULL;

        assert_ok(s3_store_open(&store, &options, &err));
        assert_string_equal(store->location, cases[index].want);
    }
}

static void
opening_asks_nobody(void **state)
{
    const struct s3_options options = {.endpoint = "http://127.0.0.1:1",
                                       .credentials = {.source = CREDENTIALS_INSTANCE}};
    struct error err = {0};

    (void) state;
    assert_ok(open_with(options, &err));
}

static void
any_reply_with_a_date_tells_the_time(void **state)
{
    static const struct http_step steps[] = {
        {.request = "HEAD /bucket HTTP", .date_ahead_s = 100},
        {.request = "HEAD /bucket HTTP", .date_ahead_s = -200, .status = 403}};
    struct s3_script script;
    struct error err = {0};
    int64_t now = 0;

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_server_time(script.store, &now, &err));
    assert_between(now - clock_now(), 97 * US_PER_SECOND, 101 * US_PER_SECOND);
    assert_ok(store_server_time(script.store, &now, &err));
    assert_true(now < clock_now() - 190 * US_PER_SECOND);
    s3_script_stop(&script);
}

/* Its Date, not the corrected clock: a skewed host must see that it is. */
static void
a_skewed_host_is_told_the_service_s_time(void **state)
{
    static const struct http_step steps[] = {
        {.request = "HEAD /bucket HTTP", .date_ahead_s = 86400, .status = 403},
        {.request = "HEAD /bucket HTTP", .date_ahead_s = 86400}};
    struct s3_script script;
    struct error err = {0};
    int64_t now = 0;

    (void) state;
    S3_SCRIPT(&script, steps, 0);
    assert_ok(store_server_time(script.store, &now, &err));
    assert_true(now > clock_now() + 86000 * US_PER_SECOND);
    s3_script_stop(&script);
}

static void
a_service_that_cannot_be_reached_tells_no_time(void **state)
{
    static const struct http_step steps[] = {{.request = "HEAD ", .end = HTTP_STEP_CLOSED}};
    struct s3_script script;
    struct error err = {0};
    int64_t now;

    (void) state;
    S3_SCRIPT(&script, steps, .retry_limit_ms = -1);
    assert_status(store_server_time(script.store, &now, &err), STATUS_TRANSIENT);
    assert_message("could not HEAD bucket \"bucket\"");
    s3_script_stop(&script);
}

static void
a_region_of_its_own_is_learnt_from_the_first_reply(void **state)
{
    static const struct http_step steps[] = {
        {.request = "GET /bucket/p/key",
         .with = {"/auto/s3/aws4_request"},
         .status = 400,
         .body =
             "<Error><Code>AuthorizationHeaderMalformed</Code><Region>minio-1</Region></Error>"},
        {.request = "GET /bucket/p/key",
         .with = {"/minio-1/s3/aws4_request"},
         .status = 404,
         .body = ERROR_XML("NoSuchKey")}};
    struct s3_script script;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    S3_SCRIPT(&script, steps, .region = "auto");
    assert_status(store_size(script.store, "key", &size_bytes, &err), STATUS_NOT_FOUND);
    s3_script_stop(&script);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_options_are_refused_at_open),
        cmocka_unit_test(the_longest_prefix_leaves_room_for_the_longest_key),
        cmocka_unit_test(the_location_is_for_people),
        cmocka_unit_test(opening_asks_nobody),
        cmocka_unit_test(any_reply_with_a_date_tells_the_time),
        cmocka_unit_test(a_skewed_host_is_told_the_service_s_time),
        cmocka_unit_test(a_service_that_cannot_be_reached_tells_no_time),
        cmocka_unit_test(a_region_of_its_own_is_learnt_from_the_first_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
