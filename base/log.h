// SPDX-License-Identifier: PostgreSQL
/*
 * log.h - what the program says while it works, on standard error.
 *
 * "redoubt: <level>: <message>", then DETAIL and HINT lines, as PostgreSQL's
 * own programs do.  archive_command's and restore_command's output lands in the
 * server's log that way.  Safe from any thread; one message is one write.  The
 * newest is also what systemd shows (base/notify.h).
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>

enum log_level
{
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
};

/* Say nothing below this level; LOG_INFO at first. */
void log_set_level(enum log_level level);

void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);

/* An error that travels no further, with its detail and hint. */
void log_error(enum log_level level, const struct error *err);

/*
 * A status line that the next message wipes: progress.  Only for a terminal and
 * for systemd, and never in a log.
 */
void log_progress(const char *format, ...) PRINTF_LIKE(1, 2);

/* Wipe it. */
void log_progress_end(void);
bool log_is_terminal(void);
