// SPDX-License-Identifier: PostgreSQL
/*
 * stop.h - has somebody asked the program to stop?
 *
 * One flag for the process, set by a signal and never taken back.  Long work
 * looks at it between pieces, at least once a second, and returns CANCELLED
 * through the ordinary way, so that cleanup happens.  Safe from any thread.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>

bool stop_requested(void);

/* OK, or CANCELLED with the text "stopped by a signal". */
NODISCARD enum status stop_check(struct error *err);

/* Safe in a signal handler. */
void stop_request(void);
