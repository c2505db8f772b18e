// SPDX-License-Identifier: PostgreSQL
#include "base/log.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/notify.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level lowest = LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool progress_shown;

void
log_set_level(enum log_level level)
{
    lowest = level;
}

bool
log_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

static void
emit(struct buffer *line)
{
    struct error ignored;

    pthread_mutex_lock(&lock);
    if (progress_shown)
        (void) !write(STDERR_FILENO, "\r\033[K", 4);
    progress_shown = false;
    if (fd_write(STDERR_FILENO, buffer_bytes(line), "standard error", &ignored) != OK)
    {
        /* There is nowhere left to say so. */
    }
    pthread_mutex_unlock(&lock);
}

static void
say(enum log_level level, const char *message, const char *detail, const char *hint)
{
    static const char *const labels[] = {"debug", "info", "warning", "error"};
    SCOPED(buffer_release) struct buffer line = BUFFER_INIT(8192);
    struct error full = {0};
    enum status status;

    if (level < lowest)
        return;
    if (level == LOG_INFO)
        status = buffer_append_text(&line, &full, "redoubt: %s\n", message);
    else
        status = buffer_append_text(&line, &full, "redoubt: %s: %s\n", labels[level], message);
    if (status == OK && detail != NULL && detail[0] != '\0')
        status = buffer_append_text(&line, &full, "redoubt: detail: %s\n", detail);
    if (status == OK && hint != NULL && hint[0] != '\0')
        status = buffer_append_text(&line, &full, "redoubt: hint: %s\n", hint);
    (void) status; /* a line cut short is still worth printing */
    emit(&line);
    notify_status(message);
}

#define SAY_FORMATTED(level)                                                                       \
    do                                                                                             \
    {                                                                                              \
        char message[2048];                                                                        \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        vsnprintf(message, sizeof(message), format, args);                                         \
        va_end(args);                                                                              \
        say((level), message, NULL, NULL);                                                         \
    } while (0)

void
log_debug(const char *format, ...)
{
    SAY_FORMATTED(LOG_DEBUG);
}

void
log_info(const char *format, ...)
{
    SAY_FORMATTED(LOG_INFO);
}

void
log_warning(const char *format, ...)
{
    SAY_FORMATTED(LOG_WARNING);
}

void
log_error(enum log_level level, const struct error *err)
{
    say(level, err->message, err->detail, err->hint);
}

void
log_progress(const char *format, ...)
{
    char message[256];
    char line[sizeof(message) + 8];
    va_list args;
    int size;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    notify_status(message);
    if (!log_is_terminal())
        return;
    size = snprintf(line, sizeof(line), "\r\033[K%s", message);
    pthread_mutex_lock(&lock);
    (void) !write(STDERR_FILENO, line, (size_t) size);
    progress_shown = true;
    pthread_mutex_unlock(&lock);
}

void
log_progress_end(void)
{
    pthread_mutex_lock(&lock);
    if (progress_shown)
        (void) !write(STDERR_FILENO, "\r\033[K", 4);
    progress_shown = false;
    pthread_mutex_unlock(&lock);
}
