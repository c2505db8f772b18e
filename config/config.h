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

#include "base/bytes.h"
#include "config/schema.h"
#include "config/secrets.h"
#include "config/section_canary.h"
#include "config/section_checks.h"
#include "config/section_drill.h"
#include "config/section_policy.h"
#include "config/section_repository.h"
#include "dump/dump_run.h"
#include "retention/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DEFAULT_PATH "/etc/redoubt/redoubt.yaml"

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
    struct health_policy policy;
    struct config_canary canary;
    struct config_drill drill;
    struct config_checks checks;
    struct config_dumps dumps;
    uint32_t compression_level; /* zstd's */
    uint32_t workers;           /* one for each processor we may use, unless set */
    uint64_t memory_bytes;
    const char *spool; /* NULL when not set */

    struct zone *zone;             /* owned; NULL, or the one of retention */
    struct config_secrets secrets; /* these own some of the texts above, */
    struct yaml_tree *tree;        /* and this the others */
};

/* All keys there are, for the manual too. */
extern const struct schema_field config_fields[];

/* Read a file, with systemd's credentials; NOT_FOUND only when there is no such file. */
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
