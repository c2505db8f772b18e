// SPDX-License-Identifier: PostgreSQL
#include "s3/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum
{
    IDLE_MAX = 32,
    ERROR_BODY_LIMIT = 64 * 1024,
    TRANSFER_BUFFER_SIZE = 256 * 1024,
    /* S3 closes idle connections after some 20 s; an older one is likely dead. */
    IDLE_SECONDS_MAX = 15
};

struct http_client
{
    char *ca_file; /* these two do not change */
    int64_t connect_timeout_ms;

    pthread_mutex_t lock; /* guards what follows */
    CURL *idle[IDLE_MAX]; /* the most recently used is last */
    size_t idle_count;
};

/* One request under way. */
struct exchange
{
    const struct http_request *request;
    struct http_reply *reply;
    struct curl_slist *headers;
    CURL *easy;
    struct error *err;
    enum status status; /* a failure of our own inside a callback */
    char reason[CURL_ERROR_SIZE];
};

static CURLcode global_result;

static void
init_global(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Only a process that opens a client pays for starting libcurl. */
static enum status
init_once(struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init_global);
    if (global_result != CURLE_OK)
        return error_set(err, STATUS_IO, "could not start libcurl: %s",
                         curl_easy_strerror(global_result));
    return OK;
}

enum status
http_open(struct http_client **client, const struct http_options *options, struct error *err)
{
    SCOPED(http_freep) struct http_client *made = NULL;

    TRY(init_once(err));
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    made->connect_timeout_ms = options->connect_timeout_ms;
    if (options->ca_file != NULL)
    {
        made->ca_file = strdup(options->ca_file);
        if (made->ca_file == NULL)
            return error_no_memory(err);
    }
    *client = made;
    made = NULL;
    return OK;
}

void
http_freep(struct http_client **client)
{
    if (*client == NULL)
        return;
    while ((*client)->idle_count > 0)
        curl_easy_cleanup((*client)->idle[--(*client)->idle_count]);
    pthread_mutex_destroy(&(*client)->lock);
    free((*client)->ca_file);
    free(*client);
    *client = NULL;
}

static CURL *
take_handle(struct http_client *client)
{
    CURL *easy = NULL;

    pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0)
        easy = client->idle[--client->idle_count];
    pthread_mutex_unlock(&client->lock);
    return easy == NULL ? curl_easy_init() : easy;
}

static void
give_back(struct http_client *client, CURL *easy)
{
    /* Nothing of the request, its signature least of all, stays behind. */
    curl_easy_reset(easy);
    pthread_mutex_lock(&client->lock);
    if (client->idle_count < IDLE_MAX)
    {
        client->idle[client->idle_count++] = easy;
        easy = NULL;
    }
    pthread_mutex_unlock(&client->lock);
    if (easy != NULL)
        curl_easy_cleanup(easy);
}

/* Keep "name\0value\0"; a new status line starts the headers again. */
static size_t
on_header(char *line, size_t unit, size_t size, void *arg)
{
    struct exchange *exchange = arg;
    struct buffer *headers = &exchange->reply->headers;
    char *colon = memchr(line, ':', size);
    char *end = line + size;

    (void) unit;
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0)
        headers->size = 0;
    if (colon == NULL)
        return size;
    for (char *letter = line; letter < colon; letter++)
        *letter = (char) tolower((unsigned char) *letter);
    *colon++ = '\0';
    while (colon < end && isspace((unsigned char) *colon))
        colon++;
    while (end > colon && isspace((unsigned char) end[-1]))
        end--;
    exchange->status = buffer_append_text(headers, exchange->err, "%s%c%.*s%c", line, '\0',
                                          (int) (end - colon), colon, '\0');
    return exchange->status == OK ? size : 0;
}

static enum status
take_body(struct exchange *exchange, struct bytes chunk)
{
    const struct http_request *request = exchange->request;
    struct http_reply *reply = exchange->reply;
    enum status status;

    if (reply->status < 200 || reply->status > 299)
    {
        size_t room = ERROR_BODY_LIMIT - reply->body.size;

        chunk.size = chunk.size < room ? chunk.size : room;
        return buffer_append(&reply->body, chunk, exchange->err);
    }
    if (request->consume == NULL)
        return buffer_append(&reply->body, chunk, exchange->err);
    status = request->consume(request->arg, reply, chunk, exchange->err);
    reply->refused = status != OK;
    return status;
}

static size_t
on_body(char *data, size_t unit, size_t size, void *arg)
{
    struct exchange *exchange = arg;
    long code = 0;

    (void) unit;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &code);
    exchange->reply->status = (int) code;
    exchange->status = take_body(exchange, (struct bytes){(const uint8_t *) data, size});
    return exchange->status == OK ? size : 0;
}

static enum status
add_header(struct exchange *exchange, const char *name, const char *value)
{
    SCOPED(freep) char *line = NULL;
    struct curl_slist *longer;

    /* libcurl wants "Name;" for a header that is there and empty. */
    if (asprintf(&line, value[0] == '\0' ? "%s;" : "%s: %s", name, value) < 0)
    {
        line = NULL;
        return error_no_memory(exchange->err);
    }
    longer = curl_slist_append(exchange->headers, line);
    OPENSSL_cleanse(line, strlen(line));
    if (longer == NULL)
        return error_no_memory(exchange->err);
    exchange->headers = longer;
    return OK;
}

static enum status
set_headers(struct exchange *exchange)
{
    /* A null value takes away what libcurl would add by itself. */
    static const char *const unwanted[] = {"Expect:", "Content-Type:", "Accept:"};

    for (size_t index = 0; index < exchange->request->header_count; index++)
    {
        const struct sigv4_pair *header = &exchange->request->headers[index];

        if (strcasecmp(header->name, "host") != 0)
            TRY(add_header(exchange, header->name, header->value));
    }
    for (size_t index = 0; index < sizeof(unwanted) / sizeof(unwanted[0]); index++)
    {
        struct curl_slist *longer = curl_slist_append(exchange->headers, unwanted[index]);

        if (longer == NULL)
            return error_no_memory(exchange->err);
        exchange->headers = longer;
    }
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    return OK;
}

static void
set_method(CURL *easy, const struct http_request *request)
{
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0)
    {
        /* From memory: libcurl can then send again by itself on a dead connection. */
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         request->body.size == 0 ? "" : (const char *) request->body.data);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long) TRANSFER_BUFFER_SIZE);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
    else
    {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long) TRANSFER_BUFFER_SIZE);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
}

static void
set_transport(struct http_client *client, struct exchange *exchange)
{
    const struct http_request *request = exchange->request;
    CURL *easy = exchange->easy;
    long stall_seconds = (long) ((request->stall_timeout_ms + 999) / 1000);

    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long) IDLE_SECONDS_MAX);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) client->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall_seconds);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) request->total_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    if (request->direct)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (client->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
}

/*
 * OpenSSL writes to a socket that the other side closed and gets SIGPIPE for
 * it.  Keep that from whoever embeds us without touching their handlers.
 */
static CURLcode
perform_without_sigpipe(CURL *easy)
{
    const struct timespec at_once = {0};
    sigset_t pipe_only;
    sigset_t before;
    CURLcode code;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    code = curl_easy_perform(easy);
    if (!sigismember(&before, SIGPIPE))
        sigtimedwait(&pipe_only, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static enum status
report_failure(const struct exchange *exchange, CURLcode code, const char *host)
{
    const char *reason = exchange->reason[0] != '\0' ? exchange->reason : curl_easy_strerror(code);
    struct error *err = exchange->err;

    switch (code)
    {
    case CURLE_OUT_OF_MEMORY:
        return error_no_memory(err);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(err, STATUS_CONFIG, "could not use the address %s: %s", host, reason);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        error_set(err, STATUS_CONFIG, "could not trust %s: %s", host, reason);
        error_hint(err, "Set \"ca_file\" to the certificate authority of the service.");
        return STATUS_CONFIG;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        error_set(err, STATUS_TRANSIENT, "could not connect to %s: %s", host, reason);
        error_hint(err, "Check \"endpoint\" and that this machine reaches it.");
        return STATUS_TRANSIENT;
    default:
        return error_set(err, STATUS_TRANSIENT, "no whole reply from %s: %s", host, reason);
    }
}

/* "scheme://host:port" of a URL: a message needs no more, and a query may hold secrets. */
static void
host_of(const char *url, char *host, size_t size)
{
    const char *start = strstr(url, "://");

    start = start == NULL ? url : start + 3;
    snprintf(host, size, "%.*s", (int) ((size_t) (start - url) + strcspn(start, "/?")), url);
}

static void
free_headers(struct exchange *exchange)
{
    for (struct curl_slist *line = exchange->headers; line != NULL; line = line->next)
        OPENSSL_cleanse(line->data, strlen(line->data));
    curl_slist_free_all(exchange->headers);
}

enum status
http_send(struct http_client *client, const struct http_request *request, struct http_reply *reply,
          struct error *err)
{
    struct exchange exchange = {
        .request = request, .reply = reply, .easy = take_handle(client), .err = err};
    CURLcode code = CURLE_OK;
    long http_status = 0;
    char host[320];

    if (exchange.easy == NULL)
        return error_no_memory(err);
    http_reply_release(reply);
    reply->body.limit =
        request->body_limit > ERROR_BODY_LIMIT ? request->body_limit : ERROR_BODY_LIMIT;
    set_transport(client, &exchange);
    set_method(exchange.easy, request);
    exchange.status = set_headers(&exchange);
    if (exchange.status == OK)
        code = perform_without_sigpipe(exchange.easy);
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &http_status);
    reply->status = (int) http_status;
    host_of(request->url, host, sizeof(host));
    if (exchange.status == OK && code != CURLE_OK)
        exchange.status = report_failure(&exchange, code, host);
    give_back(client, exchange.easy);
    free_headers(&exchange);
    return exchange.status;
}

const char *
http_header(const struct http_reply *reply, const char *name)
{
    const char *at = (const char *) reply->headers.data;
    const char *end = at + reply->headers.size;

    while (at != NULL && at < end)
    {
        const char *value = at + strlen(at) + 1;

        if (strcmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

time_us
http_parse_date(const char *text)
{
    time_t seconds = curl_getdate(text, NULL);

    return seconds == -1 ? TIME_NONE : (time_us) seconds * US_PER_SECOND;
}

time_us
http_date(const struct http_reply *reply)
{
    const char *date = http_header(reply, "date");

    return date == NULL ? TIME_NONE : http_parse_date(date);
}

void
http_reply_release(struct http_reply *reply)
{
    /* It may have been somebody's credentials. */
    if (reply->body.data != NULL)
        OPENSSL_cleanse(reply->body.data, reply->body.size);
    buffer_release(&reply->headers);
    buffer_release(&reply->body);
    reply->status = 0;
    reply->refused = false;
}
