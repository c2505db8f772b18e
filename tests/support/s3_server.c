// SPDX-License-Identifier: PostgreSQL
#include "tests/support/s3_server.h"

#include "base/random.h"
#include "s3/request.h"
#include "tests/support/assert.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define SCRIPT     REDOUBT_SOURCE_DIR "/tests/support/s3-server"
#define ACCESS_KEY "redoubttestaccess001"
#define SECRET_KEY "redoubttestsecret00000000000000000000001"

extern char **environ;

static enum status
run_script(const char *const *arguments, struct error *err)
{
    pid_t pid;
    int result;

    if (posix_spawn(&pid, SCRIPT, NULL, NULL, (char *const *) arguments, environ) != 0 ||
        waitpid(pid, &result, 0) != pid)
        return error_errno(err, "could not run \"%s\"", SCRIPT);
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        return error_set(err, STATUS_IO, "\"%s %s\" failed", SCRIPT, arguments[1]);
    return OK;
}

/* The script refuses ports that are busy; chance finds others. */
static enum status
start_somewhere(struct s3_server *server, struct error *err)
{
    enum status status = OK;

    for (int attempt = 0; attempt < 5; attempt++)
    {
        uint16_t random;
        char port[16];
        const char *const arguments[] = {"s3-server", "start", server->directory,
                                         port,        "TLS",   NULL};

        TRY(random_bytes(&random, sizeof(random), err));
        server->port = 20000 + random % 500 * 20;
        snprintf(port, sizeof(port), "%u", server->port);
        status = run_script(arguments, err);
        if (status == OK)
            break;
    }
    return status;
}

enum status
s3_server_open_client(const struct s3_server *server, struct request_client **client,
                      struct error *err)
{
    struct request_options options = {
        .region = server->region,
        .credentials = {.source = CREDENTIALS_STATIC,
                        .access_key_id = server->access_key,
                        .secret_access_key = server->secret_key},
        .retry_limit_ms = 10000,
        .connect_timeout_ms = 5000,
        .stall_timeout_ms = 30000,
    };

    if (server->directory == NULL && server->ca_file[0] != '\0')
        options.ca_file = server->ca_file;
    TRY(endpoint_parse(&options.endpoint, server->endpoint, server->bucket, S3_ADDRESSING_PATH,
                       err));
    return request_open(client, &options, err);
}

static enum status
create_bucket(const struct s3_server *server, struct error *err)
{
    SCOPED(request_freep) struct request_client *client = NULL;
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    const struct request request = {.method = "PUT"};

    TRY(s3_server_open_client(server, &client, err));
    return request_send(client, &request, &reply, err);
}

static const char *
environment(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? fallback : value;
}

static void
use_given(struct s3_server *server, const char *endpoint)
{
    snprintf(server->endpoint, sizeof(server->endpoint), "%s", endpoint);
    snprintf(server->ca_file, sizeof(server->ca_file), "%s",
             environment("REDOUBT_TEST_S3_CA_FILE", ""));
    server->region = environment("REDOUBT_TEST_S3_REGION", "auto");
    server->bucket = environment("REDOUBT_TEST_S3_BUCKET", "redoubt-test");
    server->access_key = environment("REDOUBT_TEST_S3_ACCESS_KEY", "");
    server->secret_key = environment("REDOUBT_TEST_S3_SECRET_KEY", "");
}

enum status
s3_server_start(struct s3_server *server, struct error *err)
{
    const char *endpoint = getenv("REDOUBT_TEST_S3_ENDPOINT");

    *server = (struct s3_server){.region = "us-east-1",
                                 .bucket = "redoubt-test",
                                 .access_key = ACCESS_KEY,
                                 .secret_key = SECRET_KEY,
                                 .other_access_key = ACCESS_KEY "B",
                                 .other_secret_key = SECRET_KEY "B"};
    if (endpoint != NULL && endpoint[0] != '\0')
    {
        server->other_access_key = NULL;
        use_given(server, endpoint);
        return OK;
    }
    setenv("AK", ACCESS_KEY, 1);
    setenv("SK", SECRET_KEY, 1);
    server->directory = test_directory_create();
    TRY(start_somewhere(server, err));
    snprintf(server->endpoint, sizeof(server->endpoint), "http://127.0.0.1:%u", server->port);
    snprintf(server->tls_endpoint, sizeof(server->tls_endpoint), "https://localhost:%u",
             server->port + 10);
    snprintf(server->ca_file, sizeof(server->ca_file), "%s/tls/cert.pem", server->directory);
    return create_bucket(server, err);
}

void
s3_server_stop(struct s3_server *server)
{
    const char *const arguments[] = {"s3-server", "stop", server->directory, NULL};
    struct error err = {0};

    if (server->directory == NULL)
        return;
    if (run_script(arguments, &err) != OK)
        fprintf(stderr, "%s\n", err.message);
    test_directory_remove(server->directory);
    server->directory = NULL;
}

struct s3_options
s3_server_options(const struct s3_server *server, const char *prefix)
{
    return (struct s3_options){
        .endpoint = server->endpoint,
        .region = server->region,
        .bucket = server->bucket,
        .prefix = prefix,
        .ca_file = server->directory == NULL && server->ca_file[0] != '\0' ? server->ca_file : NULL,
        .credentials = {.source = CREDENTIALS_STATIC,
                        .access_key_id = server->access_key,
                        .secret_access_key = server->secret_key},
        .part_size_bytes = S3_PART_SIZE_MIN,
    };
}
