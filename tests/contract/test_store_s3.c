// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/random.h"
#include "repo/store_delete.h"
#include "s3/request.h"
#include "s3/s3_store.h"
#include "stream/sink.h"
#include "tests/contract/store_contract.h"
#include "tests/support/s3_server.h"

#include <stdio.h>
#include <stdlib.h>

static struct s3_server server;

/* A prefix of the test's own, so that every store begins empty. */
static enum status
choose_prefix(char prefix[64], struct error *err)
{
    uint8_t random[8];
    char text[2 * sizeof(random) + 1];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, text);
    snprintf(prefix, 64, "contract/%s", text);
    return OK;
}

static enum status
open_s3(void *arg, struct store **store, void **context, struct error *err)
{
    struct s3_options options;
    char prefix[64];

    (void) arg;
    (void) context;
    TRY(choose_prefix(prefix, err));
    options = s3_server_options(&server, prefix);
    return s3_store_open(store, &options, err);
}

/* Everything that a store does, once. */
static void
assert_works(const struct s3_options *options)
{
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct error err = {0};

    assert_ok(s3_store_open(&store, options, &err));
    assert_ok(store_put(store, "works", BYTES("content"), &err));
    assert_status(store_put(store, "works", BYTES("other"), &err), STATUS_CONFLICT);
    assert_ok(store_get(store, "works", &got, &err));
    assert_true(bytes_equal(buffer_bytes(&got), BYTES("content")));
    assert_ok(store_delete(store, "works", &err));
}

static void
tls_works_with_the_ca_file(void **state)
{
    struct s3_options options = s3_server_options(&server, "tls");

    (void) state;
    if (server.directory == NULL)
        skip();
    options.endpoint = server.tls_endpoint;
    options.ca_file = server.ca_file;
    assert_works(&options);
}

static void
virtual_host_addressing_works(void **state)
{
    struct s3_options options = s3_server_options(&server, "virtual-host");
    char endpoint[64];

    (void) state;
    if (server.directory == NULL)
        skip();
    snprintf(endpoint, sizeof(endpoint), "http://localhost:%u", server.port);
    options.endpoint = endpoint;
    options.addressing = S3_ADDRESSING_VIRTUAL_HOST;
    assert_works(&options);
}

static void
without_conditions_a_single_writer_looks_before_it_writes(void **state)
{
    struct s3_options options = s3_server_options(&server, "single-writer");

    (void) state;
    options.conditional = S3_CONDITIONAL_NO;
    options.single_writer = true;
    assert_works(&options);
}

/* Each of these must fail, and never as "not found". */
static void
assert_fails(const struct s3_options *options, enum status want, const char *message)
{
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct error err = {0};
    uint64_t size_bytes;
    size_t count = 0;

    assert_ok(s3_store_open(&store, options, &err));
    assert_status(store_get(store, "key", &got, &err), want);
    assert_message(message);
    assert_status(store_size(store, "key", &size_bytes, &err), want);
    assert_status(store_put(store, "key", BYTES("x"), &err), want);
    assert_message(message);
    assert_status(store_delete(store, "key", &err), want);
    assert_status(store_list(store, "", "", NULL, &count, &err), want);
}

static void
a_wrong_secret_is_denied(void **state)
{
    struct s3_options options = s3_server_options(&server, "denied");

    (void) state;
    options.credentials.secret_access_key = "wrong";
    assert_fails(&options, STATUS_DENIED, "SignatureDoesNotMatch");
}

static void
an_unknown_access_key_is_denied(void **state)
{
    struct s3_options options = s3_server_options(&server, "denied");

    (void) state;
    options.credentials.access_key_id = "unknown";
    assert_fails(&options, STATUS_DENIED, "InvalidAccessKeyId");
}

static void
another_user_is_denied(void **state)
{
    struct s3_options options = s3_server_options(&server, "denied");

    (void) state;
    if (server.other_access_key == NULL)
        skip();
    options.credentials.access_key_id = server.other_access_key;
    options.credentials.secret_access_key = server.other_secret_key;
    assert_fails(&options, STATUS_DENIED, "AccessDenied");
}

static void
a_missing_bucket_is_a_matter_of_configuration(void **state)
{
    struct s3_options options = s3_server_options(&server, NULL);

    (void) state;
    options.bucket = "redoubt-no-such-bucket";
    assert_fails(&options, STATUS_CONFIG, "NoSuchBucket");
}

static void
an_untrusted_certificate_is_a_matter_of_configuration(void **state)
{
    struct s3_options options = s3_server_options(&server, NULL);

    (void) state;
    if (server.directory == NULL)
        skip();
    options.endpoint = server.tls_endpoint;
    assert_fails(&options, STATUS_CONFIG, "could not trust");
}

static void
nobody_listening_is_transient(void **state)
{
    struct s3_options options = s3_server_options(&server, NULL);

    (void) state;
    options.endpoint = "http://127.0.0.1:1";
    options.retry_limit_ms = 50;
    assert_fails(&options, STATUS_TRANSIENT, "could not connect");
}

/* What the bucket answers to a request beside the store's. */
static void
ask_bucket(const struct request *request, struct request_reply *reply)
{
    SCOPED(request_freep) struct request_client *client = NULL;
    struct error err = {0};

    assert_ok(s3_server_open_client(&server, &client, &err));
    assert_ok(request_send(client, request, reply, &err));
}

/* It would cost money for ever. */
static void
an_abandoned_upload_leaves_no_parts(void **state)
{
    static const struct request list_uploads = {
        .method = "GET", .query = {{"uploads", ""}, {"prefix", "contract/"}}};
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN + 1);
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    struct error err = {0};
    const char *text;

    (void) state;
    assert_ok(open_s3(NULL, &store, NULL, &err));
    assert_ok(store_create(store, "again", &sink, &err));
    assert_ok(sink_write(sink, (struct bytes){content, S3_PART_SIZE_MIN + 1}, &err));
    ask_bucket(&list_uploads, &reply);
    assert_ok(buffer_text(&reply.http.body, &text, &err));
    assert_non_null(strstr(text, "<UploadId>"));

    sink_freep(&sink);

    ask_bucket(&list_uploads, &reply);
    assert_ok(buffer_text(&reply.http.body, &text, &err));
    assert_null(strstr(text, "<UploadId>"));
}

/* Another cluster may be in the middle of it. */
static void
unfinished_uploads_of_other_prefixes_are_left_alone(void **state)
{
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(sink_freep) struct sink *ours = NULL;
    SCOPED(sink_freep) struct sink *theirs = NULL;
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN + 1);
    struct bytes more_than_a_part = {content, S3_PART_SIZE_MIN + 1};
    struct error err = {0};
    uint64_t count;

    (void) state;
    assert_ok(open_s3(NULL, &store, NULL, &err));
    assert_ok(store_create(store, "shop/large", &ours, &err));
    assert_ok(store_create(store, "shopping/large", &theirs, &err));
    assert_ok(sink_write(ours, more_than_a_part, &err));
    assert_ok(sink_write(theirs, more_than_a_part, &err));

    assert_ok(
        store_delete_unfinished(store, "shop/", clock_now() + 3600 * US_PER_SECOND, &count, &err));

    assert_int_equal(count, 1);
    assert_status(sink_finish(ours, &err), STATUS_TRANSIENT);
    assert_message("NoSuchUpload");
    assert_ok(sink_finish(theirs, &err));
    assert_ok(store_delete(store, "shopping/large", &err));
}

/* Without it a lost reply could not be told from another's object. */
static void
the_service_keeps_the_write_id(void **state)
{
    static const struct request heads[] = {{.method = "HEAD", .key = "ids/small"},
                                           {.method = "HEAD", .key = "ids/large"}};
    const struct s3_options options = s3_server_options(&server, "ids");
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(freep) uint8_t *content = calloc(1, S3_PART_SIZE_MIN + 1);
    struct error err = {0};

    (void) state;
    assert_ok(s3_store_open(&store, &options, &err));
    assert_ok(store_put(store, "small", BYTES("x"), &err));
    assert_ok(store_create(store, "large", &sink, &err));
    assert_ok(sink_write(sink, (struct bytes){content, S3_PART_SIZE_MIN + 1}, &err));
    assert_ok(sink_finish(sink, &err));
    for (size_t index = 0; index < sizeof(heads) / sizeof(heads[0]); index++)
    {
        SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;

        ask_bucket(&heads[index], &reply);
        assert_int_equal(strlen(http_header(&reply.http, "x-amz-meta-redoubt-write")), 32);
    }
    assert_ok(store_delete(store, "small", &err));
    assert_ok(store_delete(store, "large", &err));
}

static void
the_region_auto_works(void **state)
{
    struct s3_options options = s3_server_options(&server, "auto");

    (void) state;
    options.region = NULL;
    assert_works(&options);
}

int
main(void)
{
    const struct store_contract contract = {
        .name = "the store contract, on S3",
        .open = open_s3,
        .part_size_bytes = S3_PART_SIZE_MIN,
        .leaves_unfinished = true,
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_works_with_the_ca_file),
        cmocka_unit_test(virtual_host_addressing_works),
        cmocka_unit_test(without_conditions_a_single_writer_looks_before_it_writes),
        cmocka_unit_test(a_wrong_secret_is_denied),
        cmocka_unit_test(an_unknown_access_key_is_denied),
        cmocka_unit_test(another_user_is_denied),
        cmocka_unit_test(a_missing_bucket_is_a_matter_of_configuration),
        cmocka_unit_test(an_untrusted_certificate_is_a_matter_of_configuration),
        cmocka_unit_test(nobody_listening_is_transient),
        cmocka_unit_test(an_abandoned_upload_leaves_no_parts),
        cmocka_unit_test(unfinished_uploads_of_other_prefixes_are_left_alone),
        cmocka_unit_test(the_service_keeps_the_write_id),
        cmocka_unit_test(the_region_auto_works),
    };
    struct error err = {0};
    int failed = 1;

    if (s3_server_start(&server, &err) == OK)
    {
        failed = store_contract_run(&contract);
        failed += cmocka_run_group_tests_name("the s3 driver on a real service", tests, NULL, NULL);
    }
    else
        fprintf(stderr, "%s\n", err.message);
    s3_server_stop(&server);
    return failed;
}
