// SPDX-License-Identifier: PostgreSQL
/*
 * config.h - what /etc/redoubt/redoubt.yaml says, checked.
 *
 * A configuration that loads is complete: defaults are filled in, paths are
 * absolute, and what contradicts itself was refused with file, line and column.
 * It says nothing of whether the paths and the servers exist.  It does not
 * change once loaded and may be shared by threads.
 */
#pragma once

#include "agent/config_checks.h"
#include "base/bytes.h"
#include "dump/dump_run.h"
#include "retention/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DEFAULT_PATH "/etc/redoubt/redoubt.yaml"

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

enum config_encryption_mode
{
    CONFIG_ENCRYPTION_KEY_FILE,
    CONFIG_ENCRYPTION_PASSPHRASE_FILE,
    CONFIG_ENCRYPTION_OFF,
};

struct config_postgres
{
    const char *connection;     /* libpq's; "" for its defaults */
    const char *data_directory; /* NULL when not set */
    const char *bin_directory;  /* NULL when not set */
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

struct config_encryption
{
    enum config_encryption_mode mode;
    const char *key_file;        /* of its mode; else NULL */
    const char *passphrase_file; /* of its mode; else NULL */
};

struct config_dump
{
    const char *database;
    unsigned format;                 /* enum dump_format */
    unsigned compression;            /* enum dump_compression */
    struct dump_selection selection; /* its lists are owned, their texts are not */
    uint32_t jobs;                   /* more than 1 only of the directory format */
    const char *const *arguments;    /* owned; more of pg_dump's; ends with NULL; NULL: none */
};

/* In the file's order, each for a database of its own. */
struct config_dumps
{
    struct config_dump *items; /* owned */
    size_t count;
};

struct config
{
    const char *path; /* of the configuration file */
    const char *cluster;
    struct config_postgres postgres;
    struct config_repository repository; /* the main one */
    struct config_repositories further;  /* copies of it, in the file's order */
    const struct config_repository
        *chosen;                         /* to read from: the main one, or as config_choose said */
    struct config_encryption encryption; /* of all of them */
    struct retention_policy retention;
    struct config_checks checks;
    struct config_dumps dumps;
    uint32_t compression_level; /* zstd's */
    uint32_t workers;           /* one for each processor we may use, unless set */
    uint64_t memory_bytes;
    const char *spool; /* NULL when not set */

    struct zone *zone;      /* owned; NULL, or the one of retention */
    struct yaml_tree *tree; /* owns the texts above */
};

/* Read a file; NOT_FOUND only when there is no such file. */
NODISCARD enum status config_load(const char *path, struct config **config, struct error *err);

/* The same from text; name is what errors call it. */
NODISCARD enum status config_parse(struct bytes text, const char *name, struct config **config,
                                   struct error *err);

/* By its name, the main one too; CONFIG, with a hint, for one that is not configured. */
NODISCARD enum status config_find_repository(const struct config *config, const char *name,
                                             const struct config_repository **repository,
                                             struct error *err);

/* Read from this one from now on; NULL: from the main one. */
NODISCARD enum status config_choose(struct config *config, const char *name, struct error *err);

/* For SCOPED.  NULL is allowed. */
void config_freep(struct config **config);
