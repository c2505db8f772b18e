// SPDX-License-Identifier: PostgreSQL
/*
 * The shared credentials file of Amazon's tools: sections in brackets, then
 * "name = value" lines.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
#include "base/file.h"
#include "s3/credentials_source.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum
{
    FILE_LIMIT = 256 * 1024
};

static struct bytes
trim(struct bytes text)
{
    while (text.size > 0 && isspace(text.data[0]))
        text = (struct bytes){text.data + 1, text.size - 1};
    while (text.size > 0 && isspace(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* What stands before the first separator; the rest stays in text. */
static struct bytes
take_until(struct bytes *text, char separator)
{
    const uint8_t *at =
        text->size == 0 ? NULL : memchr(text->data, (unsigned char) separator, text->size);
    struct bytes part = *text;

    if (at == NULL)
    {
        *text = (struct bytes){NULL, 0};
        return part;
    }
    part.size = (size_t) (at - text->data);
    *text = (struct bytes){at + 1, text->size - part.size - 1};
    return part;
}

static bool
is_section(struct bytes line, const char *profile)
{
    struct bytes name = {line.data + 1, line.size - 1};
    struct bytes rest = name;

    return bytes_equal(trim(take_until(&rest, ']')), bytes_of(profile));
}

static enum status
take_line(struct bytes line, struct credentials *credentials, struct error *err)
{
    struct bytes value = line;
    struct bytes name = trim(take_until(&value, '='));

    value = trim(value);
    if (bytes_equal(name, BYTES("aws_access_key_id")))
        return credentials_set(&credentials->access_key_id, value, err);
    if (bytes_equal(name, BYTES("aws_secret_access_key")))
        return credentials_set(&credentials->secret_access_key, value, err);
    if (bytes_equal(name, BYTES("aws_session_token")))
        return credentials_set(&credentials->session_token, value, err);
    return OK;
}

static enum status
read_profile(struct bytes text, const char *profile, struct credentials *credentials,
             struct error *err)
{
    bool inside = false;

    while (text.size > 0)
    {
        struct bytes line = trim(take_until(&text, '\n'));

        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (line.data[0] == '[')
            inside = is_section(line, profile);
        else if (inside)
            TRY(take_line(line, credentials, err));
    }
    return OK;
}

static void
release_secret(struct buffer *content)
{
    if (content->data != NULL)
        OPENSSL_cleanse(content->data, content->size);
    buffer_release(content);
}

static enum status
file_path(const struct credentials_settings *settings, char **path, struct error *err)
{
    const char *home = settings->values[SETTING_HOME];

    if (settings->values[SETTING_FILE] != NULL)
        *path = strdup(settings->values[SETTING_FILE]);
    else if (home != NULL)
        *path = path_join(home, ".aws/credentials");
    else
        return error_set(err, STATUS_CONFIG,
                         "there is no credentials file: neither it nor HOME is set");
    return *path == NULL ? error_no_memory(err) : OK;
}

enum status
credentials_file_fetch(const struct credentials_settings *settings, struct credentials *credentials,
                       struct error *err)
{
    SCOPED(release_secret) struct buffer content = BUFFER_INIT(FILE_LIMIT);
    SCOPED(freep) char *path = NULL;
    const char *profile = settings->values[SETTING_PROFILE];
    enum status status;

    TRY(file_path(settings, &path, err));
    status = file_read(path, &content, err);
    /* The object is not what was not found. */
    if (status == STATUS_NOT_FOUND)
        status = STATUS_CONFIG;
    TRY(status);
    TRY(read_profile(buffer_bytes(&content), profile, credentials, err));
    if (credentials->access_key_id != NULL && credentials->secret_access_key != NULL)
        return OK;
    error_set(err, STATUS_CONFIG, "file \"%s\" has no credentials for profile \"%s\"", path,
              profile);
    error_hint(err, "It needs a section [%s] with aws_access_key_id and aws_secret_access_key.",
               profile);
    return STATUS_CONFIG;
}
