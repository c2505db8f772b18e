// SPDX-License-Identifier: PostgreSQL
/*
 * repository.h - the repository that a configuration describes.
 *
 * The only place in the program that names the drivers of repo/store.h.
 */
#pragma once

#include "config/config.h"
#include "repo/repo.h"

/* Open the chosen one.  NOT_FOUND: the store answered, and holds no repository. */
NODISCARD enum status repository_open(const struct config *config, struct repo **repo,
                                      struct error *err);

enum repository_patience
{
    REPOSITORY_PATIENT,
    REPOSITORY_HURRIED, /* PostgreSQL waits: as where->push_retry_limit_ms says */
};

/* The same for any of the configured ones. */
NODISCARD enum status repository_open_at(const struct config *config,
                                         const struct config_repository *where,
                                         enum repository_patience patience, struct repo **repo,
                                         struct error *err);

/*
 * The same for one that must be a copy of another, which is open: REFUSED when
 * it is a repository of its own.
 */
NODISCARD enum status repository_open_copy(const struct config *config,
                                           const struct config_repository *where,
                                           enum repository_patience patience,
                                           const struct repo *original, struct repo **repo,
                                           struct error *err);

/* Does the main store hold a repository?  The directory of a file store may be missing. */
NODISCARD enum status repository_exists(const struct config *config, bool *exists,
                                        struct error *err);

/*
 * Make the main repository; see repo_create.  The directory of a file store is made
 * too.  The key file or passphrase file must be there.
 */
NODISCARD enum status repository_create(const struct config *config, struct store_dialect *dialect,
                                        struct error *err);

/* Make an empty copy of a repository, which is open; see repo_create_copy. */
NODISCARD enum status repository_create_copy(const struct config *config,
                                             const struct config_repository *where,
                                             struct repo *original, struct store_dialect *dialect,
                                             struct error *err);
