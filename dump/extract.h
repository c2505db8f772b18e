// SPDX-License-Identifier: PostgreSQL
/*
 * extract.h - a dump as a file of its own, for pg_restore or psql by hand.
 */
#pragma once

#include "repo/dump.h"

/*
 * The raw dump, decompressed; of the directory format a tar archive of it.  path
 * is complete, durable and compared with the dump's digest when it gets its name.
 * CONFLICT: it exists; nothing is ever overwritten.
 */
NODISCARD enum status extract_to_file(struct repo *repo, const struct dump *dump, const char *path,
                                      struct error *err);
