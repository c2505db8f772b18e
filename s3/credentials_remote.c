// SPDX-License-Identifier: PostgreSQL
/*
 * Credentials that somebody else keeps: EC2's metadata service (version 2,
 * with its session token), the endpoint offered to a container, and STS, which
 * exchanges a web identity token.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
#include "base/file.h"
#include "base/json.h"
#include "s3/credentials_source.h"
#include "s3/endpoint.h"
#include "s3/fault.h"
#include "s3/http.h"
#include "s3/xml.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum
{
    ATTEMPTS = 3,
    PAUSE_MS = 100,
    NEAR_TIMEOUT_MS = 2000,
    FAR_TIMEOUT_MS = 20000,
    REPLY_LIMIT = 64 * 1024,
    TOKEN_LIMIT = 32 * 1024
};

static void
release_secret(struct buffer *content)
{
    if (content->data != NULL)
        OPENSSL_cleanse(content->data, content->size);
    buffer_release(content);
}

/* A success within a few attempts, or a failure that says who did not answer. */
static enum status
ask(struct http_client *client, const struct http_request *request, const char *who,
    struct http_reply *reply, struct error *err)
{
    enum status status = OK;

    for (int attempt = 0; attempt < ATTEMPTS; attempt++)
    {
        if (attempt > 0)
            clock_pause_ms(PAUSE_MS << attempt);
        status = http_send(client, request, reply, err);
        if (status == OK && reply->status >= 200 && reply->status <= 299)
            return OK;
        if (status == OK && reply->status < 500 && reply->status != 429)
            break;
        if (status != OK && status != STATUS_TRANSIENT)
            break;
    }
    if (status == OK)
        status = error_set(err, reply->status >= 500 ? STATUS_TRANSIENT : STATUS_DENIED,
                           "HTTP status %d", reply->status);
    error_context(err, "could not get credentials from %s", who);
    return status;
}

static enum status
append_secret(struct buffer *into, const char *first, const char *second, struct error *err)
{
    TRY(buffer_reserve(into, strlen(first) + strlen(second) + 1, err));
    TRY(buffer_append(into, bytes_of(first), err));
    return buffer_append(into, bytes_of(second), err);
}

static enum status
read_expiration(const char *text, struct credentials *credentials, struct error *err)
{
    if (text == NULL || text[0] == '\0')
        return OK;
    return time_parse(text, &credentials->expires, err);
}

static enum status
take_document(const json_t *document, struct credentials *credentials, struct error *err)
{
    const char *id;
    const char *secret;
    const char *token = "";
    const char *expiration = NULL;

    TRY(member_text(document, "AccessKeyId", &id, err));
    TRY(member_text(document, "SecretAccessKey", &secret, err));
    TRY(member_text_optional(document, "Token", &token, err));
    TRY(member_text_optional(document, "Expiration", &expiration, err));
    TRY(credentials_set(&credentials->access_key_id, bytes_of(id), err));
    TRY(credentials_set(&credentials->secret_access_key, bytes_of(secret), err));
    TRY(credentials_set(&credentials->session_token, bytes_of(token), err));
    return read_expiration(expiration, credentials, err);
}

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...} */
static enum status
take_json(struct bytes text, const char *who, struct credentials *credentials, struct error *err)
{
    SCOPED(json_freep) json_t *document = NULL;
    enum status status = json_parse(text, REPLY_LIMIT, &document, err);

    if (status == OK)
        status = take_document(document, credentials, err);
    if (status == OK)
        return OK;
    /* A metadata service says so inside a 200 when the role gives it none. */
    error_context(err, "could not use the credentials from %s", who);
    return STATUS_DENIED;
}

/* A small text of one line, such as a role's name. */
static enum status
take_line(struct http_reply *reply, char *line, size_t size, struct error *err)
{
    struct bytes body = buffer_bytes(&reply->body);

    while (body.size > 0 && isspace(body.data[body.size - 1]))
        body.size--;
    if (body.size == 0 || body.size >= size)
        return error_set(err, STATUS_DENIED, "the metadata service answered %zu bytes", body.size);
    for (size_t index = 0; index < body.size; index++)
    {
        if (!isgraph(body.data[index]))
            return error_set(err, STATUS_DENIED, "the metadata service answered unprintable text");
    }
    memcpy(line, body.data, body.size);
    line[body.size] = '\0';
    return OK;
}

static enum status
instance_get(const struct credentials_settings *settings, const struct http_request *prototype,
             const char *path, struct http_reply *reply, struct error *err)
{
    SCOPED(buffer_release) struct buffer url = BUFFER_INIT(4096);
    struct http_request request = *prototype;

    TRY(append_secret(&url, settings->values[SETTING_INSTANCE_ENDPOINT], path, err));
    TRY(buffer_text(&url, &request.url, err));
    request.stall_timeout_ms = NEAR_TIMEOUT_MS;
    request.total_timeout_ms = NEAR_TIMEOUT_MS;
    request.direct = true;
    request.body_limit = REPLY_LIMIT;
    return ask(settings->link, &request, "the instance metadata service", reply, err);
}

enum status
credentials_instance_fetch(const struct credentials_settings *settings,
                           struct credentials *credentials, struct error *err)
{
    static const char role_path[] = "/latest/meta-data/iam/security-credentials/";
    static const struct sigv4_pair lifetime[] = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    char token[1024];
    char role[sizeof(role_path) + 512];
    const struct sigv4_pair headers[] = {{"x-aws-ec2-metadata-token", token}};
    struct http_request request = {.method = "PUT", .headers = lifetime, .header_count = 1};

    TRY(instance_get(settings, &request, "/latest/api/token", &reply, err));
    TRY(take_line(&reply, token, sizeof(token), err));
    request = (struct http_request){.method = "GET", .headers = headers, .header_count = 1};
    TRY(instance_get(settings, &request, role_path, &reply, err));
    memcpy(role, role_path, sizeof(role_path));
    TRY(take_line(&reply, role + sizeof(role_path) - 1, 512, err));
    TRY(instance_get(settings, &request, role, &reply, err));
    return take_json(buffer_bytes(&reply.body), "the instance metadata service", credentials, err);
}

/* The token is read again each time: it rotates. */
static enum status
read_token_file(const char *path, struct buffer *token, struct error *err)
{
    enum status status = file_read(path, token, err);

    if (status == STATUS_NOT_FOUND)
        return STATUS_CONFIG;
    TRY(status);
    while (token->size > 0 && isspace(token->data[token->size - 1]))
        token->size--;
    return OK;
}

/* Is it TLS, or on this host?  The token goes there, and the credentials come back. */
static bool
is_trusted_uri(const char *uri)
{
    static const char *const hosts[] = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]"};
    const char *host = uri + strlen("http://");
    size_t size;

    if (strncmp(uri, "https://", strlen("https://")) == 0)
        return true;
    if (strncmp(uri, "http://", strlen("http://")) != 0)
        return false;
    if (strncmp(host, "127.", 4) == 0)
        return strchr(":/", host[strspn(host, "0123456789.")]) != NULL;
    for (size_t index = 0; index < sizeof(hosts) / sizeof(hosts[0]); index++)
    {
        size = strlen(hosts[index]);
        if (strncmp(host, hosts[index], size) == 0 && strchr(":/", host[size]) != NULL)
            return true;
    }
    return false;
}

static enum status
container_url(const struct credentials_settings *settings, struct buffer *url, struct error *err)
{
    const char *relative = settings->values[SETTING_CONTAINER_RELATIVE_URI];
    const char *full = settings->values[SETTING_CONTAINER_FULL_URI];

    if (relative != NULL)
        return append_secret(url, settings->values[SETTING_CONTAINER_HOST], relative, err);
    if (full == NULL)
        return error_set(err, STATUS_CONFIG,
                         "there is no container endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
                         "and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set");
    if (is_trusted_uri(full))
        return append_secret(url, full, "", err);
    error_set(err, STATUS_CONFIG, "will not ask \"%s\" for credentials", full);
    error_hint(err, "Without TLS the container endpoint must be on this host: a loopback address, "
                    "169.254.170.2, 169.254.170.23 or [fd00:ec2::23].");
    return STATUS_CONFIG;
}

enum status
credentials_container_fetch(const struct credentials_settings *settings,
                            struct credentials *credentials, struct error *err)
{
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    SCOPED(buffer_release) struct buffer url = BUFFER_INIT(4096);
    SCOPED(release_secret) struct buffer token = BUFFER_INIT(TOKEN_LIMIT);
    struct sigv4_pair headers[] = {{"authorization", NULL}};
    struct http_request request = {.method = "GET",
                                   .headers = headers,
                                   .stall_timeout_ms = NEAR_TIMEOUT_MS,
                                   .total_timeout_ms = NEAR_TIMEOUT_MS,
                                   .direct = true,
                                   .body_limit = REPLY_LIMIT};

    TRY(container_url(settings, &url, err));
    TRY(buffer_text(&url, &request.url, err));
    if (settings->values[SETTING_CONTAINER_TOKEN_FILE] != NULL)
        TRY(read_token_file(settings->values[SETTING_CONTAINER_TOKEN_FILE], &token, err));
    else if (settings->values[SETTING_CONTAINER_TOKEN] != NULL)
        TRY(append_secret(&token, settings->values[SETTING_CONTAINER_TOKEN], "", err));
    if (token.size > 0)
    {
        TRY(buffer_text(&token, &headers[0].value, err));
        request.header_count = 1;
    }
    TRY(ask(settings->link, &request, "the container endpoint", &reply, err));
    return take_json(buffer_bytes(&reply.body), "the container endpoint", credentials, err);
}

static enum status
take_sts_element(void *arg, const char *path, const char *text, struct error *err)
{
    static const char prefix[] =
        "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/";
    struct credentials *credentials = arg;
    const char *name = path + sizeof(prefix) - 1;

    if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
        return OK;
    if (strcmp(name, "AccessKeyId") == 0)
        return credentials_set(&credentials->access_key_id, bytes_of(text), err);
    if (strcmp(name, "SecretAccessKey") == 0)
        return credentials_set(&credentials->secret_access_key, bytes_of(text), err);
    if (strcmp(name, "SessionToken") == 0)
        return credentials_set(&credentials->session_token, bytes_of(text), err);
    if (strcmp(name, "Expiration") == 0)
        return read_expiration(text, credentials, err);
    return OK;
}

static enum status
build_sts_form(const struct credentials_settings *settings, struct buffer *form, struct error *err)
{
    SCOPED(release_secret) struct buffer token = BUFFER_INIT(TOKEN_LIMIT);
    char *const *values = settings->values;
    const char *text;

    if (values[SETTING_ROLE_ARN] == NULL || values[SETTING_WEB_IDENTITY_TOKEN_FILE] == NULL)
        return error_set(err, STATUS_CONFIG,
                         "there is no web identity: AWS_ROLE_ARN or AWS_WEB_IDENTITY_TOKEN_FILE "
                         "is not set");
    TRY(read_token_file(values[SETTING_WEB_IDENTITY_TOKEN_FILE], &token, err));
    TRY(buffer_text(&token, &text, err));
    TRY(buffer_reserve(form, 4096 + 3 * token.size, err));
    TRY(buffer_append(form, BYTES("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="),
                      err));
    TRY(sigv4_encode(form, values[SETTING_ROLE_ARN], err));
    TRY(buffer_append(form, BYTES("&RoleSessionName="), err));
    TRY(sigv4_encode(form, values[SETTING_ROLE_SESSION_NAME], err));
    TRY(buffer_append(form, BYTES("&WebIdentityToken="), err));
    return sigv4_encode(form, text, err);
}

static enum status
sts_url(const struct credentials_settings *settings, struct buffer *url, struct error *err)
{
    const char *region = settings->values[SETTING_REGION];

    if (settings->values[SETTING_STS_ENDPOINT] != NULL)
        return buffer_append_text(url, err, "%s/", settings->values[SETTING_STS_ENDPOINT]);
    if (region == NULL)
        return buffer_append_text(url, err, "https://sts.amazonaws.com/");
    if (!endpoint_region_is_valid(region))
        return error_set(err, STATUS_CONFIG, "invalid region \"%s\"", region);
    return buffer_append_text(url, err, "https://sts.%s.amazonaws.com%s/", region,
                              strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

static enum status
refused_by_sts(const struct http_reply *reply, struct error *err)
{
    struct fault fault;

    fault_read(&fault, reply->status, buffer_bytes(&reply->body));
    if (fault.code[0] != '\0')
        error_context(err, "%s: %s", fault.code, fault.message);
    error_hint(err, "Check the role, its trust policy and the token file.");
    return STATUS_DENIED;
}

enum status
credentials_web_identity_fetch(const struct credentials_settings *settings,
                               struct credentials *credentials, struct error *err)
{
    static const struct sigv4_pair headers[] = {
        {"content-type", "application/x-www-form-urlencoded"}};
    SCOPED(http_reply_release) struct http_reply reply = HTTP_REPLY_INIT;
    SCOPED(buffer_release) struct buffer url = BUFFER_INIT(1024);
    SCOPED(release_secret) struct buffer form = BUFFER_INIT(4096 + 3 * TOKEN_LIMIT);
    struct http_request request = {.method = "POST",
                                   .headers = headers,
                                   .header_count = 1,
                                   .stall_timeout_ms = FAR_TIMEOUT_MS,
                                   .total_timeout_ms = FAR_TIMEOUT_MS,
                                   .body_limit = REPLY_LIMIT};
    enum status status;

    TRY(build_sts_form(settings, &form, err));
    request.body = buffer_bytes(&form);
    TRY(sts_url(settings, &url, err));
    TRY(buffer_text(&url, &request.url, err));
    status = ask(settings->http, &request, "STS", &reply, err);
    if (status == STATUS_DENIED)
        return refused_by_sts(&reply, err);
    TRY(status);
    TRY(xml_each(buffer_bytes(&reply.body), take_sts_element, credentials, err));
    if (credentials->access_key_id == NULL || credentials->secret_access_key == NULL)
        return error_set(err, STATUS_DENIED, "the reply of STS has no credentials");
    return OK;
}
