// SPDX-License-Identifier: PostgreSQL
/*
 * request.h - a signed S3 request that is tried until it has an answer.
 *
 * request_send signs, sends and, up to the time limit, tries again what may
 * pass: no connection, a reply cut off, 429, 5xx, SlowDown and their like, with
 * exponential back-off, full jitter and respect for Retry-After.  Once per
 * request it follows a bucket to its region, corrects its clock by the
 * service's Date, and renews expired credentials; region and clock are then
 * remembered for all requests of the client.
 *
 * A client may be used by many threads.
 */
#pragma once

#include "s3/credentials.h"
#include "s3/endpoint.h"
#include "s3/fault.h"
#include "s3/http.h"

#define REQUEST_REPLY_LIMIT ((size_t) 8 << 20)

struct request_client;

struct request_options
{
    struct endpoint endpoint;
    const char *region;
    const char *ca_file;
    struct credentials_options credentials;
    int64_t retry_limit_ms;
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms;
    int64_t total_timeout_ms; /* of one attempt; 0: none */
};

struct request
{
    const char *method;
    const char *key; /* with the store's prefix; NULL for the bucket */
    struct sigv4_pair query[8];
    struct sigv4_pair headers[6]; /* beside those that every request has */
    struct bytes body;
    const char *answer;     /* the element that the body of a success must be; NULL: any body */
    int64_t patience_ms;    /* for the answer; 0: the client's stall time-out */
    int64_t retry_limit_ms; /* 0: the client's */

    /*
     * Takes the body of a success.  Once it took a byte the request is not
     * tried again: the caller knows where it stopped.
     */
    enum status (*consume)(void *arg, const struct http_reply *reply, struct bytes chunk,
                           struct error *err);
    void *arg;
};

struct request_reply
{
    struct http_reply http;
    struct fault fault; /* when the service said no */
    bool answered;      /* the service answered the last attempt */
    bool cut;           /* a success broke off after consume took some of it */
    unsigned attempt_count;
};

#define REQUEST_REPLY_INIT ((struct request_reply){.http = HTTP_REPLY_INIT})

NODISCARD enum status request_open(struct request_client **client,
                                   const struct request_options *options, struct error *err);

/* OK is a success of the service; else the error says what it answered to what. */
NODISCARD enum status request_send(struct request_client *client, const struct request *request,
                                   struct request_reply *reply, struct error *err);

void request_reply_release(struct request_reply *reply);

/* For SCOPED.  NULL is allowed. */
void request_freep(struct request_client **client);
