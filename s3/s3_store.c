// SPDX-License-Identifier: PostgreSQL
#include "s3/s3_store.h"

#include "s3/s3_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    RETRY_LIMIT_MS = 60000,
    CONNECT_TIMEOUT_MS = 10000,
    STALL_TIMEOUT_MS = 30000
};

void
s3_store_full_key(const struct s3_store *store, const char *key, char full[S3_FULL_KEY_SIZE])
{
    snprintf(full, S3_FULL_KEY_SIZE, "%s%s", store->prefix, key);
}

/* Any answer that carries a date will do: even a refusal tells the time. */
static enum status
server_time(struct store *base, time_us *now, struct error *err)
{
    struct s3_store *store = (struct s3_store *) base;
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    const struct request request = {.method = "HEAD"};
    enum status status = request_send(store->client, &request, &reply, err);
    time_us date = http_date(&reply.http);

    if (date == TIME_NONE)
        return status != OK
                   ? status
                   : error_set(err, STATUS_UNSUPPORTED, "the S3 service sent no valid Date header");
    *now = date;
    return OK;
}

static void
free_store(struct store *base)
{
    struct s3_store *store = (struct s3_store *) base;

    request_freep(&store->client);
    free(store->base.location);
    free(store);
}

static void
free_storep(struct s3_store **store)
{
    if (*store != NULL)
        free_store(&(*store)->base);
}

static const struct store_ops s3_ops = {
    .name = "s3",
    .put = s3_object_put,
    .create = s3_upload_create,
    .create_sized = s3_upload_create_sized,
    .read = s3_object_read,
    .size = s3_object_size,
    .list = s3_list,
    .remove = s3_object_remove,
    .remove_unfinished = s3_unfinished_remove,
    .server_time = server_time,
    .free = free_store,
};

static enum status
set_prefix(struct s3_store *store, const char *prefix, struct error *err)
{
    size_t size = prefix == NULL ? 0 : strlen(prefix);

    while (size > 0 && prefix[size - 1] == '/')
        size--;
    if (size == 0)
        return OK;
    if (size + 2 > sizeof(store->prefix))
        return error_set(err, STATUS_CONFIG, "the prefix is longer than %zu bytes",
                         sizeof(store->prefix) - 2);
    snprintf(store->prefix, sizeof(store->prefix), "%.*s", (int) size, prefix);
    if (!store_key_is_valid(store->prefix))
        return error_set(err, STATUS_CONFIG, "invalid prefix \"%s\"", prefix);
    snprintf(store->prefix, sizeof(store->prefix), "%.*s/", (int) size, prefix);
    return OK;
}

static enum status
set_location(struct s3_store *store, const char *bucket, struct error *err)
{
    int size = (int) strlen(store->prefix);

    if (asprintf(&store->base.location, "s3://%s%s%.*s", bucket, size > 0 ? "/" : "",
                 size > 0 ? size - 1 : 0, store->prefix) < 0)
    {
        store->base.location = NULL;
        return error_no_memory(err);
    }
    return OK;
}

static int64_t
or_default(int64_t value, int64_t fallback)
{
    return value == 0 ? fallback : value;
}

static enum status
open_client(struct s3_store *store, const struct s3_options *options, struct error *err)
{
    struct request_options request = {
        .region = options->region == NULL ? "auto" : options->region,
        .ca_file = options->ca_file,
        .credentials = options->credentials,
        .retry_limit_ms = or_default(options->retry_limit_ms, RETRY_LIMIT_MS),
        .connect_timeout_ms = or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS),
        .stall_timeout_ms = or_default(options->stall_timeout_ms, STALL_TIMEOUT_MS),
        .total_timeout_ms = options->total_timeout_ms,
    };

    if (request.credentials.region == NULL && strcmp(request.region, "auto") != 0)
        request.credentials.region = request.region;
    TRY(endpoint_parse(&request.endpoint, options->endpoint, options->bucket, options->addressing,
                       err));
    return request_open(&store->client, &request, err);
}

enum status
s3_store_open(struct store **store, const struct s3_options *options, struct error *err)
{
    SCOPED(free_storep) struct s3_store *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &s3_ops;
    made->base.single_writer = options->single_writer;
    made->conditional = options->conditional;
    made->part_size_bytes =
        options->part_size_bytes == 0 ? S3_PART_SIZE_DEFAULT : options->part_size_bytes;
    if (made->part_size_bytes < S3_PART_SIZE_MIN)
        return error_set(err, STATUS_CONFIG, "the part size is %zu bytes, less than S3's %zu",
                         made->part_size_bytes, S3_PART_SIZE_MIN);
    TRY(set_prefix(made, options->prefix, err));
    TRY(open_client(made, options, err));
    TRY(set_location(made, options->bucket, err));
    *store = &made->base;
    made = NULL;
    return OK;
}
