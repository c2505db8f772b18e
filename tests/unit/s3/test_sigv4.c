// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/clock.h"
#include "base/file.h"
#include "s3/sigv4.h"

#include <stdio.h>
#include <stdlib.h>

#define VECTORS REDOUBT_SOURCE_DIR "/tests/vectors/sigv4"

#define ACCESS_KEY_ID     "AKIAIOSFODNN7EXAMPLE"
#define SECRET_ACCESS_KEY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static const char *const vectors[] = {"get-object-range", "put-object", "get-lifecycle",
                                      "list-objects", "encoding"};

/* A vector's request, taken apart; texts point into its file's. */
struct vector
{
    struct buffer text;
    struct buffer path;
    struct buffer query;
    struct sigv4_pair headers[SIGV4_PAIRS_MAX];
    char payload_hash[SIGV4_HASH_SIZE];
    char date[SIGV4_TIME_SIZE];
    struct sigv4_input input;
};

static void
vector_release(struct vector *vector)
{
    buffer_release(&vector->text);
    buffer_release(&vector->path);
    buffer_release(&vector->query);
}

static void
read_vector(const char *name, const char *file, struct buffer *into)
{
    char path[512];
    struct error err = {0};

    snprintf(path, sizeof(path), VECTORS "/%s/%s", name, file);
    *into = BUFFER_INIT(65536);
    assert_ok(file_read(path, into, &err));
}

/* "name<separator>value", cut in two. */
static struct sigv4_pair
split(char *line, const char *separator)
{
    char *middle = strstr(line, separator);

    assert_non_null(middle);
    *middle = '\0';
    return (struct sigv4_pair){line, middle + strlen(separator)};
}

static char *
take_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');

    assert_non_null(end);
    *end = '\0';
    *text = end + 1;
    return line;
}

static void
take_header(struct vector *vector, char *line, struct sigv4_pair *query, size_t *query_count)
{
    struct error err = {0};

    if (strncmp(line, "query ", 6) == 0)
        query[(*query_count)++] = split(line + 6, "=");
    else if (strncmp(line, "region ", 7) == 0)
        vector->input.region = line + 7;
    else if (strncmp(line, "time ", 5) == 0)
        assert_ok(time_parse(line + 5, &vector->input.time, &err));
    else
        vector->headers[vector->input.header_count++] = split(line, ": ");
}

static void
add_derived_headers(struct vector *vector, const char *body)
{
    struct error err = {0};

    assert_ok(sigv4_hash(bytes_of(body), vector->payload_hash, &err));
    sigv4_time(vector->input.time, vector->date);
    vector->headers[vector->input.header_count++] =
        (struct sigv4_pair){"x-amz-content-sha256", vector->payload_hash};
    vector->headers[vector->input.header_count++] = (struct sigv4_pair){"x-amz-date", vector->date};
    vector->input.headers = vector->headers;
    vector->input.payload_hash = vector->payload_hash;
}

static void
load(struct vector *vector, const char *name)
{
    struct sigv4_pair query[SIGV4_PAIRS_MAX];
    struct sigv4_pair target;
    size_t query_count = 0;
    struct error err = {0};
    const char *start;
    char *text;

    *vector = (struct vector){.path = BUFFER_INIT(4096), .query = BUFFER_INIT(4096)};
    read_vector(name, "request", &vector->text);
    assert_ok(buffer_text(&vector->text, &start, &err));
    text = (char *) vector->text.data;
    target = split(take_line(&text), " ");
    vector->input.method = target.name;
    vector->input.access_key_id = ACCESS_KEY_ID;
    vector->input.secret_access_key = SECRET_ACCESS_KEY;
    while (*text != '\n')
        take_header(vector, take_line(&text), query, &query_count);
    add_derived_headers(vector, text + 1);
    assert_ok(sigv4_encode_path(&vector->path, target.value, &err));
    assert_ok(buffer_text(&vector->path, &vector->input.path, &err));
    assert_ok(sigv4_query(&vector->query, query, query_count, &err));
    assert_ok(buffer_text(&vector->query, &vector->input.query, &err));
}

static void
assert_same_as_file(const char *name, const char *file, struct bytes got)
{
    SCOPED(buffer_release) struct buffer want = {0};

    read_vector(name, file, &want);
    if (!bytes_equal(buffer_bytes(&want), got))
        fail_msg("%s/%s:\n%.*s", name, file, (int) got.size, (const char *) got.data);
}

static void
every_step_is_that_of_the_vectors(void **state)
{
    (void) state;
    for (size_t index = 0; index < sizeof(vectors) / sizeof(vectors[0]); index++)
    {
        SCOPED(vector_release) struct vector vector = {0};
        SCOPED(sigv4_output_release) struct sigv4_output output = SIGV4_OUTPUT_INIT;
        struct sigv4_cache cache = {0};
        struct error err = {0};
        char line[SIGV4_HASH_SIZE + 1];

        load(&vector, vectors[index]);
        assert_ok(sigv4_sign(&vector.input, &cache, &output, &err));
        assert_same_as_file(vectors[index], "canonical-request",
                            buffer_bytes(&output.canonical_request));
        assert_same_as_file(vectors[index], "string-to-sign", buffer_bytes(&output.string_to_sign));
        snprintf(line, sizeof(line), "%s\n", output.signature);
        assert_same_as_file(vectors[index], "signature", bytes_of(line));
    }
}

static void
the_authorization_header_names_key_scope_and_headers(void **state)
{
    SCOPED(vector_release) struct vector vector = {0};
    SCOPED(sigv4_output_release) struct sigv4_output output = SIGV4_OUTPUT_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};
    const char *text;

    (void) state;
    load(&vector, "get-object-range");

    assert_ok(sigv4_sign(&vector.input, &cache, &output, &err));

    assert_ok(buffer_text(&output.authorization, &text, &err));
    assert_string_equal(
        text,
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
sign_into(struct sigv4_input *input, struct sigv4_cache *cache, char signature[SIGV4_HASH_SIZE])
{
    SCOPED(sigv4_output_release) struct sigv4_output output = SIGV4_OUTPUT_INIT;
    struct error err = {0};

    assert_ok(sigv4_sign(input, cache, &output, &err));
    memcpy(signature, output.signature, SIGV4_HASH_SIZE);
}

/* The cache is there to save work, never to change a signature. */
static void
a_cached_key_is_dropped_with_day_region_and_access_key(void **state)
{
    SCOPED(vector_release) struct vector vector = {0};
    struct sigv4_cache shared = {0};
    char signature[SIGV4_HASH_SIZE];

    (void) state;
    load(&vector, "get-object-range");
    sign_into(&vector.input, &shared, signature);
    for (int change = 0; change < 4; change++)
    {
        struct sigv4_cache fresh = {0};
        char want[SIGV4_HASH_SIZE];

        if (change == 1)
            vector.input.time += 24 * 3600 * US_PER_SECOND;
        else if (change == 2)
            vector.input.region = "eu-central-1";
        else if (change == 3)
        {
            vector.input.access_key_id = "OTHER";
            vector.input.secret_access_key = "another secret";
        }
        sign_into(&vector.input, &fresh, want);
        sign_into(&vector.input, &shared, signature);
        assert_string_equal(signature, want);
    }
}

static void
the_signing_key_is_the_published_one(void **state)
{
    SCOPED(vector_release) struct vector vector = {0};
    struct sigv4_cache cache = {0};
    char signature[SIGV4_HASH_SIZE];
    char key[2 * sizeof(cache.key) + 1];

    (void) state;
    load(&vector, "get-lifecycle");

    sign_into(&vector.input, &cache, signature);

    hex_encode((struct bytes){cache.key, sizeof(cache.key)}, key);
    assert_string_equal(key, "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378");
}

static void
a_query_is_sorted_by_name_before_value(void **state)
{
    static const struct sigv4_pair pairs[] = {
        {"a-b", "1"}, {"a", "2"}, {"a.", ""}, {"A", "z"}, {"a", "1"}};
    SCOPED(buffer_release) struct buffer query = BUFFER_INIT(1024);
    struct error err = {0};
    const char *text;

    (void) state;
    assert_ok(sigv4_query(&query, pairs, 5, &err));

    assert_ok(buffer_text(&query, &text, &err));
    assert_string_equal(text, "A=z&a=1&a=2&a-b=1&a.=");
}

static void
a_region_that_is_too_long_is_refused(void **state)
{
    SCOPED(vector_release) struct vector vector = {0};
    SCOPED(sigv4_output_release) struct sigv4_output output = SIGV4_OUTPUT_INIT;
    struct sigv4_cache cache = {0};
    struct error err = {0};

    (void) state;
    load(&vector, "get-object-range");
    vector.input.region = "a-region-with-a-name-that-is-much-longer-than-any-name-of-a-region-is";

    assert_status(sigv4_sign(&vector.input, &cache, &output, &err), STATUS_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_that_of_the_vectors),
        cmocka_unit_test(the_authorization_header_names_key_scope_and_headers),
        cmocka_unit_test(a_cached_key_is_dropped_with_day_region_and_access_key),
        cmocka_unit_test(the_signing_key_is_the_published_one),
        cmocka_unit_test(a_query_is_sorted_by_name_before_value),
        cmocka_unit_test(a_region_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
