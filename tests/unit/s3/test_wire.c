// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/wire.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct endpoint endpoint;

static struct wire_input
input_for(const char *url, const char *region, const struct credentials *credentials)
{
    struct error err = {0};

    assert_ok(endpoint_parse(&endpoint, url, "examplebucket", S3_ADDRESSING_AUTOMATIC, &err));
    return (struct wire_input){.endpoint = &endpoint,
                               .method = "GET",
                               .key = "test.txt",
                               .payload_hash = HASH,
                               .payload_md5 = "",
                               .credentials = credentials,
                               .region = region,
                               .time = INT64_C(1369353600) * US_PER_SECOND};
}

static const struct credentials published = {
    .access_key_id = (char *) "AKIAIOSFODNN7EXAMPLE",
    .secret_access_key = (char *) "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .expires = TIME_NONE};

static const char *
header_of(const struct wire *wire, const char *name)
{
    for (size_t index = 0; index < wire->header_count; index++)
    {
        if (strcmp(wire->headers[index].name, name) == 0)
            return wire->headers[index].value;
    }
    return NULL;
}

static void
an_address_and_a_signature_come_of_the_parts(void **state)
{
    static const struct sigv4_pair query[] = {{"prefix", "J"}, {"max-keys", "2"}};
    struct wire_input input = input_for("https://host", "us-east-1", &published);
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    input.query = query;
    input.query_count = 2;
    assert_ok(wire_build(&wire, &input, &cache, &err));
    assert_string_equal(wire.url, "https://host/examplebucket/test.txt?max-keys=2&prefix=J");
    assert_string_equal(header_of(&wire, "host"), "host");
    assert_string_equal(header_of(&wire, "x-amz-date"), "20130524T000000Z");
    assert_string_equal(header_of(&wire, "x-amz-content-sha256"), HASH);
    assert_null(header_of(&wire, "x-amz-security-token"));
    assert_null(header_of(&wire, "content-md5"));
    assert_non_null(strstr(header_of(&wire, "authorization"),
                           "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"));
}

static void
the_published_request_gets_the_published_signature(void **state)
{
    static const struct sigv4_pair headers[] = {{"range", "bytes=0-9"}};
    struct wire_input input = input_for(NULL, "us-east-1", &published);
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    /* The document's example predates regions in host names. */
    endpoint = (struct endpoint){.scheme = "https",
                                 .host = "s3.amazonaws.com",
                                 .bucket = "examplebucket",
                                 .virtual_host = true};
    input.headers = headers;
    input.header_count = 1;
    assert_ok(wire_build(&wire, &input, &cache, &err));
    assert_string_equal(wire.url, "https://examplebucket.s3.amazonaws.com/test.txt");
    assert_string_equal(wire.signature.signature,
                        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
amazon_without_a_region_is_asked_in_us_east_1(void **state)
{
    const struct wire_input input = input_for(NULL, "auto", &published);
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    assert_ok(wire_build(&wire, &input, &cache, &err));
    assert_string_equal(wire.url, "https://examplebucket.s3.us-east-1.amazonaws.com/test.txt");
    assert_non_null(strstr(header_of(&wire, "authorization"), "/us-east-1/s3/aws4_request"));
}

static void
elsewhere_auto_is_a_region_like_any_other(void **state)
{
    const struct wire_input input = input_for("https://host", "auto", &published);
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    assert_ok(wire_build(&wire, &input, &cache, &err));
    assert_non_null(strstr(header_of(&wire, "authorization"), "/auto/s3/aws4_request"));
}

static void
a_session_token_is_sent_and_signed(void **state)
{
    const struct credentials temporary = {.access_key_id = (char *) "ID",
                                          .secret_access_key = (char *) "SECRET",
                                          .session_token = (char *) "TOKEN"};
    const struct wire_input input = input_for("https://host", "auto", &temporary);
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    assert_ok(wire_build(&wire, &input, &cache, &err));
    assert_string_equal(header_of(&wire, "x-amz-security-token"), "TOKEN");
    assert_non_null(strstr(header_of(&wire, "authorization"), ";x-amz-security-token,"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_and_a_signature_come_of_the_parts),
        cmocka_unit_test(the_published_request_gets_the_published_signature),
        cmocka_unit_test(amazon_without_a_region_is_asked_in_us_east_1),
        cmocka_unit_test(elsewhere_auto_is_a_region_like_any_other),
        cmocka_unit_test(a_session_token_is_sent_and_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
