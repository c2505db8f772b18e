// SPDX-License-Identifier: PostgreSQL
/*
 * signals.h - SIGINT and SIGTERM end the program through its ordinary ways.
 *
 * The first one raises the flag of base/stop.h and says so; work notices, cleans
 * up and returns CANCELLED.  The second one ends the process at once.  Handlers
 * are used, not a blocked mask, because a mask would be inherited by the
 * programs that we start and a handler is not.
 */
#pragma once

#include "base/error.h"

/*
 * Call before any thread starts.  impatient_exit_code is the process's when a
 * second signal comes.  SIGPIPE is ignored from here on: a broken pipe is EPIPE.
 */
NODISCARD enum status signals_start(int impatient_exit_code, struct error *err);
