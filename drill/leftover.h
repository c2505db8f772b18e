// SPDX-License-Identifier: PostgreSQL
/*
 * leftover.h - what a drill left that was killed: a server, and many files.
 *
 * A server is known by what cannot be another's: the program is "postgres", runs
 * as our user, and its working directory, which is its data directory, lies below
 * the drill's.  Numbers of processes in files are not believed.
 */
#pragma once

#include "base/error.h"

/* End every server below a directory, given without symbolic links.  IO: one does not end. */
NODISCARD enum status leftover_end_servers(const char *directory, struct error *err);

/*
 * Remove a directory of ours and all below it; links are removed, not followed, and
 * other file systems not entered.  None: OK.  REFUSED: it is no directory of ours.
 */
NODISCARD enum status leftover_remove(const char *directory, struct error *err);
