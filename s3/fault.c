// SPDX-License-Identifier: PostgreSQL
#include "s3/fault.h"

#include "s3/xml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Services refuse a signature whose time is 15 minutes off. */
#define SKEW_SUSPECT (10 * 60 * US_PER_SECOND)

struct known_code
{
    const char *code;
    int http_status; /* what it comes with, for errors inside a 200 reply */
    enum fault_action action;
    enum status status;
    const char *hint;
};

static const struct known_code known_codes[] = {
    {"NoSuchKey", 404, FAULT_GIVE_UP, STATUS_NOT_FOUND, NULL},
    {"NoSuchBucket", 404, FAULT_GIVE_UP, STATUS_CONFIG,
     "Create the bucket, or correct \"bucket\" in the configuration."},
    {"NoSuchUpload", 404, FAULT_GIVE_UP, STATUS_TRANSIENT, NULL},
    {"PreconditionFailed", 412, FAULT_GIVE_UP, STATUS_CONFLICT, NULL},
    {"ConditionalRequestConflict", 409, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"OperationAborted", 409, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"InternalError", 500, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"ServiceUnavailable", 503, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"SlowDown", 503, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"RequestTimeout", 400, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"IncompleteBody", 400, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"BadDigest", 400, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"XAmzContentSHA256Mismatch", 400, FAULT_RETRY, STATUS_TRANSIENT, NULL},
    {"RequestTimeTooSkewed", 403, FAULT_CORRECT_CLOCK, STATUS_DENIED,
     "Set this machine's clock, for example with NTP."},
    {"ExpiredToken", 400, FAULT_REFRESH_CREDENTIALS, STATUS_DENIED,
     "Renew the temporary credentials."},
    {"ExpiredTokenException", 400, FAULT_REFRESH_CREDENTIALS, STATUS_DENIED,
     "Renew the temporary credentials."},
    {"TokenRefreshRequired", 400, FAULT_REFRESH_CREDENTIALS, STATUS_DENIED,
     "Renew the temporary credentials."},
    {"InvalidToken", 400, FAULT_REFRESH_CREDENTIALS, STATUS_DENIED,
     "Check the session token: it must belong to the access key."},
    {"PermanentRedirect", 301, FAULT_OTHER_REGION, STATUS_CONFIG,
     "Set \"region\" and \"endpoint\" to where the bucket is."},
    {"TemporaryRedirect", 307, FAULT_OTHER_REGION, STATUS_CONFIG,
     "Set \"region\" and \"endpoint\" to where the bucket is."},
    {"AuthorizationHeaderMalformed", 400, FAULT_OTHER_REGION, STATUS_CONFIG,
     "Set \"region\" to the bucket's region."},
    {"IllegalLocationConstraintException", 400, FAULT_OTHER_REGION, STATUS_CONFIG,
     "Set \"region\" to the bucket's region."},
    {"SignatureDoesNotMatch", 403, FAULT_GIVE_UP, STATUS_DENIED,
     "Check the secret access key; a proxy that changes requests can cause this too."},
    {"InvalidAccessKeyId", 403, FAULT_GIVE_UP, STATUS_DENIED,
     "Check the access key id and that it belongs to this service."},
    {"AccessDenied", 403, FAULT_GIVE_UP, STATUS_DENIED,
     "Grant s3:GetObject, s3:PutObject and s3:ListBucket on the bucket to this access key."},
    {"InvalidObjectState", 403, FAULT_GIVE_UP, STATUS_DENIED,
     "The object is in an archive storage class: have the service restore it first."},
    {"NotImplemented", 501, FAULT_GIVE_UP, STATUS_UNSUPPORTED, NULL},
};

static const struct known_code *
find_code(const char *code)
{
    for (size_t index = 0; index < sizeof(known_codes) / sizeof(known_codes[0]); index++)
    {
        if (strcmp(known_codes[index].code, code) == 0)
            return &known_codes[index];
    }
    return NULL;
}

static void
copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
    for (; *to != '\0'; to++)
    {
        if (iscntrl((unsigned char) *to))
            *to = ' ';
    }
}

struct error_reader
{
    struct fault *fault;
    bool found;
    char root[64];
};

static enum status
read_field(void *arg, const char *path, const char *text, struct error *err)
{
    struct error_reader *reader = arg;
    struct fault *fault = reader->fault;

    (void) err;
    if (strchr(path, '/') == NULL)
        snprintf(reader->root, sizeof(reader->root), "%s", path);
    /* STS wraps its errors in an ErrorResponse. */
    if (strncmp(path, "ErrorResponse/", strlen("ErrorResponse/")) == 0)
        path += strlen("ErrorResponse/");
    if (strcmp(path, "Error") == 0)
        reader->found = true;
    else if (strcmp(path, "Error/Code") == 0)
        copy_text(fault->code, sizeof(fault->code), text);
    else if (strcmp(path, "Error/Message") == 0)
        copy_text(fault->message, sizeof(fault->message), text);
    else if (strcmp(path, "Error/Region") == 0)
        copy_text(fault->region, sizeof(fault->region), text);
    else if (strcmp(path, "Error/Endpoint") == 0)
        copy_text(fault->endpoint, sizeof(fault->endpoint), text);
    return OK;
}

void
fault_read(struct fault *fault, int http_status, struct bytes body)
{
    struct error_reader reader = {.fault = fault};
    struct error not_xml;

    *fault = (struct fault){.http_status = http_status};
    if (body.size == 0)
        return;
    if (xml_each(body, read_field, &reader, &not_xml) != OK || !reader.found)
    {
        /* Half a document proves nothing: a cut-off NoSuchKey is not one. */
        *fault = (struct fault){.http_status = http_status};
        snprintf(fault->message, sizeof(fault->message),
                 "the answer is not in the form of an S3 service (%zu bytes)", body.size);
    }
}

enum status
fault_in_success(struct fault *fault, struct bytes body, const char *wanted, bool *found,
                 struct error *err)
{
    struct error_reader reader = {.fault = fault};
    const struct known_code *known;

    *fault = (struct fault){.http_status = 500};
    if (xml_each(body, read_field, &reader, err) != OK)
    {
        error_context(err, "the reply was cut off or damaged");
        return STATUS_TRANSIENT;
    }
    *found = reader.found;
    if (!reader.found && strcmp(reader.root, wanted) != 0)
        return error_set(err, STATUS_TRANSIENT, "expected the reply to be a %s, found %s", wanted,
                         reader.root);
    known = find_code(fault->code);
    if (known != NULL)
        fault->http_status = known->http_status;
    return OK;
}

static bool
is_passing(int http_status)
{
    return http_status == 429 ||
           (http_status >= 500 && http_status != 501 && http_status != 505 && http_status != 507);
}

static bool
is_far(time_us skew)
{
    return skew > SKEW_SUSPECT || skew < -SKEW_SUSPECT;
}

enum fault_action
fault_action(const struct fault *fault, time_us skew)
{
    const struct known_code *known = find_code(fault->code);

    if (known != NULL)
        return known->action;
    if (fault->http_status == 301 || fault->http_status == 307 || fault->region[0] != '\0')
        return FAULT_OTHER_REGION;
    if (is_passing(fault->http_status))
        return FAULT_RETRY;
    if (fault->code[0] == '\0')
    {
        /* The reply to a HEAD names no code; these are what it may stand for. */
        if (fault->http_status == 403 && is_far(skew))
            return FAULT_CORRECT_CLOCK;
        if (fault->http_status == 400)
            return FAULT_REFRESH_CREDENTIALS;
    }
    return FAULT_GIVE_UP;
}

enum status
fault_status(const struct fault *fault)
{
    const struct known_code *known = find_code(fault->code);

    if (known != NULL)
        return known->status;
    if (is_passing(fault->http_status))
        return STATUS_TRANSIENT;
    switch (fault->http_status)
    {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
    case 404:
        return STATUS_CONFIG;
    case 401:
    case 403:
        return STATUS_DENIED;
    case 405:
    case 501:
        return STATUS_UNSUPPORTED;
    case 409:
        return STATUS_TRANSIENT;
    case 412:
        return STATUS_CONFLICT;
    case 416:
        return STATUS_CORRUPT;
    default:
        return STATUS_IO;
    }
}

const char *
fault_hint(const struct fault *fault)
{
    const struct known_code *known = find_code(fault->code);

    if (known != NULL)
        return known->hint;
    if (fault->http_status == 401 || fault->http_status == 403)
        return "Check the credentials and their permissions on the bucket.";
    if (fault->http_status == 404 || (fault->http_status >= 300 && fault->http_status < 400))
        return "Check \"endpoint\" and \"bucket\": this does not look like the answer of an S3 "
               "service that has the bucket.";
    return NULL;
}
