// SPDX-License-Identifier: PostgreSQL
#include "s3/endpoint.h"

#include "s3/sigv4.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool
is_made_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

bool
endpoint_region_is_valid(const char *region)
{
    return strlen(region) < SIGV4_REGION_SIZE && is_made_of(region, ALPHANUMERIC "-");
}

static enum status
invalid_url(const char *url, const char *reason, struct error *err)
{
    error_set(err, STATUS_CONFIG, "invalid endpoint \"%s\": %s", url, reason);
    error_hint(err, "Write it as https://host, https://host:port or http://host:port.");
    return STATUS_CONFIG;
}

/* The scheme's own port is not sent in the Host header, so it must not be signed. */
static void
drop_default_port(struct endpoint *endpoint)
{
    const char *port = strcmp(endpoint->scheme, "https") == 0 ? ":443" : ":80";
    size_t size = strlen(endpoint->host);

    if (size > strlen(port) && strcmp(endpoint->host + size - strlen(port), port) == 0)
        endpoint->host[size - strlen(port)] = '\0';
}

static bool
is_local(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "169.254.", 8) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           strncmp(host, "[fe80:", 6) == 0 || strncmp(host, "[fd00:ec2:", 10) == 0;
}

static enum status
parse_url(struct endpoint *endpoint, const char *url, struct error *err)
{
    const char *separator = strstr(url, "://");
    const char *host = separator == NULL ? url : separator + 3;
    size_t host_size = strcspn(host, "/");
    const char *path = host + host_size;
    size_t path_size = strlen(path);

    snprintf(endpoint->scheme, sizeof(endpoint->scheme), "%.*s",
             separator == NULL ? 5 : (int) (separator - url), separator == NULL ? "https" : url);
    if (strcmp(endpoint->scheme, "http") != 0 && strcmp(endpoint->scheme, "https") != 0)
        return invalid_url(url, "the scheme must be http or https", err);
    if (host_size == 0 || host_size >= sizeof(endpoint->host))
        return invalid_url(url, "there is no host, or it is too long", err);
    snprintf(endpoint->host, sizeof(endpoint->host), "%.*s", (int) host_size, host);
    if (!is_made_of(endpoint->host, ALPHANUMERIC "-._:[]"))
        return invalid_url(url, "the host has a character that no host has", err);
    for (char *letter = endpoint->host; *letter != '\0'; letter++)
        *letter = (char) tolower((unsigned char) *letter);
    drop_default_port(endpoint);
    while (path_size > 0 && path[path_size - 1] == '/')
        path_size--;
    if (path_size >= sizeof(endpoint->base_path))
        return invalid_url(url, "the path is too long", err);
    snprintf(endpoint->base_path, sizeof(endpoint->base_path), "%.*s", (int) path_size, path);
    if (path_size > 0 && !is_made_of(endpoint->base_path, ALPHANUMERIC "-._/"))
        return invalid_url(url, "the path has a character that is not supported", err);
    endpoint->local = is_local(endpoint->host);
    return OK;
}

enum status
endpoint_parse(struct endpoint *endpoint, const char *url, const char *bucket,
               enum s3_addressing addressing, struct error *err)
{
    *endpoint = (struct endpoint){.amazon = url == NULL || url[0] == '\0', .scheme = "https"};
    if (bucket == NULL || strlen(bucket) >= sizeof(endpoint->bucket) ||
        !is_made_of(bucket, ALPHANUMERIC "-._") || strspn(bucket, ALPHANUMERIC) == 0 ||
        strstr(bucket, "..") != NULL)
        return error_set(err, STATUS_CONFIG, "invalid bucket name \"%s\"",
                         bucket == NULL ? "" : bucket);
    snprintf(endpoint->bucket, sizeof(endpoint->bucket), "%s", bucket);
    if (!endpoint->amazon)
        TRY(parse_url(endpoint, url, err));
    if (addressing == S3_ADDRESSING_AUTOMATIC)
        endpoint->virtual_host = endpoint->amazon && strchr(bucket, '.') == NULL;
    else
        endpoint->virtual_host = addressing == S3_ADDRESSING_VIRTUAL_HOST;
    return OK;
}

/* Amazon's host for a region; China's regions have a domain of their own. */
static void
amazon_host(const char *region, char *host, size_t size)
{
    if (strcmp(region, "auto") == 0)
        region = "us-east-1";
    snprintf(host, size, "s3.%s.amazonaws.com%s", region,
             strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

enum status
endpoint_address(const struct endpoint *endpoint, const char *region, const char *key,
                 struct endpoint_address *address, struct error *err)
{
    char host[256];

    if (endpoint->amazon)
        amazon_host(region, host, sizeof(host));
    else
        snprintf(host, sizeof(host), "%s", endpoint->host);
    snprintf(address->host, sizeof(address->host), "%s%s%s",
             endpoint->virtual_host ? endpoint->bucket : "", endpoint->virtual_host ? "." : "",
             host);

    address->path.size = 0;
    TRY(buffer_append(&address->path, bytes_of(endpoint->base_path), err));
    if (!endpoint->virtual_host)
        TRY(buffer_append_text(&address->path, err, "/%s", endpoint->bucket));
    if (key == NULL && !endpoint->virtual_host)
        return OK;
    TRY(buffer_append(&address->path, BYTES("/"), err));
    return key == NULL ? OK : sigv4_encode_path(&address->path, key, err);
}

void
endpoint_address_release(struct endpoint_address *address)
{
    buffer_release(&address->path);
}
