// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/endpoint.h"

#include <stdio.h>
#include <stdlib.h>

static void
host_and_path_follow_from_the_settings(void **state)
{
    static const struct
    {
        const char *url;
        const char *bucket;
        enum s3_addressing addressing;
        const char *region;
        const char *key;
        const char *want;
    } cases[] = {
        {NULL, "shop", S3_ADDRESSING_AUTOMATIC, "eu-west-1", "a/b",
         "https shop.s3.eu-west-1.amazonaws.com /a/b"},
        {NULL, "shop", S3_ADDRESSING_AUTOMATIC, "auto", "k",
         "https shop.s3.us-east-1.amazonaws.com /k"},
        {NULL, "shop", S3_ADDRESSING_AUTOMATIC, "cn-north-1", "k",
         "https shop.s3.cn-north-1.amazonaws.com.cn /k"},
        {NULL, "shop.example", S3_ADDRESSING_AUTOMATIC, "eu-west-1", "k",
         "https s3.eu-west-1.amazonaws.com /shop.example/k"},
        {NULL, "shop", S3_ADDRESSING_PATH, "eu-west-1", NULL,
         "https s3.eu-west-1.amazonaws.com /shop"},
        {"https://storage.example.org", "shop", S3_ADDRESSING_AUTOMATIC, "auto", "k",
         "https storage.example.org /shop/k"},
        {"http://127.0.0.1:8000/", "shop", S3_ADDRESSING_AUTOMATIC, "auto", "k",
         "http 127.0.0.1:8000 /shop/k"},
        {"storage.example.org", "shop", S3_ADDRESSING_VIRTUAL_HOST, "auto", NULL,
         "https shop.storage.example.org /"},
        {"https://Storage.Example.org:443", "shop", S3_ADDRESSING_PATH, "auto", "k",
         "https storage.example.org /shop/k"},
        {"http://host:80", "shop", S3_ADDRESSING_PATH, "auto", "k", "http host /shop/k"},
        {"http://host:443", "shop", S3_ADDRESSING_PATH, "auto", "k", "http host:443 /shop/k"},
        {"http://[::1]:8000", "shop", S3_ADDRESSING_PATH, "auto", "k", "http [::1]:8000 /shop/k"},
        {"https://host/storage/v1/s3/", "shop", S3_ADDRESSING_PATH, "auto", "k",
         "https host /storage/v1/s3/shop/k"},
        {"https://host", "shop", S3_ADDRESSING_PATH, "auto", "a%b=c/d e",
         "https host /shop/a%25b%3Dc/d%20e"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(endpoint_address_release)
        struct endpoint_address address = ENDPOINT_ADDRESS_INIT;
        struct endpoint endpoint;
        struct error err = {0};
        const char *path;
        char got[512];

        assert_ok(endpoint_parse(&endpoint, cases[index].url, cases[index].bucket,
                                 cases[index].addressing, &err));
        assert_ok(
            endpoint_address(&endpoint, cases[index].region, cases[index].key, &address, &err));
        assert_ok(buffer_text(&address.path, &path, &err));
        snprintf(got, sizeof(got), "%s %s %s", endpoint.scheme, address.host, path);
        assert_string_equal(got, cases[index].want);
    }
}

static void
impossible_endpoints_are_refused(void **state)
{
    static const char *const urls[] = {
        "ftp://host",        "https://",           "https:///path",    "https://user:pw@host",
        "https://host?x=1",  "https://ho st",      "https://host/a b", "https://host/?x",
        "https://host\r\nX", "https://host/%2e%2e"};
    struct endpoint endpoint;
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(urls) / sizeof(urls[0]); index++)
    {
        assert_status(endpoint_parse(&endpoint, urls[index], "shop", S3_ADDRESSING_PATH, &err),
                      STATUS_CONFIG);
        assert_message("invalid endpoint");
        assert_true(err.hint[0] != '\0');
    }
}

static void
impossible_buckets_are_refused(void **state)
{
    static const char *const buckets[] = {"", "a/b", "..", "a..b", "-", ".a", "a b", "a?b", NULL};
    struct endpoint endpoint;
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(buckets) / sizeof(buckets[0]); index++)
    {
        assert_status(
            endpoint_parse(&endpoint, NULL, buckets[index], S3_ADDRESSING_AUTOMATIC, &err),
            STATUS_CONFIG);
        assert_message("invalid bucket name");
    }
}

/* A region comes from a reply and becomes part of a host name. */
static void
a_region_cannot_lead_to_another_host(void **state)
{
    (void) state;
    assert_true(endpoint_region_is_valid("us-gov-west-1"));
    assert_false(endpoint_region_is_valid(""));
    assert_false(endpoint_region_is_valid("evil.example.org/"));
    assert_false(endpoint_region_is_valid("a@b"));
    assert_false(endpoint_region_is_valid(
        "a-region-with-a-name-that-is-much-longer-than-any-name-of-a-region-is"));
}

static void
local_endpoints_are_known_as_such(void **state)
{
    static const struct
    {
        const char *url;
        bool local;
    } cases[] = {{"http://127.0.0.1:9", true}, {"http://localhost", true},
                 {"http://[::1]:80", true},    {"http://169.254.1.1", true},
                 {"http://10.0.0.1", false},   {"https://s3.example.org", false}};
    struct endpoint endpoint;
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        assert_ok(
            endpoint_parse(&endpoint, cases[index].url, "shop", S3_ADDRESSING_AUTOMATIC, &err));
        assert_int_equal(endpoint.local, cases[index].local);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_and_path_follow_from_the_settings),
        cmocka_unit_test(impossible_endpoints_are_refused),
        cmocka_unit_test(impossible_buckets_are_refused),
        cmocka_unit_test(a_region_cannot_lead_to_another_host),
        cmocka_unit_test(local_endpoints_are_known_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
