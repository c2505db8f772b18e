// SPDX-License-Identifier: PostgreSQL
/*
 * config_repository.h - the configuration's sections "repository" and
 * "repositories".
 *
 * The signatures are those of a schema's custom fields: into is what each says.
 */
#pragma once

#include "agent/config.h"
#include "base/yaml.h"

/* Of a cluster's or a repository's name. */
#define CONFIG_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* What a repository is without any key. */
struct config_repository config_repository_default(void);

/* into: a struct config_repository that holds the defaults. */
NODISCARD enum status config_repository_read(const struct yaml_node *section, void *into,
                                             struct error *err);

/* into: a struct config_repositories, empty. */
NODISCARD enum status config_repository_read_further(const struct yaml_node *section, void *into,
                                                     struct error *err);

/* No two repositories in one place: a copy there would be none. */
NODISCARD enum status config_repository_check_places(const struct yaml_node *section,
                                                     const struct config *config,
                                                     struct error *err);
