// SPDX-License-Identifier: PostgreSQL
/*
 * wire.h - an S3 request as it is sent: its URL and its headers, signed.  Pure.
 */
#pragma once

#include "s3/credentials.h"
#include "s3/endpoint.h"
#include "s3/sigv4.h"

struct wire_input
{
    const struct endpoint *endpoint;
    const char *method;
    const char *key;                /* NULL for the bucket */
    const struct sigv4_pair *query; /* both lists end at their count or a NULL name */
    size_t query_count;
    const struct sigv4_pair *headers;
    size_t header_count;
    const char *payload_hash;
    const char *payload_md5; /* base64; "" for none */
    const struct credentials *credentials;
    const char *region;
    time_us time;
};

/* url and headers are what to send; the rest is what they point to. */
struct wire
{
    const char *url;
    struct sigv4_pair headers[SIGV4_PAIRS_MAX];
    size_t header_count;

    struct endpoint_address address;
    struct buffer query;
    struct buffer full_url;
    struct sigv4_output signature;
    char date[SIGV4_TIME_SIZE];
};

#define WIRE_INIT                                                                                  \
    ((struct wire){.address = ENDPOINT_ADDRESS_INIT,                                               \
                   .query = BUFFER_INIT(8192),                                                     \
                   .full_url = BUFFER_INIT(16384),                                                 \
                   .signature = SIGV4_OUTPUT_INIT})

/* The wire points into itself and into the input: neither may move before it is sent. */
NODISCARD enum status wire_build(struct wire *wire, const struct wire_input *input,
                                 struct sigv4_cache *cache, struct error *err);
void wire_release(struct wire *wire);
