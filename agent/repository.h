// SPDX-License-Identifier: PostgreSQL
/*
 * repository.h - the repository that a configuration describes.
 *
 * The only place in the program that names the drivers of repo/store.h.
 */
#pragma once

#include "agent/config.h"
#include "repo/repo.h"

/* NOT_FOUND: the store answered, and holds no repository. */
NODISCARD enum status repository_open(const struct config *config, struct repo **repo,
                                      struct error *err);

/* Does the configured store hold a repository?  The directory of a file store may be missing. */
NODISCARD enum status repository_exists(const struct config *config, bool *exists,
                                        struct error *err);

/*
 * Make the repository; see repo_create.  The directory of a file store is made
 * too.  The key file or passphrase file must be there.
 */
NODISCARD enum status repository_create(const struct config *config, struct store_dialect *dialect,
                                        struct error *err);
