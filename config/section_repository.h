// SPDX-License-Identifier: PostgreSQL
/*
 * section_repository.h - the configuration's sections "repository" and
 * "repositories".
 *
 * The signatures are those of a schema's custom fields: into is what each says.
 */
#pragma once

#include "config/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* Of a cluster's or a repository's name. */
#define CONFIG_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

enum config_store
{
    CONFIG_STORE_FILE,
    CONFIG_STORE_S3,
};

enum config_addressing
{
    CONFIG_ADDRESSING_AUTOMATIC, /* path with an endpoint of one's own, else virtual-host */
    CONFIG_ADDRESSING_PATH,
    CONFIG_ADDRESSING_VIRTUAL_HOST,
};

enum config_credentials
{
    CONFIG_CREDENTIALS_AUTOMATIC, /* the first of the others that has any */
    CONFIG_CREDENTIALS_ENVIRONMENT,
    CONFIG_CREDENTIALS_FILE,
    CONFIG_CREDENTIALS_WEB_IDENTITY,
    CONFIG_CREDENTIALS_CONTAINER,
    CONFIG_CREDENTIALS_INSTANCE,
};

#define CONFIG_MAIN_REPOSITORY "main"

struct config_repository
{
    const char *name; /* CONFIG_MAIN_REPOSITORY, or its key in "repositories" */
    bool required;    /* without it, a WAL file is not archived */
    unsigned store;   /* enum config_store */
    const char *path;
    const char *endpoint; /* NULL: AWS's, by region */
    const char *region;
    const char *bucket;
    const char *prefix;           /* "" for none; no slash at either end */
    unsigned addressing;          /* enum config_addressing */
    const char *ca_file;          /* NULL: the system's */
    unsigned credentials;         /* enum config_credentials */
    const char *profile;          /* NULL: $AWS_PROFILE or "default" */
    const char *credentials_file; /* NULL: where AWS's tools look */
    bool single_writer;
    int64_t retry_limit_ms;      /* of one request */
    int64_t push_retry_limit_ms; /* the same while PostgreSQL waits in archive-push */
};

struct config_repositories
{
    struct config_repository *items; /* owned */
    size_t count;
};

/* Their keys; of each of the further ones. */
extern const struct schema_field config_repository_fields[];
extern const struct schema_field config_repository_further_fields[];

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
