// SPDX-License-Identifier: PostgreSQL
#include "tests/support/pg_script.h"

#include "tests/support/assert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_LIMIT (1 << 20)
#define TEXT_TYPE     25

struct pg_script
{
    const char *version; /* these do not change */
    const struct pg_step *steps;
    size_t count;
    int listener;
    char conninfo[160];
    pthread_t thread;

    /* The thread's, until it was joined. */
    size_t position;
    char complaint[1024];

    pthread_mutex_t lock; /* guards what follows */
    int connection;
    bool stopping;
};

/* Put messages together; out of memory is nobody's test. */
static void
put(struct buffer *out, const void *data, size_t size)
{
    struct error err;

    if (buffer_append(out, (struct bytes){data, size}, &err) != OK)
        abort();
}

static void
put_u32(struct buffer *out, uint32_t value)
{
    uint32_t network = htonl(value);

    put(out, &network, sizeof(network));
}

static void
put_u16(struct buffer *out, size_t value)
{
    uint16_t network = htons((uint16_t) value);

    put(out, &network, sizeof(network));
}

static void
put_text(struct buffer *out, const char *text)
{
    put(out, text, strlen(text) + 1);
}

static size_t
begin_message(struct buffer *out, char type)
{
    put(out, &type, 1);
    put_u32(out, 0);
    return out->size - 4;
}

static void
end_message(struct buffer *out, size_t length_at)
{
    uint32_t length = htonl((uint32_t) (out->size - length_at));

    memcpy(out->data + length_at, &length, sizeof(length));
}

static void
put_parameter(struct buffer *out, const char *name, const char *value)
{
    size_t at = begin_message(out, 'S');

    put_text(out, name);
    put_text(out, value);
    end_message(out, at);
}

static void
put_ready(struct buffer *out)
{
    size_t at = begin_message(out, 'Z');

    put(out, "I", 1);
    end_message(out, at);
}

static void
put_failure(struct buffer *out, const char *sqlstate, const char *message)
{
    size_t at = begin_message(out, 'E');

    put_text(out, "SERROR");
    put_text(out, "VERROR");
    put(out, "C", 1);
    put_text(out, sqlstate);
    put(out, "M", 1);
    put_text(out, message);
    put(out, "", 1);
    end_message(out, at);
}

/* The next word up to the delimiter, copied; NULL when text is at its end. */
static char *
next_word(const char **text, const char *delimiters)
{
    size_t size = strcspn(*text, delimiters);
    char *word = *text[0] == '\0' ? NULL : strndup(*text, size);

    *text += size;
    return word;
}

static size_t
count_words(const char *text, char delimiter)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == delimiter;
    return count;
}

static void
put_columns(struct buffer *out, const char *columns)
{
    size_t at = begin_message(out, 'T');
    char *name;

    put_u16(out, count_words(columns, ' '));
    while ((name = next_word(&columns, " ")) != NULL)
    {
        columns += *columns == ' ';
        put_text(out, name);
        put_u32(out, 0); /* of no table */
        put_u16(out, 0);
        put_u32(out, TEXT_TYPE);
        put_u16(out, 0xFFFF); /* of any length */
        put_u32(out, UINT32_MAX);
        put_u16(out, 0); /* as text */
        free(name);
    }
    end_message(out, at);
}

static void
put_rows(struct buffer *out, const char *rows)
{
    while (*rows != '\0')
    {
        size_t end = strcspn(rows, "\n");
        size_t at = begin_message(out, 'D');
        char *line = strndup(rows, end);
        size_t count = count_words(line, '|');
        const char *value = line;

        put_u16(out, count);
        for (size_t index = 0; index < count; index++)
        {
            size_t size = strcspn(value, "|");

            put_u32(out, (uint32_t) size);
            put(out, value, size);
            value += size + 1;
        }
        end_message(out, at);
        free(line);
        rows += rows[end] == '\n' ? end + 1 : end;
    }
}

static void
put_answer(struct buffer *out, const struct pg_step *step)
{
    size_t at;

    if (step->sqlstate != NULL)
    {
        put_failure(out, step->sqlstate, step->message);
        return;
    }
    put_columns(out, step->columns);
    put_rows(out, step->rows == NULL ? "" : step->rows);
    at = begin_message(out, 'C');
    put_text(out, "SELECT");
    end_message(out, at);
}

static bool
receive(int connection, void *data, size_t size)
{
    return recv(connection, data, size, MSG_WAITALL) == (ssize_t) size;
}

static bool
send_all(int connection, struct buffer *out)
{
    bool sent = send(connection, out->data, out->size, MSG_NOSIGNAL) == (ssize_t) out->size;

    out->size = 0;
    return sent;
}

/* A message's content with a zero byte behind it; NULL when the client is gone. */
static char *
receive_content(int connection)
{
    uint32_t size;
    char *content;

    if (!receive(connection, &size, sizeof(size)))
        return NULL;
    size = ntohl(size);
    if (size < 4 || size > MESSAGE_LIMIT)
        return NULL;
    content = calloc(1, size);
    if (content == NULL || receive(connection, content, size - 4))
        return content;
    free(content);
    return NULL;
}

static bool
greet(const struct pg_script *script, int connection, struct buffer *out)
{
    char *startup = receive_content(connection);
    size_t at;

    if (startup == NULL)
        return false;
    free(startup);
    at = begin_message(out, 'R');
    put_u32(out, 0); /* no password */
    end_message(out, at);
    put_parameter(out, "server_version", script->version);
    put_parameter(out, "standard_conforming_strings", "on");
    put_parameter(out, "client_encoding", "UTF8");
    put_ready(out);
    return send_all(connection, out);
}

static void
answer(struct pg_script *script, const char *query, struct buffer *out)
{
    static const struct pg_step settings = {.columns = "a b", .rows = "|on"};
    const struct pg_step *step =
        script->position < script->count ? &script->steps[script->position] : NULL;

    if (strstr(query, "set_config('search_path'") != NULL)
        put_answer(out, &settings);
    else if (step != NULL && strstr(query, step->query) != NULL)
    {
        put_answer(out, step);
        script->position++;
    }
    else
    {
        if (script->complaint[0] == '\0')
            snprintf(script->complaint, sizeof(script->complaint),
                     "step %zu: want \"%s\", got \"%.600s\"", script->position,
                     step == NULL ? "nothing" : step->query, query);
        put_failure(out, "XX000", "not in the script");
    }
    put_ready(out);
}

static void *
run(void *arg)
{
    struct pg_script *script = arg;
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(16 * MESSAGE_LIMIT);
    int connection = accept4(script->listener, NULL, NULL, SOCK_CLOEXEC);
    char type;

    pthread_mutex_lock(&script->lock);
    script->connection = connection;
    if (script->stopping && connection >= 0)
        shutdown(connection, SHUT_RDWR);
    pthread_mutex_unlock(&script->lock);
    if (connection < 0 || !greet(script, connection, &out))
        return NULL;
    while (receive(connection, &type, 1))
    {
        SCOPED(freep) char *content = receive_content(connection);

        if (content == NULL || type != 'Q')
            break;
        answer(script, content, &out);
        if (!send_all(connection, &out))
            break;
    }
    return NULL;
}

struct pg_script *
pg_script_start(const char *version, const struct pg_step *steps, size_t count)
{
    struct pg_script *script = calloc(1, sizeof(*script));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    assert_non_null(script);
    script->version = version;
    script->steps = steps;
    script->count = count;
    script->connection = -1;
    pthread_mutex_init(&script->lock, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(script->listener, 1), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *) &address, &size), 0);
    snprintf(script->conninfo, sizeof(script->conninfo),
             "host=127.0.0.1 port=%u user=nobody dbname=none sslmode=disable gssencmode=disable",
             ntohs(address.sin_port));
    assert_int_equal(pthread_create(&script->thread, NULL, run, script), 0);
    return script;
}

const char *
pg_script_conninfo(const struct pg_script *script)
{
    return script->conninfo;
}

void
pg_script_stop(struct pg_script *script)
{
    char complaint[sizeof(script->complaint)];

    pthread_mutex_lock(&script->lock);
    script->stopping = true;
    shutdown(script->listener, SHUT_RDWR);
    if (script->connection >= 0)
        shutdown(script->connection, SHUT_RDWR);
    pthread_mutex_unlock(&script->lock);
    pthread_join(script->thread, NULL);
    close(script->listener);
    if (script->connection >= 0)
        close(script->connection);
    if (script->complaint[0] == '\0' && script->position < script->count)
        snprintf(script->complaint, sizeof(script->complaint),
                 "step %zu was never asked for: \"%s\"", script->position,
                 script->steps[script->position].query);
    memcpy(complaint, script->complaint, sizeof(complaint));
    pthread_mutex_destroy(&script->lock);
    free(script);
    if (complaint[0] != '\0')
        fail_msg("%s", complaint);
}
