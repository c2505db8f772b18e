// SPDX-License-Identifier: PostgreSQL
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum status
status_of_errno(int number)
{
    switch (number)
    {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_CONFLICT;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_IO;
    }
}

enum status
error_set(struct error *err, enum status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    err->detail[0] = '\0';
    err->hint[0] = '\0';
    return status;
}

enum status
error_errno(struct error *err, const char *format, ...)
{
    int number = errno;
    va_list args;
    size_t used;
    char reason[128];

    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    used = strlen(err->message);
    snprintf(err->message + used, sizeof(err->message) - used, ": %s",
             strerror_r(number, reason, sizeof(reason)));
    err->detail[0] = '\0';
    err->hint[0] = '\0';
    return status_of_errno(number);
}

enum status
error_no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

void
error_context(struct error *err, const char *format, ...)
{
    char context[sizeof(err->message)];
    char message[sizeof(err->message)];
    va_list args;

    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    memcpy(message, err->message, sizeof(message));
    /* A message too long is cut at its end: its beginning says where. */
    size_t used = strlen(context);
    memcpy(err->message, context, used);
    snprintf(err->message + used, sizeof(err->message) - used, ": %s", message);
}

void
error_detail(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->detail, sizeof(err->detail), format, args);
    va_end(args);
}

void
error_hint(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}

const char *
status_name(enum status status)
{
    static const char *const names[] = {
        [OK] = "ok",
        [STATUS_NOT_FOUND] = "not found",
        [STATUS_CONFLICT] = "conflict",
        [STATUS_CORRUPT] = "corrupt",
        [STATUS_TRANSIENT] = "transient",
        [STATUS_DENIED] = "denied",
        [STATUS_CANCELLED] = "cancelled",
        [STATUS_NO_MEMORY] = "no memory",
        [STATUS_IO] = "io",
        [STATUS_CONFIG] = "config",
        [STATUS_REFUSED] = "refused",
        [STATUS_UNSUPPORTED] = "unsupported",
    };

    return status <= STATUS_UNSUPPORTED ? names[status] : "unknown";
}
