// SPDX-License-Identifier: PostgreSQL
/*
 * http.h - one HTTP request and its reply, over libcurl.
 *
 * Knows nothing of S3 and tries nothing twice.  A reply with any status is OK;
 * TRANSIENT means that no whole reply arrived.  Redirects are not followed,
 * paths are sent as they are, HTTP/1.1 is enforced: with HTTP/2 several uploads
 * would share one TCP connection.
 *
 * A client may be used by many threads; it keeps a few idle connections.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "s3/sigv4.h"

struct http_client;
struct http_reply;

struct http_options
{
    const char *ca_file; /* NULL: the system's certificates */
    int64_t connect_timeout_ms;
};

struct http_request
{
    const char *method;
    const char *url;
    const struct sigv4_pair *headers;
    size_t header_count;
    struct bytes body;
    int64_t stall_timeout_ms; /* no byte moved for so long; in whole seconds */
    int64_t total_timeout_ms; /* 0: none */
    bool direct;              /* ignore proxies */
    bool fresh;               /* on a new connection */
    size_t body_limit;        /* of a success; an error's body is cut at 64 KiB */

    /* Takes the body of a success; NULL: it goes into the reply. */
    enum status (*consume)(void *arg, const struct http_reply *reply, struct bytes chunk,
                           struct error *err);
    void *arg;
};

struct http_reply
{
    int status;
    bool refused; /* what http_send returned is consume's own failure */
    struct buffer headers;
    struct buffer body;
};

#define HTTP_REPLY_INIT ((struct http_reply){.headers = BUFFER_INIT(65536)})

NODISCARD enum status http_open(struct http_client **client, const struct http_options *options,
                                struct error *err);
NODISCARD enum status http_send(struct http_client *client, const struct http_request *request,
                                struct http_reply *reply, struct error *err);

/* The value of a header (name in lower case), or NULL; borrowed from the reply. */
const char *http_header(const struct http_reply *reply, const char *name);

/* The Date header; TIME_NONE when there is none. */
time_us http_date(const struct http_reply *reply);

/* Any of HTTP's forms of a date; TIME_NONE for anything else. */
time_us http_parse_date(const char *text);

void http_reply_release(struct http_reply *reply);

/* For SCOPED.  NULL is allowed. */
void http_freep(struct http_client **client);
