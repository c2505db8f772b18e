// SPDX-License-Identifier: PostgreSQL
/*
 * endpoint.h - which host and path stand for a bucket's key.  Pure.
 *
 * Without an endpoint it is Amazon's for the region.  Automatic addressing puts
 * the bucket into the host name at Amazon, unless it has dots (no wildcard
 * certificate would match), and into the path elsewhere.
 */
#pragma once

#include "base/bytes.h"

enum s3_addressing
{
    S3_ADDRESSING_AUTOMATIC,
    S3_ADDRESSING_PATH,
    S3_ADDRESSING_VIRTUAL_HOST,
};

/* What does not change with the key or the region. */
struct endpoint
{
    bool amazon;
    bool virtual_host;
    bool local; /* loopback or link-local: never through a proxy */
    char scheme[8];
    char host[256];      /* lower case, with a port that is not the scheme's; not for Amazon */
    char base_path[128]; /* "" or "/part/of/path" */
    char bucket[256];
};

struct endpoint_address
{
    char host[512];     /* as in the Host header */
    struct buffer path; /* percent-encoded */
};

#define ENDPOINT_ADDRESS_INIT ((struct endpoint_address){"", BUFFER_INIT(4096)})

/* url may be NULL for Amazon's, "https://host[:port][/path]" or just a host. */
NODISCARD enum status endpoint_parse(struct endpoint *endpoint, const char *url, const char *bucket,
                                     enum s3_addressing addressing, struct error *err);

/* key NULL is the bucket itself. */
NODISCARD enum status endpoint_address(const struct endpoint *endpoint, const char *region,
                                       const char *key, struct endpoint_address *address,
                                       struct error *err);
void endpoint_address_release(struct endpoint_address *address);

/* May this text become part of a host name? */
bool endpoint_region_is_valid(const char *region);
