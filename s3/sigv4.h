// SPDX-License-Identifier: PostgreSQL
/*
 * sigv4.h - AWS Signature Version 4 for S3, in the Authorization header.
 *
 * Pure: no clock, no I/O.  S3 differs from Amazon's other services in that a
 * path is percent-encoded once and never normalised; what is signed must be,
 * byte for byte, what is sent, so the caller encodes with the functions below
 * and puts the same text on the wire.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#define SIGV4_HASH_SIZE   65 /* hexadecimal SHA-256 and its terminator */
#define SIGV4_TIME_SIZE   17 /* "20130524T000000Z" and its terminator */
#define SIGV4_PAIRS_MAX   24
#define SIGV4_REGION_SIZE 64

/* A header, or a part of the query. */
struct sigv4_pair
{
    const char *name;
    const char *value;
};

struct sigv4_input
{
    const char *method;
    const char *path;                 /* encoded; "" means "/" */
    const char *query;                /* as sigv4_query wrote it, or "" */
    const struct sigv4_pair *headers; /* those to sign, in any order, each name once */
    size_t header_count;
    const char *payload_hash; /* the value of x-amz-content-sha256 */
    const char *access_key_id;
    const char *secret_access_key;
    const char *region;
    time_us time;
};

/* The steps stay visible, for tests and for the curious. */
struct sigv4_output
{
    struct buffer canonical_request;
    struct buffer string_to_sign;
    struct buffer authorization; /* secret enough to keep out of logs */
    char signature[SIGV4_HASH_SIZE];
};

/*
 * The last signing key, which holds for one access key, day and region.  Zeroed
 * at first; used under the caller's lock; cleansed by sigv4_cache_release.
 */
struct sigv4_cache
{
    char access_key_id[160];
    char region[SIGV4_REGION_SIZE];
    char date[9];
    uint8_t key[32];
};

#define SIGV4_OUTPUT_INIT                                                                          \
    ((struct sigv4_output){BUFFER_INIT(32768), BUFFER_INIT(1024), BUFFER_INIT(8192), ""})

NODISCARD enum status sigv4_sign(const struct sigv4_input *input, struct sigv4_cache *cache,
                                 struct sigv4_output *output, struct error *err);
void sigv4_output_release(struct sigv4_output *output);
void sigv4_cache_release(struct sigv4_cache *cache);

/* Append text percent-encoded: everything but A-Z a-z 0-9 - _ . ~ and, in a path, '/'. */
NODISCARD enum status sigv4_encode_path(struct buffer *into, const char *text, struct error *err);
NODISCARD enum status sigv4_encode(struct buffer *into, const char *text, struct error *err);

/* Append the canonical query, sorted; a value may be "". */
NODISCARD enum status sigv4_query(struct buffer *into, const struct sigv4_pair *pairs, size_t count,
                                  struct error *err);

/* "20130524T000000Z": the value of x-amz-date. */
void sigv4_time(time_us time, char text[SIGV4_TIME_SIZE]);

/* The hexadecimal SHA-256 of a payload. */
NODISCARD enum status sigv4_hash(struct bytes payload, char text[SIGV4_HASH_SIZE],
                                 struct error *err);
