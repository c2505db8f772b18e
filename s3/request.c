// SPDX-License-Identifier: PostgreSQL
#include "s3/request.h"

#include "base/log.h"
#include "base/random.h"
#include "base/stop.h"
#include "s3/backoff.h"
#include "s3/wire.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request_client
{
    struct endpoint endpoint; /* these do not change once open */
    struct http_client *http;
    struct credentials_provider *credentials;
    int64_t retry_limit_ms;
    int64_t stall_timeout_ms;
    int64_t total_timeout_ms;

    pthread_mutex_t lock; /* guards what follows */
    char region[SIGV4_REGION_SIZE];
    time_us clock_offset; /* the service's clock minus ours, once corrected */
    struct sigv4_cache cache;
};

/* The life of one request_send. */
struct attempt
{
    struct request_client *client;
    const struct request *request;
    struct request_reply *reply;
    struct error *err;
    int64_t started_ms;
    char payload_hash[SIGV4_HASH_SIZE];
    char payload_md5[32]; /* base64; "" without a body */

    /* What this try was signed with. */
    struct credentials credentials;
    char region[SIGV4_REGION_SIZE];
    time_us signed_at;

    /* What may happen once each. */
    bool redirected;
    bool clock_corrected;
    bool renewed;
    bool consumed;
};

static void
attempt_release(struct attempt *attempt)
{
    credentials_release(&attempt->credentials);
}

enum status
request_open(struct request_client **client, const struct request_options *options,
             struct error *err)
{
    SCOPED(request_freep) struct request_client *made = NULL;
    const struct http_options http = {.ca_file = options->ca_file,
                                      .connect_timeout_ms = options->connect_timeout_ms};

    if (!endpoint_region_is_valid(options->region))
        return error_set(err, STATUS_CONFIG, "invalid region \"%s\"", options->region);
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    made->endpoint = options->endpoint;
    made->retry_limit_ms = options->retry_limit_ms;
    made->stall_timeout_ms = options->stall_timeout_ms;
    made->total_timeout_ms = options->total_timeout_ms;
    snprintf(made->region, sizeof(made->region), "%s", options->region);
    TRY(http_open(&made->http, &http, err));
    TRY(credentials_open(&made->credentials, &options->credentials, err));
    *client = made;
    made = NULL;
    return OK;
}

void
request_freep(struct request_client **client)
{
    if (*client == NULL)
        return;
    http_freep(&(*client)->http);
    credentials_freep(&(*client)->credentials);
    sigv4_cache_release(&(*client)->cache);
    pthread_mutex_destroy(&(*client)->lock);
    free(*client);
    *client = NULL;
}

void
request_reply_release(struct request_reply *reply)
{
    http_reply_release(&reply->http);
}

/* The lock is held for the region, the clock and the signing key; the rest is this try's own. */
static enum status
sign_locked(struct attempt *attempt, struct wire *wire)
{
    const struct request *request = attempt->request;
    struct request_client *client = attempt->client;
    const struct wire_input input = {
        .endpoint = &client->endpoint,
        .method = request->method,
        .key = request->key,
        .query = request->query,
        .query_count = sizeof(request->query) / sizeof(request->query[0]),
        .headers = request->headers,
        .header_count = sizeof(request->headers) / sizeof(request->headers[0]),
        .payload_hash = attempt->payload_hash,
        .payload_md5 = attempt->payload_md5,
        .credentials = &attempt->credentials,
        .region = client->region,
        .time = clock_now() + client->clock_offset,
    };

    snprintf(attempt->region, sizeof(attempt->region), "%s", client->region);
    attempt->signed_at = input.time;
    return wire_build(wire, &input, &client->cache, attempt->err);
}

static enum status
sign(struct attempt *attempt, struct wire *wire)
{
    enum status status;

    credentials_release(&attempt->credentials);
    TRY(credentials_get(attempt->client->credentials, &attempt->credentials, attempt->err));
    pthread_mutex_lock(&attempt->client->lock);
    status = sign_locked(attempt, wire);
    pthread_mutex_unlock(&attempt->client->lock);
    return status;
}

static enum status
consume(void *arg, const struct http_reply *reply, struct bytes chunk, struct error *err)
{
    struct attempt *attempt = arg;

    attempt->consumed = true;
    return attempt->request->consume(attempt->request->arg, reply, chunk, err);
}

/* What the service answered, as an error. */
static enum status
describe_fault(struct attempt *attempt)
{
    const struct fault *fault = &attempt->reply->fault;
    const char *hint = fault_hint(fault);
    const char *separator = fault->message[0] == '\0' ? "" : ": ";
    struct error *err = attempt->err;

    if (fault->code[0] == '\0')
        error_set(err, fault_status(fault), "HTTP status %d%s%s", fault->http_status, separator,
                  fault->message);
    else
        error_set(err, fault_status(fault), "HTTP status %d, %s%s%s", fault->http_status,
                  fault->code, separator, fault->message);
    if (hint != NULL)
        error_hint(err, "%s", hint);
    if (fault->region[0] != '\0')
        error_hint(err, "The bucket is in region \"%s\"%s%s.", fault->region,
                   fault->endpoint[0] == '\0' ? "" : ", at endpoint ", fault->endpoint);
    return fault_status(fault);
}

/* Where the bucket is, if that is somewhere else than where the request went. */
static void
note_region(struct attempt *attempt)
{
    const char *region = http_header(&attempt->reply->http, "x-amz-bucket-region");
    struct fault *fault = &attempt->reply->fault;

    if (region != NULL)
        snprintf(fault->region, sizeof(fault->region), "%s", region);
    if (!endpoint_region_is_valid(fault->region) || strcmp(fault->region, attempt->region) == 0)
        fault->region[0] = '\0';
}

/* Did the service say yes?  A failure inside a success is turned into what it should have been. */
static enum status
judge(struct attempt *attempt)
{
    struct request_reply *reply = attempt->reply;
    int http_status = reply->http.status;
    bool found = false;

    reply->answered = true;
    if (http_status >= 200 && http_status <= 299)
    {
        if (attempt->request->answer != NULL)
            TRY(fault_in_success(&reply->fault, buffer_bytes(&reply->http.body),
                                 attempt->request->answer, &found, attempt->err));
        if (!found)
            return OK;
    }
    else
        fault_read(&reply->fault, http_status, buffer_bytes(&reply->http.body));
    /* Services name the region in many replies; only a redirect makes it matter. */
    if (fault_action(&reply->fault, 0) == FAULT_OTHER_REGION || http_status == 400)
        note_region(attempt);
    return describe_fault(attempt);
}

static enum status
try_once(struct attempt *attempt)
{
    SCOPED(wire_release) struct wire wire = WIRE_INIT;
    const struct request *request = attempt->request;
    struct request_client *client = attempt->client;
    struct http_request http = {.method = request->method,
                                .body = request->body,
                                .stall_timeout_ms = request->patience_ms > 0
                                                        ? request->patience_ms
                                                        : client->stall_timeout_ms,
                                .total_timeout_ms = client->total_timeout_ms,
                                .direct = client->endpoint.local,
                                .fresh = attempt->reply->attempt_count > 0,
                                .body_limit = REQUEST_REPLY_LIMIT,
                                .consume = request->consume == NULL ? NULL : consume,
                                .arg = attempt};

    attempt->reply->answered = false;
    attempt->reply->fault = (struct fault){0};
    TRY(sign(attempt, &wire));
    attempt->reply->attempt_count++;
    http.headers = wire.headers;
    http.header_count = wire.header_count;
    http.url = wire.url;
    TRY(http_send(client->http, &http, &attempt->reply->http, attempt->err));
    return judge(attempt);
}

/* In slices, so that a stopped program does not sit out a long pause. */
static bool
pause_unless_stopped(int64_t pause_ms)
{
    const int64_t slice_ms = 200;

    for (; pause_ms > 0 && !stop_requested(); pause_ms -= slice_ms)
        clock_pause_ms(pause_ms < slice_ms ? pause_ms : slice_ms);
    return !stop_requested();
}

/* Wait, if the time limit allows another try. */
static bool
wait_to_retry(struct attempt *attempt)
{
    const char *retry_after = http_header(&attempt->reply->http, "retry-after");
    int64_t own_limit_ms = attempt->request->retry_limit_ms;
    struct backoff backoff = {.limit_ms = own_limit_ms != 0 ? own_limit_ms
                                                            : attempt->client->retry_limit_ms,
                              .elapsed_ms = clock_monotonic_ms() - attempt->started_ms,
                              .attempt_count = attempt->reply->attempt_count};
    uint32_t random = UINT32_MAX / 2;
    struct error ignored;
    int64_t pause_ms;

    if (attempt->reply->answered && retry_after != NULL)
        backoff.retry_after_ms = strtoll(retry_after, NULL, 10) * 1000;
    if (backoff.retry_after_ms < 0 || backoff.retry_after_ms > INT32_MAX)
        backoff.retry_after_ms = INT32_MAX;
    if (random_bytes(&random, sizeof(random), &ignored) != OK)
        random = UINT32_MAX / 2; /* without jitter, then */
    if (!backoff_pause(&backoff, random, &pause_ms))
        return false;
    log_debug("%s %s: attempt %u failed, next in %lld ms: %s", attempt->request->method,
              attempt->request->key == NULL ? "" : attempt->request->key,
              attempt->reply->attempt_count, (long long) pause_ms, attempt->err->message);
    return pause_unless_stopped(pause_ms);
}

static bool
follow_to_region(struct attempt *attempt)
{
    const char *region = attempt->reply->fault.region;
    struct request_client *client = attempt->client;
    bool changed;

    if (attempt->redirected || region[0] == '\0')
        return false;
    attempt->redirected = true;
    pthread_mutex_lock(&client->lock);
    changed = strcmp(client->region, region) != 0;
    snprintf(client->region, sizeof(client->region), "%s", region);
    pthread_mutex_unlock(&client->lock);
    if (changed)
        log_debug("the bucket is in region \"%s\"", region);
    return true;
}

static bool
correct_clock(struct attempt *attempt)
{
    time_us date = http_date(&attempt->reply->http);
    struct request_client *client = attempt->client;
    time_us offset;

    if (attempt->clock_corrected || date == TIME_NONE)
        return false;
    attempt->clock_corrected = true;
    offset = date - clock_now();
    pthread_mutex_lock(&client->lock);
    client->clock_offset = offset;
    pthread_mutex_unlock(&client->lock);
    log_warning("this machine's clock is %lld seconds %s the S3 service's; requests are signed "
                "with the service's time",
                (long long) llabs(offset / US_PER_SECOND), offset > 0 ? "behind" : "ahead of");
    return true;
}

static bool
renew_credentials(struct attempt *attempt)
{
    struct error renewal = {0};

    if (attempt->renewed)
        return false;
    attempt->renewed = true;
    return credentials_renew(attempt->client->credentials, &attempt->credentials, &renewal) == OK;
}

/* After a try that failed: is there a reason to try again? */
static bool
may_try_again(struct attempt *attempt, enum status status)
{
    struct request_reply *reply = attempt->reply;
    const struct fault *fault = &reply->fault;
    time_us date = http_date(&reply->http);
    time_us skew = date == TIME_NONE ? 0 : date - attempt->signed_at;

    if (attempt->consumed)
    {
        reply->cut = !reply->http.refused && status == STATUS_TRANSIENT;
        return false;
    }
    if (!reply->answered || fault->http_status == 0)
        return status == STATUS_TRANSIENT && wait_to_retry(attempt);
    switch (fault_action(fault, skew))
    {
    case FAULT_RETRY:
        return wait_to_retry(attempt);
    case FAULT_OTHER_REGION:
        return follow_to_region(attempt);
    case FAULT_CORRECT_CLOCK:
        return correct_clock(attempt);
    case FAULT_REFRESH_CREDENTIALS:
        return renew_credentials(attempt);
    case FAULT_GIVE_UP:
        break;
    }
    return false;
}

/* Name the request in front of the failure, and how to find it in the service's logs behind. */
static void
describe_request(struct attempt *attempt)
{
    const struct request *request = attempt->request;
    const struct http_reply *http = &attempt->reply->http;
    const char *id = http_header(http, "x-amz-request-id");
    const char *const bucket = attempt->client->endpoint.bucket;

    if (id == NULL)
        id = http_header(http, "cf-ray");
    if (request->key == NULL)
        error_context(attempt->err, "could not %s bucket \"%s\"", request->method, bucket);
    else
        error_context(attempt->err, "could not %s \"%s\" in bucket \"%s\"", request->method,
                      request->key, bucket);
    if (attempt->reply->attempt_count == 0)
        return; /* it never came to that: there are no credentials */
    error_detail(attempt->err, "Gave up after %u attempts in %.1f s%s%.100s.",
                 attempt->reply->attempt_count,
                 (double) (clock_monotonic_ms() - attempt->started_ms) / 1000,
                 id == NULL ? "" : "; request id ", id == NULL ? "" : id);
}

static enum status
digest_payload(struct attempt *attempt)
{
    struct bytes body = attempt->request->body;
    uint8_t md5[16];

    TRY(sigv4_hash(body, attempt->payload_hash, attempt->err));
    attempt->payload_md5[0] = '\0';
    /* Every service knows this check; an OpenSSL in FIPS mode may not, and then it is left out. */
    if (body.size > 0 && EVP_Digest(body.data, body.size, md5, NULL, EVP_md5(), NULL) == 1)
        EVP_EncodeBlock((unsigned char *) attempt->payload_md5, md5, sizeof(md5));
    return OK;
}

enum status
request_send(struct request_client *client, const struct request *request,
             struct request_reply *reply, struct error *err)
{
    SCOPED(attempt_release)
    struct attempt attempt = {.client = client,
                              .request = request,
                              .reply = reply,
                              .err = err,
                              .started_ms = clock_monotonic_ms()};
    enum status status;

    reply->attempt_count = 0;
    reply->cut = false;
    TRY(digest_payload(&attempt));
    do
        status = try_once(&attempt);
    while (status != OK && may_try_again(&attempt, status));
    if (status != OK && !reply->http.refused)
        describe_request(&attempt);
    return status;
}
