// SPDX-License-Identifier: PostgreSQL
/*
 * http_script.h - an HTTP server on a real socket that follows a script.
 *
 * Each step says what the next request must look like and what is answered; the
 * server runs in a thread of its own and takes requests from any number of
 * connections, one at a time.  A request that is not the expected one gets
 * status 418, and http_script_stop fails the test with what was wrong, as it
 * does when steps are left over.
 */
#pragma once

#include "base/bytes.h"

enum http_step_end
{
    HTTP_STEP_WHOLE,
    HTTP_STEP_CLOSED,    /* the connection is closed instead of a reply */
    HTTP_STEP_RESET,     /* the same with a TCP reset */
    HTTP_STEP_CUT,       /* closed after half the body */
    HTTP_STEP_SILENT,    /* nothing at all is sent, and the connection stays */
    HTTP_STEP_NO_LENGTH, /* the body ends with the connection, unannounced */
};

struct http_step
{
    const char *request; /* how the request line begins: "PUT /bucket/key" */
    const char *with[4]; /* each occurs in the headers or the body */
    const char *without; /* this does not */
    int status;          /* of the reply; 0 means 200 */
    const char *headers; /* "Name: value\r\n"..., or NULL */
    const char *body;    /* NULL: none */
    size_t body_size;    /* of a body that is no text; 0: its strlen */
    int date_ahead_s;    /* how far the Date header is ahead of our clock */
    bool echo_write_id;  /* send back the last x-amz-meta-redoubt-write that came */
    enum http_step_end end;
};

struct http_script;

struct http_script *http_script_start(const struct http_step *steps, size_t count);

#define HTTP_SCRIPT(steps) http_script_start((steps), sizeof(steps) / sizeof((steps)[0]))

/* "http://127.0.0.1:12345"; valid while the script runs. */
const char *http_script_url(const struct http_script *script);

/* How many steps are done so far. */
size_t http_script_position(struct http_script *script);

/* How many connections were made so far. */
size_t http_script_connections(struct http_script *script);

/* Ends the server; the test fails unless every step was done as written. */
void http_script_stop(struct http_script *script);
