// SPDX-License-Identifier: PostgreSQL
/*
 * configuration.h - the server's configuration files as a backup captured them.
 *
 * Debian keeps postgresql.conf, pg_hba.conf and others outside the data
 * directory.  A backup captures what it can read; a restore puts that beside
 * the data directory, to look at and to copy from, never in effect by itself.
 */
#pragma once

#include "base/bytes.h"
#include "repo/repo.h"

/*
 * Write the captured files below "<into>.configuration"; *directory, which is
 * the caller's to free, stays NULL when nothing was captured.
 */
NODISCARD enum status configuration_restore(struct repo *repo, const char *backup_id,
                                            const char *into, char **directory, struct error *err);

/*
 * A setting of the restored postgresql.conf by which a server started here
 * would use the original's files: *setting is its name or NULL; static text.
 */
NODISCARD enum status configuration_find_leads(const char *into, const char **setting,
                                               struct error *err);
