// SPDX-License-Identifier: PostgreSQL
#include "s3/wire.h"

#include <assert.h>
#include <string.h>

static void
add_header(struct wire *wire, const char *name, const char *value)
{
    assert(wire->header_count < SIGV4_PAIRS_MAX);
    wire->headers[wire->header_count++] = (struct sigv4_pair){name, value};
}

static size_t
count_pairs(const struct sigv4_pair *pairs, size_t limit)
{
    size_t count = 0;

    while (count < limit && pairs[count].name != NULL)
        count++;
    return count;
}

/* What is signed is what is sent: the whole list, but for the Authorization that comes of it. */
static void
gather_headers(struct wire *wire, const struct wire_input *input)
{
    size_t count = count_pairs(input->headers, input->header_count);

    sigv4_time(input->time, wire->date);
    add_header(wire, "host", wire->address.host);
    add_header(wire, "x-amz-date", wire->date);
    add_header(wire, "x-amz-content-sha256", input->payload_hash);
    if (input->credentials->session_token != NULL)
        add_header(wire, "x-amz-security-token", input->credentials->session_token);
    if (input->payload_md5[0] != '\0')
        add_header(wire, "content-md5", input->payload_md5);
    for (size_t index = 0; index < count; index++)
        add_header(wire, input->headers[index].name, input->headers[index].value);
}

static enum status
sign(struct wire *wire, const struct wire_input *input, struct sigv4_cache *cache,
     struct error *err)
{
    const char *authorization;
    struct sigv4_input signing = {
        .method = input->method,
        .headers = wire->headers,
        .header_count = wire->header_count,
        .payload_hash = input->payload_hash,
        .access_key_id = input->credentials->access_key_id,
        .secret_access_key = input->credentials->secret_access_key,
        .region = input->region,
        .time = input->time,
    };

    /* Amazon knows no region "auto"; from us-east-1 it sends on to any other. */
    if (input->endpoint->amazon && strcmp(input->region, "auto") == 0)
        signing.region = "us-east-1";
    TRY(buffer_text(&wire->address.path, &signing.path, err));
    TRY(buffer_text(&wire->query, &signing.query, err));
    TRY(sigv4_sign(&signing, cache, &wire->signature, err));
    TRY(buffer_text(&wire->signature.authorization, &authorization, err));
    add_header(wire, "authorization", authorization);
    return OK;
}

enum status
wire_build(struct wire *wire, const struct wire_input *input, struct sigv4_cache *cache,
           struct error *err)
{
    size_t count = count_pairs(input->query, input->query_count);
    const char *path;
    const char *query;

    TRY(endpoint_address(input->endpoint, input->region, input->key, &wire->address, err));
    TRY(sigv4_query(&wire->query, input->query, count, err));
    TRY(buffer_text(&wire->query, &query, err));
    TRY(buffer_text(&wire->address.path, &path, err));
    TRY(buffer_append_text(&wire->full_url, err, "%s://%s%s%s%s", input->endpoint->scheme,
                           wire->address.host, path, count > 0 ? "?" : "", query));
    TRY(buffer_text(&wire->full_url, &wire->url, err));
    gather_headers(wire, input);
    return sign(wire, input, cache, err);
}

void
wire_release(struct wire *wire)
{
    endpoint_address_release(&wire->address);
    buffer_release(&wire->query);
    buffer_release(&wire->full_url);
    sigv4_output_release(&wire->signature);
}
