// SPDX-License-Identifier: PostgreSQL
#include "base/random.h"
#include "s3/s3_internal.h"
#include "stream/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum status
s3_object_new_write_id(char id[S3_WRITE_ID_SIZE], struct error *err)
{
    uint8_t random[(S3_WRITE_ID_SIZE - 1) / 2];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, id);
    return OK;
}

static enum status
exists_already(const char *full_key, struct error *err)
{
    return error_set(err, STATUS_CONFLICT, "object \"%s\" exists already", full_key);
}

/*
 * A HEAD that says 404 may mean the bucket as well as the key, so one that
 * finds nothing proves nothing.  Here that is enough: a write to a missing
 * bucket fails by itself.
 */
static enum status
head(struct s3_store *store, const char *full_key, struct request_reply *reply, struct error *err)
{
    const struct request request = {.method = "HEAD", .key = full_key};
    enum status status = request_send(store->client, &request, reply, err);

    if (status != OK && reply->answered && reply->http.status == 404)
        return STATUS_NOT_FOUND;
    return status;
}

enum status
s3_object_check_absent(struct s3_store *store, const char *full_key, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    enum status status;

    if (store->conditional == S3_CONDITIONAL_NO && !store->base.single_writer)
    {
        error_set(err, STATUS_CONFIG, "the S3 service cannot create objects conditionally");
        error_hint(err, "If this is the only writer of the repository, set \"single_writer\" to "
                        "true; else use a service that honours If-None-Match.");
        return STATUS_CONFIG;
    }
    status = head(store, full_key, &reply, err);
    if (status == STATUS_NOT_FOUND)
        return OK;
    return status == OK ? exists_already(full_key, err) : status;
}

enum status
s3_object_check_ours(struct s3_store *store, const char *full_key, const char *write_id,
                     struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    enum status status = head(store, full_key, &reply, err);
    const char *found;

    if (status == STATUS_NOT_FOUND)
        return STATUS_NOT_FOUND;
    TRY(status);
    found = http_header(&reply.http, S3_WRITE_ID_HEADER);
    if (found != NULL && strcmp(found, write_id) == 0)
        return OK;
    return exists_already(full_key, err);
}

static enum status
put_once(struct s3_store *store, const char *full_key, struct bytes body, const char *write_id,
         struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    struct request request = {
        .method = "PUT",
        .key = full_key,
        .headers = {{S3_WRITE_ID_HEADER, write_id}, {"content-type", "application/octet-stream"}},
        .body = body,
    };

    if (store->conditional != S3_CONDITIONAL_NO)
        request.headers[2] = (struct sigv4_pair){"if-none-match", "*"};
    TRY(request_send(store->client, &request, &reply, err));
    /* A portal or proxy that answers 200 to anything must not acknowledge an object. */
    if (http_header(&reply.http, "etag") == NULL)
        return error_set(err, STATUS_TRANSIENT,
                         "the reply to PUT \"%s\" has no ETag: it is not from an S3 service",
                         full_key);
    return OK;
}

enum status
s3_object_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    struct s3_store *store = (struct s3_store *) base;
    char full_key[S3_FULL_KEY_SIZE];
    char write_id[S3_WRITE_ID_SIZE];
    enum status status;

    s3_store_full_key(store, key, full_key);
    TRY(s3_object_new_write_id(write_id, err));
    if (store->conditional == S3_CONDITIONAL_NO)
        TRY(s3_object_check_absent(store, full_key, err));
    status = put_once(store, full_key, body, write_id, err);
    if (status != STATUS_CONFLICT)
        return status;
    /* It may be our own: an attempt whose reply was lost, or that libcurl sent again by itself. */
    status = s3_object_check_ours(store, full_key, write_id, err);
    return status == STATUS_NOT_FOUND ? exists_already(full_key, err) : status;
}

/* A GET under way, over as many requests as it takes. */
struct reading
{
    const char *full_key;
    struct sink *into;
    uint64_t offset; /* of the next byte */
    uint64_t end;    /* STORE_TO_END until the object's size is known */
    bool checked;    /* this reply's headers */
    bool behind_end; /* 416: nothing at or after the offset */
    char etag[128];  /* of the object the first byte came from */
};

/* What a reply holds of an object: bytes first to end, of total. */
struct extent
{
    uint64_t first;
    uint64_t end;
    uint64_t total;
};

static enum status
damaged_reply(const char *full_key, const char *header, const char *value, struct error *err)
{
    return error_set(err, STATUS_TRANSIENT, "the reply for \"%s\" has an unusable %s: \"%s\"",
                     full_key, header, value == NULL ? "" : value);
}

static enum status
read_extent(const struct http_reply *reply, const char *full_key, struct extent *extent,
            struct error *err)
{
    const char *range = http_header(reply, "content-range");
    const char *length = http_header(reply, "content-length");
    uint64_t last;
    char rest;

    if (reply->status != 206)
    {
        if (length == NULL || sscanf(length, "%" SCNu64 "%c", &extent->total, &rest) != 1)
            return damaged_reply(full_key, "Content-Length", length, err);
        extent->first = 0;
        extent->end = extent->total;
        return OK;
    }
    if (range == NULL ||
        sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64 "%c", &extent->first, &last,
               &extent->total, &rest) != 3 ||
        last < extent->first || last >= extent->total)
        return damaged_reply(full_key, "Content-Range", range, err);
    extent->end = last + 1;
    return OK;
}

static enum status
ends_early(const struct reading *reading, uint64_t total, struct error *err)
{
    return error_set(err, STATUS_CORRUPT, "object \"%s\" ends at byte %" PRIu64, reading->full_key,
                     total);
}

static enum status
check_headers(struct reading *reading, const struct http_reply *reply, struct error *err)
{
    const char *etag = http_header(reply, "etag");
    struct extent got;

    TRY(read_extent(reply, reading->full_key, &got, err));
    if (reading->offset > got.total || (reading->end != STORE_TO_END && reading->end > got.total))
        return ends_early(reading, got.total, err);
    if (reading->end == STORE_TO_END)
        reading->end = got.total;
    if (got.first != reading->offset || got.end != reading->end)
    {
        error_set(err, STATUS_UNSUPPORTED,
                  "asked for bytes %" PRIu64 " to %" PRIu64 " of \"%s\" and got %" PRIu64
                  " to %" PRIu64,
                  reading->offset, reading->end, reading->full_key, got.first, got.end);
        error_hint(err, "The service, or a proxy before it, does not honour Range requests.");
        return STATUS_UNSUPPORTED;
    }
    if (reading->etag[0] == '\0' && etag != NULL && strlen(etag) < sizeof(reading->etag))
        snprintf(reading->etag, sizeof(reading->etag), "%s", etag);
    reading->checked = true;
    return OK;
}

static enum status
consume(void *arg, const struct http_reply *reply, struct bytes chunk, struct error *err)
{
    struct reading *reading = arg;

    if (!reading->checked)
        TRY(check_headers(reading, reply, err));
    if (chunk.size > reading->end - reading->offset)
        return error_set(err, STATUS_TRANSIENT, "the reply for \"%s\" is longer than it said",
                         reading->full_key);
    TRY(sink_write(reading->into, chunk, err));
    reading->offset += chunk.size;
    return OK;
}

/* "bytes=5-9", "bytes=5-" or, for the whole object, nothing: an empty object has no byte 0. */
static void
add_range(const struct reading *reading, struct request *request, char *text, size_t size)
{
    if (reading->offset == 0 && reading->end == STORE_TO_END)
        return;
    if (reading->end == STORE_TO_END)
        snprintf(text, size, "bytes=%" PRIu64 "-", reading->offset);
    else
        snprintf(text, size, "bytes=%" PRIu64 "-%" PRIu64, reading->offset, reading->end - 1);
    request->headers[0] = (struct sigv4_pair){"range", text};
    if (reading->etag[0] != '\0')
        request->headers[1] = (struct sigv4_pair){"if-match", reading->etag};
}

static enum status
read_once(struct s3_store *store, struct reading *reading, bool *again, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    char range[64];
    struct request request = {
        .method = "GET", .key = reading->full_key, .consume = consume, .arg = reading};
    uint64_t before = reading->offset;
    enum status status;

    add_range(reading, &request, range, sizeof(range));
    reading->checked = false;
    status = request_send(store->client, &request, &reply, err);
    if (status == OK && !reading->checked)
        status = check_headers(reading, &reply.http, err); /* no body at all */
    /* Each further request must get at least one byte further, so this ends. */
    *again = status == STATUS_TRANSIENT && reply.cut && reading->offset > before;
    if (status == OK && reading->offset != reading->end)
        status = error_set(err, STATUS_TRANSIENT, "the reply for \"%s\" is shorter than it said",
                           reading->full_key);
    reading->behind_end = status != OK && reply.answered && reply.http.status == 416;
    if (status == STATUS_CONFLICT)
        status = error_set(err, STATUS_CORRUPT, "object \"%s\" was replaced while it was read",
                           reading->full_key);
    return status;
}

/* Nothing to fetch, or the service found the range beyond the end: let the size decide. */
static enum status
check_extent(struct store *base, const char *key, uint64_t offset, uint64_t length,
             struct error *err)
{
    uint64_t size_bytes;

    TRY(s3_object_size(base, key, &size_bytes, err));
    if (offset > size_bytes || (length != STORE_TO_END && length > size_bytes - offset))
        return error_set(err, STATUS_CORRUPT, "object \"%s\" ends at byte %" PRIu64, key,
                         size_bytes);
    return OK;
}

enum status
s3_object_read(struct store *base, const char *key, uint64_t offset, uint64_t length,
               struct sink *into, struct error *err)
{
    struct s3_store *store = (struct s3_store *) base;
    char full_key[S3_FULL_KEY_SIZE];
    struct reading reading = {.full_key = full_key, .into = into, .offset = offset};
    enum status status;
    bool again;

    if (length == 0)
        return check_extent(base, key, offset, length, err);
    if (length != STORE_TO_END && length > STORE_TO_END - 1 - offset)
        return error_set(err, STATUS_CORRUPT, "object \"%s\" cannot have %" PRIu64 " bytes", key,
                         length);
    reading.end = length == STORE_TO_END ? STORE_TO_END : offset + length;
    s3_store_full_key(store, key, full_key);
    do
        status = read_once(store, &reading, &again, err);
    while (again && reading.offset < reading.end);
    /* For a read from the end to the end that is right. */
    if (reading.behind_end)
        return check_extent(base, key, offset, length, err);
    return again ? OK : status;
}

/* Only the headers matter.  A whole object that came instead of one byte is not worth reading. */
static enum status
ignore_body(void *arg, const struct http_reply *reply, struct bytes chunk, struct error *err)
{
    (void) arg;
    if (reply->status == 206 || chunk.size <= 1)
        return OK;
    return error_set(err, STATUS_CANCELLED, "only the size was wanted");
}

/* 416 to "the first byte": the object is there and has none.  HEAD proves it. */
static enum status
size_of_empty(struct s3_store *store, const char *full_key, uint64_t *size_bytes, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    struct extent extent;
    enum status status = head(store, full_key, &reply, err);

    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_TRANSIENT, "object \"%s\" went away while it was looked at",
                         full_key);
    TRY(status);
    TRY(read_extent(&reply.http, full_key, &extent, err));
    *size_bytes = extent.total;
    return OK;
}

/*
 * By a GET of the first byte, not a HEAD: only a reply with a body tells a
 * missing key from a missing bucket.
 */
enum status
s3_object_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    struct s3_store *store = (struct s3_store *) base;
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    char full_key[S3_FULL_KEY_SIZE];
    const struct request request = {.method = "GET",
                                    .key = full_key,
                                    .headers = {{"range", "bytes=0-0"}},
                                    .consume = ignore_body};
    struct extent extent;
    enum status status;

    s3_store_full_key(store, key, full_key);
    status = request_send(store->client, &request, &reply, err);
    if (reply.answered && reply.http.status == 416)
        return size_of_empty(store, full_key, size_bytes, err);
    if (status != OK && !reply.http.refused)
        return status;
    TRY(read_extent(&reply.http, full_key, &extent, err));
    *size_bytes = extent.total;
    return OK;
}

enum status
s3_object_remove(struct store *base, const char *key, struct error *err)
{
    struct s3_store *store = (struct s3_store *) base;
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    char full_key[S3_FULL_KEY_SIZE];
    const struct request request = {.method = "DELETE", .key = full_key};
    enum status status;

    s3_store_full_key(store, key, full_key);
    status = request_send(store->client, &request, &reply, err);
    return status == STATUS_NOT_FOUND ? OK : status;
}
