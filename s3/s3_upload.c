// SPDX-License-Identifier: PostgreSQL
/*
 * The sink of the s3 driver.  It holds one part.  An object that fits into it
 * becomes one PUT; a larger one a multipart upload, whose parts are all of the
 * same size but the last, which Cloudflare R2 insists on.
 *
 * Some services (Ceph before 18) ignore If-None-Match on completion.  There is
 * therefore a look before the upload starts and another before it completes;
 * a writer that comes between these last two is caught only where the header
 * is honoured.
 */
#include "s3/s3_internal.h"
#include "s3/xml.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    PART_COUNT_MAX = 10000, /* S3's, as the largest part is: 5 GiB */
    /* A service may take minutes to put a large object together. */
    COMPLETE_PATIENCE_MS = 300000,
    /* Nobody should wait long for what is only tidying up. */
    ABORT_RETRY_LIMIT_MS = 5000,
    UPLOAD_ID_LIMIT = 2048,
    ETAG_SIZE = 128
};

#define PART_SIZE_MAX (UINT64_C(5) << 30)
#define PART_STEP     (UINT64_C(1) << 20)

struct upload
{
    struct sink base;
    struct s3_store *store; /* these do not change */
    char *key;
    char full_key[S3_FULL_KEY_SIZE];
    char write_id[S3_WRITE_ID_SIZE];
    size_t part_size_bytes;

    struct buffer part; /* what is not sent yet */
    struct buffer id;   /* empty until the upload is started; a C string then */
    char (*etags)[ETAG_SIZE];
    size_t part_count;
};

static const char *
upload_id(const struct upload *upload)
{
    return upload->id.size == 0 ? NULL : (const char *) upload->id.data;
}

static enum status
read_upload_id(void *arg, const char *path, const char *text, struct error *err)
{
    struct buffer *id = arg;

    if (strcmp(path, "InitiateMultipartUploadResult/UploadId") != 0)
        return OK;
    id->size = 0;
    /* With its terminator, so that it is a C string from here on. */
    return buffer_append(id, (struct bytes){(const uint8_t *) text, strlen(text) + 1}, err);
}

static enum status
start_upload(struct upload *upload, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    const struct request request = {
        .method = "POST",
        .key = upload->full_key,
        .query = {{"uploads", ""}},
        .headers = {{S3_WRITE_ID_HEADER, upload->write_id},
                    {"content-type", "application/octet-stream"}},
        .answer = "InitiateMultipartUploadResult",
    };

    TRY(s3_object_check_absent(upload->store, upload->full_key, err));
    TRY(request_send(upload->store->client, &request, &reply, err));
    TRY(xml_each(buffer_bytes(&reply.http.body), read_upload_id, &upload->id, err));
    if (upload->id.size <= 1)
    {
        upload->id.size = 0;
        return error_set(err, STATUS_TRANSIENT, "the reply for \"%s\" has no upload id",
                         upload->full_key);
    }
    return OK;
}

/* Room for one more ETag.  It will stand in an XML text. */
static enum status
keep_etag(struct upload *upload, const char *etag, struct error *err)
{
    char(*grown)[ETAG_SIZE];

    if (etag == NULL || strlen(etag) >= ETAG_SIZE || strpbrk(etag, "<>&") != NULL)
        return error_set(err, STATUS_UNSUPPORTED, "the reply for \"%s\" has no usable ETag",
                         upload->full_key);
    if (upload->part_count % 64 == 0)
    {
        grown = realloc(upload->etags, (upload->part_count + 64) * sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(err);
        upload->etags = grown;
    }
    snprintf(upload->etags[upload->part_count++], ETAG_SIZE, "%s", etag);
    return OK;
}

static enum status
send_part(struct upload *upload, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    char number[16];
    const struct request request = {
        .method = "PUT",
        .key = upload->full_key,
        .query = {{"partNumber", number}, {"uploadId", upload_id(upload)}},
        .body = buffer_bytes(&upload->part),
    };

    if (upload->part_count == PART_COUNT_MAX)
    {
        error_set(err, STATUS_CONFIG, "object \"%s\" does not fit into %d parts of %zu bytes",
                  upload->full_key, PART_COUNT_MAX, upload->part_size_bytes);
        error_hint(err, "It grew to more than was expected of it.");
        return STATUS_CONFIG;
    }
    snprintf(number, sizeof(number), "%zu", upload->part_count + 1);
    TRY(request_send(upload->store->client, &request, &reply, err));
    TRY(keep_etag(upload, http_header(&reply.http, "etag"), err));
    upload->part.size = 0;
    return OK;
}

/* A part goes only when more follows, so the last one is never empty. */
static enum status
send_full_part(struct upload *upload, struct error *err)
{
    if (upload_id(upload) == NULL)
        TRY(start_upload(upload, err));
    return send_part(upload, err);
}

static enum status
upload_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct upload *upload = (struct upload *) self;

    while (chunk.size > 0)
    {
        size_t room;

        if (upload->part.size == upload->part_size_bytes)
            TRY(send_full_part(upload, err));
        room = upload->part_size_bytes - upload->part.size;
        if (room > chunk.size)
            room = chunk.size;
        TRY(buffer_append(&upload->part, (struct bytes){chunk.data, room}, err));
        chunk = (struct bytes){chunk.data + room, chunk.size - room};
    }
    return OK;
}

static enum status
write_part_list(const struct upload *upload, struct buffer *into, struct error *err)
{
    TRY(buffer_append_text(into, err, "<CompleteMultipartUpload>"));
    for (size_t index = 0; index < upload->part_count; index++)
        TRY(buffer_append_text(into, err,
                               "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>",
                               index + 1, upload->etags[index]));
    return buffer_append_text(into, err, "</CompleteMultipartUpload>");
}

/*
 * Settle what a completion did that was refused because the key exists or the
 * upload is gone: either may be the doing of an earlier attempt of ours whose
 * reply was lost.
 */
static enum status
settle(struct upload *upload, enum status refusal, struct error *err)
{
    struct error first = *err;
    enum status status =
        s3_object_check_ours(upload->store, upload->full_key, upload->write_id, err);

    if (status != STATUS_NOT_FOUND)
        return status;
    *err = first;
    return refusal;
}

static enum status
complete(struct upload *upload, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    SCOPED(buffer_release) struct buffer parts = BUFFER_INIT((size_t) PART_COUNT_MAX * 256);
    struct request request = {
        .method = "POST",
        .key = upload->full_key,
        .query = {{"uploadId", upload_id(upload)}},
        .headers = {{"content-type", "application/xml"}},
        .answer = "CompleteMultipartUploadResult",
        .patience_ms = COMPLETE_PATIENCE_MS,
    };
    enum status status;

    TRY(write_part_list(upload, &parts, err));
    request.body = buffer_bytes(&parts);
    if (upload->store->conditional != S3_CONDITIONAL_NO)
        request.headers[1] = (struct sigv4_pair){"if-none-match", "*"};
    TRY(s3_object_check_absent(upload->store, upload->full_key, err));
    status = request_send(upload->store->client, &request, &reply, err);
    if (status == STATUS_CONFLICT ||
        (status == STATUS_TRANSIENT && strcmp(reply.fault.code, "NoSuchUpload") == 0))
        return settle(upload, status, err);
    return status;
}

enum status
s3_upload_abort(struct s3_store *store, const char *full_key, const char *id,
                int64_t retry_limit_ms, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    const struct request request = {.method = "DELETE",
                                    .key = full_key,
                                    .query = {{"uploadId", id}},
                                    .retry_limit_ms = retry_limit_ms};
    enum status status = request_send(store->client, &request, &reply, err);

    return status != OK && strcmp(reply.fault.code, "NoSuchUpload") == 0 ? OK : status;
}

static void
abort_upload(struct upload *upload)
{
    struct error ignored = {0};

    if (upload_id(upload) == NULL)
        return;
    /* Best effort: what stays is for "redoubt expire" to clear, or a lifecycle rule. */
    (void) !s3_upload_abort(upload->store, upload->full_key, upload_id(upload),
                            ABORT_RETRY_LIMIT_MS, &ignored);
    upload->id.size = 0;
}

static enum status
upload_finish(struct sink *self, struct error *err)
{
    struct upload *upload = (struct upload *) self;

    if (upload_id(upload) == NULL)
        return s3_object_put(&upload->store->base, upload->key, buffer_bytes(&upload->part), err);
    TRY(send_part(upload, err));
    /* Crash here: the parts lie unseen; nothing has the key. */
    TRY(complete(upload, err));
    upload->id.size = 0;
    return OK;
}

static void
upload_free(struct sink *self)
{
    struct upload *upload = (struct upload *) self;

    abort_upload(upload);
    buffer_release(&upload->part);
    buffer_release(&upload->id);
    free(upload->etags);
    free(upload->key);
    free(upload);
}

static const struct sink_ops upload_ops = {
    .name = "s3 object",
    .write = upload_write,
    .finish = upload_finish,
    .free = upload_free,
};

size_t
s3_upload_part_size(uint64_t expected_bytes, size_t usual_bytes)
{
    uint64_t needed = expected_bytes / PART_COUNT_MAX + 1;

    if (needed <= usual_bytes)
        return usual_bytes;
    if (needed > PART_SIZE_MAX)
        return PART_SIZE_MAX;
    return (size_t) ((needed + PART_STEP - 1) / PART_STEP * PART_STEP);
}

enum status
s3_upload_create(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    return s3_upload_create_sized(base, key, 0, sink, err);
}

enum status
s3_upload_create_sized(struct store *base, const char *key, uint64_t expected_bytes,
                       struct sink **sink, struct error *err)
{
    SCOPED(sink_freep) struct sink *guard = NULL;
    struct upload *upload = calloc(1, sizeof(*upload));

    if (upload == NULL)
        return error_no_memory(err);
    upload->base.ops = &upload_ops;
    upload->store = (struct s3_store *) base;
    upload->part_size_bytes = s3_upload_part_size(expected_bytes, upload->store->part_size_bytes);
    upload->part = BUFFER_INIT(upload->part_size_bytes);
    upload->id = BUFFER_INIT(UPLOAD_ID_LIMIT);
    guard = &upload->base;
    upload->key = strdup(key);
    if (upload->key == NULL)
        return error_no_memory(err);
    s3_store_full_key(upload->store, key, upload->full_key);
    TRY(s3_object_new_write_id(upload->write_id, err));
    *sink = guard;
    guard = NULL;
    return OK;
}
