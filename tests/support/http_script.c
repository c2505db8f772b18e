// SPDX-License-Identifier: PostgreSQL
#include "tests/support/http_script.h"

#include "base/clock.h"
#include "base/file.h"
#include "tests/support/assert.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum
{
    CONNECTIONS_MAX = 32,
    REQUEST_LIMIT = 64 << 20
};

struct http_script
{
    const struct http_step *steps; /* these do not change */
    size_t count;
    int listener;
    int stopper[2]; /* a pipe: closing its end wakes the server up for good */
    char url[64];
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    size_t position;
    size_t connection_count;
    char complaint[1024];

    /* The server's own. */
    struct pollfd polled[CONNECTIONS_MAX + 2];
    nfds_t polled_count;
    char write_id[64];
};

static void
complain(struct http_script *script, const char *format, const char *first, const char *second)
{
    pthread_mutex_lock(&script->lock);
    if (script->complaint[0] == '\0')
        snprintf(script->complaint, sizeof(script->complaint), format, script->position, first,
                 second);
    pthread_mutex_unlock(&script->lock);
}

/* Header and body together, as text; NULL when the client is gone. */
static char *
receive_request(int connection, struct buffer *request)
{
    struct error err;
    size_t wanted = SIZE_MAX;
    const char *text = NULL;

    while (request->size < wanted)
    {
        const char *end;
        const char *length;
        ssize_t got;

        if (buffer_reserve(request, 65536, &err) != OK)
            return NULL;
        got = recv(connection, request->data + request->size, 65536, 0);
        if (got <= 0)
            return NULL;
        request->size += (size_t) got;
        if (buffer_text(request, &text, &err) != OK)
            return NULL;
        end = strstr(text, "\r\n\r\n");
        if (end == NULL || wanted != SIZE_MAX)
            continue;
        length = strcasestr(text, "\r\ncontent-length:");
        wanted = (size_t) (end - text) + 4;
        if (length != NULL && length < end)
            wanted += strtoull(length + strlen("\r\ncontent-length:"), NULL, 10);
    }
    return (char *) request->data;
}

static void
keep_write_id(struct http_script *script, const char *request)
{
    const char *header = strcasestr(request, "\r\nx-amz-meta-redoubt-write: ");

    if (header != NULL)
        snprintf(script->write_id, sizeof(script->write_id), "%.32s", strchr(header, ':') + 2);
}

static bool
is_expected(struct http_script *script, const struct http_step *step, const char *request)
{
    if (strncmp(request, step->request, strlen(step->request)) != 0)
    {
        complain(script, "step %zu: want \"%s\", got \"%.400s\"", step->request, request);
        return false;
    }
    for (size_t index = 0; index < sizeof(step->with) / sizeof(step->with[0]); index++)
    {
        if (step->with[index] != NULL && strstr(request, step->with[index]) == NULL)
        {
            complain(script, "step %zu: \"%s\" is not in \"%.900s\"", step->with[index], request);
            return false;
        }
    }
    if (step->without != NULL && strstr(request, step->without) != NULL)
    {
        complain(script, "step %zu: \"%s\" is in \"%.900s\"", step->without, request);
        return false;
    }
    return true;
}

static void
format_date(int ahead_s, char text[64])
{
    time_t seconds = (time_t) (clock_now() / US_PER_SECOND) + ahead_s;
    struct tm fields;

    gmtime_r(&seconds, &fields);
    strftime(text, 64, "%a, %d %b %Y %H:%M:%S GMT", &fields);
}

static void
send_all(int connection, const void *data, size_t size)
{
    while (size > 0)
    {
        ssize_t sent = send(connection, data, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        data = (const char *) data + sent;
        size -= (size_t) sent;
    }
}

static void
send_reply(struct http_script *script, const struct http_step *step, int connection, bool headless)
{
    const char *body = step->body == NULL ? "" : step->body;
    size_t body_size = step->body_size > 0 ? step->body_size : strlen(body);
    char date[64];
    char head[4096];
    size_t used;

    format_date(step->date_ahead_s, date);
    used = (size_t) snprintf(head, sizeof(head), "HTTP/1.1 %d Scripted\r\nDate: %s\r\n%s",
                             step->status == 0 ? 200 : step->status, date,
                             step->headers == NULL ? "" : step->headers);
    if (step->echo_write_id)
        used += (size_t) snprintf(head + used, sizeof(head) - used,
                                  "x-amz-meta-redoubt-write: %s\r\n", script->write_id);
    if (step->end != HTTP_STEP_NO_LENGTH && strcasestr(head, "content-length:") == NULL)
        used += (size_t) snprintf(head + used, sizeof(head) - used, "Content-Length: %zu\r\n",
                                  body_size);
    used += (size_t) snprintf(head + used, sizeof(head) - used, "\r\n");
    send_all(connection, head, used);
    if (!headless)
        send_all(connection, body, step->end == HTTP_STEP_CUT ? body_size / 2 : body_size);
}

/* False: the connection is finished with. */
static bool
answer(struct http_script *script, const struct http_step *step, int connection, bool headless)
{
    const struct linger at_once = {.l_onoff = 1};

    if (step->end == HTTP_STEP_SILENT)
        return true;
    if (step->end == HTTP_STEP_RESET)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (step->end == HTTP_STEP_RESET || step->end == HTTP_STEP_CLOSED)
        return false;
    send_reply(script, step, connection, headless);
    return step->end == HTTP_STEP_WHOLE;
}

static bool
serve(struct http_script *script, int connection)
{
    static const struct http_step unexpected = {.status = 418};
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(REQUEST_LIMIT);
    const struct http_step *step = &unexpected;
    const char *request = receive_request(connection, &buffer);

    if (request == NULL)
        return false;
    if (script->position == script->count)
        complain(script, "after step %zu: \"%.900s\"%s", request, "");
    else if (is_expected(script, &script->steps[script->position], request))
        step = &script->steps[script->position];
    keep_write_id(script, request);
    pthread_mutex_lock(&script->lock);
    if (step != &unexpected)
        script->position++;
    pthread_mutex_unlock(&script->lock);
    return answer(script, step, connection, strncmp(request, "HEAD ", 5) == 0);
}

static void
accept_connection(struct http_script *script)
{
    int connection = accept4(script->listener, NULL, NULL, SOCK_CLOEXEC);

    pthread_mutex_lock(&script->lock);
    script->connection_count++;
    pthread_mutex_unlock(&script->lock);
    if (connection >= 0 && script->polled_count == CONNECTIONS_MAX + 2)
        close(connection);
    else if (connection >= 0)
        script->polled[script->polled_count++] = (struct pollfd){connection, POLLIN, 0};
}

static void
drop_connection(struct http_script *script, nfds_t index)
{
    close(script->polled[index].fd);
    script->polled[index] = script->polled[--script->polled_count];
}

static void *
run(void *arg)
{
    struct http_script *script = arg;

    script->polled[0] = (struct pollfd){script->stopper[0], POLLIN, 0};
    script->polled[1] = (struct pollfd){script->listener, POLLIN, 0};
    script->polled_count = 2;
    for (;;)
    {
        if (poll(script->polled, script->polled_count, -1) < 0)
            continue;
        if (script->polled[0].revents != 0)
            break;
        /* From the end, because dropping one moves the last into its place. */
        for (nfds_t index = script->polled_count; index-- > 2;)
        {
            if (script->polled[index].revents != 0 && !serve(script, script->polled[index].fd))
                drop_connection(script, index);
        }
        if (script->polled[1].revents != 0)
            accept_connection(script);
    }
    while (script->polled_count > 2)
        drop_connection(script, script->polled_count - 1);
    return NULL;
}

struct http_script *
http_script_start(const struct http_step *steps, size_t count)
{
    struct http_script *script = calloc(1, sizeof(*script));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    assert_non_null(script);
    script->steps = steps;
    script->count = count;
    pthread_mutex_init(&script->lock, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(script->listener, 16), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *) &address, &size), 0);
    snprintf(script->url, sizeof(script->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pipe2(script->stopper, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&script->thread, NULL, run, script), 0);
    return script;
}

const char *
http_script_url(const struct http_script *script)
{
    return script->url;
}

size_t
http_script_position(struct http_script *script)
{
    size_t position;

    pthread_mutex_lock(&script->lock);
    position = script->position;
    pthread_mutex_unlock(&script->lock);
    return position;
}

size_t
http_script_connections(struct http_script *script)
{
    size_t count;

    pthread_mutex_lock(&script->lock);
    count = script->connection_count;
    pthread_mutex_unlock(&script->lock);
    return count;
}

void
http_script_stop(struct http_script *script)
{
    char complaint[sizeof(script->complaint)];

    close(script->stopper[1]);
    pthread_join(script->thread, NULL);
    close(script->stopper[0]);
    close(script->listener);
    if (script->complaint[0] == '\0' && script->position < script->count)
        complain(script, "step %zu was never asked for: \"%s\"%s",
                 script->steps[script->position].request, "");
    memcpy(complaint, script->complaint, sizeof(complaint));
    pthread_mutex_destroy(&script->lock);
    free(script);
    if (complaint[0] != '\0')
        fail_msg("%s", complaint);
}
