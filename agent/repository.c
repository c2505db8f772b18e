// SPDX-License-Identifier: PostgreSQL
#include "agent/repository.h"

#include "base/file.h"
#include "s3/s3_store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What makes a store a repository; see repo/repo.h. */
#define MARKER_KEY "redoubt.json"

static enum status open_file_store(const struct config *config, enum s3_conditional conditional,
                                   struct store **store, struct error *err);
static enum status open_s3_store(const struct config *config, enum s3_conditional conditional,
                                 struct store **store, struct error *err);

/* The driver table: by enum config_store. */
static enum status (*const drivers[])(const struct config *config, enum s3_conditional conditional,
                                      struct store **store, struct error *err) = {
    [CONFIG_STORE_FILE] = open_file_store,
    [CONFIG_STORE_S3] = open_s3_store,
};

static enum status
open_store(const struct config *config, enum s3_conditional conditional, struct store **store,
           struct error *err)
{
    return drivers[config->repository.store](config, conditional, store, err);
}

static struct repo_options
repository_options(const struct config *config)
{
    return (struct repo_options){
        .cluster = config->cluster,
        .unlock = {.key_file = config->encryption.key_file,
                   .passphrase_file = config->encryption.passphrase_file},
        .encryption_off = config->encryption.mode == CONFIG_ENCRYPTION_OFF,
        .single_writer = config->repository.single_writer,
        .compression_level = (int) config->compression_level,
        .threads = (int) config->workers,
    };
}

static enum status
open_with(const struct config *config, enum s3_conditional conditional, struct repo **repo,
          struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    struct repo_options options = repository_options(config);

    TRY(open_store(config, conditional, &store, err));
    TRY(repo_open(repo, store, &options, err));
    store = NULL;
    return OK;
}

enum status
repository_open(const struct config *config, struct repo **repo, struct error *err)
{
    /* Without the promise of one writer, repo_open refuses a store that cannot. */
    if (!config->repository.single_writer)
        return open_with(config, S3_CONDITIONAL_YES, repo, err);
    TRY(open_with(config, S3_CONDITIONAL_UNKNOWN, repo, err));
    if ((*repo)->conditional_create)
        return OK;
    /* Only the repository says what its store was found to honour. */
    repo_freep(repo);
    return open_with(config, S3_CONDITIONAL_NO, repo, err);
}

enum status
repository_exists(const struct config *config, bool *exists, struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    uint64_t size_bytes;
    enum status status;

    *exists = false;
    if (config->repository.store == CONFIG_STORE_FILE &&
        access(config->repository.path, F_OK) != 0 && errno == ENOENT)
        return OK;
    TRY(open_store(config, S3_CONDITIONAL_UNKNOWN, &store, err));
    status = store_size(store, MARKER_KEY, &size_bytes, err);
    *exists = status == OK;
    return status == STATUS_NOT_FOUND ? OK : status;
}

enum status
repository_create(const struct config *config, struct store_dialect *dialect, struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    struct repo_options options = repository_options(config);

    if (config->repository.store == CONFIG_STORE_FILE)
        TRY(directory_create(config->repository.path, 0700, err));
    TRY(open_store(config, S3_CONDITIONAL_UNKNOWN, &store, err));
    return repo_create(store, &options, dialect, err);
}

static enum status
open_file_store(const struct config *config, enum s3_conditional conditional, struct store **store,
                struct error *err)
{
    enum status status = store_open_file(store, config->repository.path, err);

    (void) conditional; /* link(2) never replaces a file */
    if (status == STATUS_TRANSIENT)
        error_hint(err, "Mount the file system that holds it, or make a repository with "
                        "\"redoubt init\".");
    return status;
}

static bool
is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0';
}

static bool
has_credentials_file(const struct config_repository *repository)
{
    SCOPED(freep) char *path = NULL;
    const char *home = getenv("HOME");

    if (repository->credentials_file != NULL || is_set("AWS_SHARED_CREDENTIALS_FILE"))
        return true;
    if (home != NULL)
        path = path_join(home, ".aws/credentials");
    return path != NULL && access(path, R_OK) == 0;
}

/* The order of Amazon's own tools. */
static enum credentials_source
find_credentials(const struct config_repository *repository)
{
    if (is_set("AWS_ACCESS_KEY_ID"))
        return CREDENTIALS_ENVIRONMENT;
    if (is_set("AWS_WEB_IDENTITY_TOKEN_FILE"))
        return CREDENTIALS_WEB_IDENTITY;
    if (has_credentials_file(repository))
        return CREDENTIALS_FILE;
    if (is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
        is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        return CREDENTIALS_CONTAINER;
    return CREDENTIALS_INSTANCE;
}

static enum credentials_source
credentials_of(const struct config_repository *repository)
{
    switch ((enum config_credentials) repository->credentials)
    {
    case CONFIG_CREDENTIALS_AUTOMATIC:
        break;
    case CONFIG_CREDENTIALS_ENVIRONMENT:
        return CREDENTIALS_ENVIRONMENT;
    case CONFIG_CREDENTIALS_FILE:
        return CREDENTIALS_FILE;
    case CONFIG_CREDENTIALS_WEB_IDENTITY:
        return CREDENTIALS_WEB_IDENTITY;
    case CONFIG_CREDENTIALS_CONTAINER:
        return CREDENTIALS_CONTAINER;
    case CONFIG_CREDENTIALS_INSTANCE:
        return CREDENTIALS_INSTANCE;
    }
    return find_credentials(repository);
}

static enum status
open_s3_store(const struct config *config, enum s3_conditional conditional, struct store **store,
              struct error *err)
{
    static const enum s3_addressing addressings[] = {
        [CONFIG_ADDRESSING_AUTOMATIC] = S3_ADDRESSING_AUTOMATIC,
        [CONFIG_ADDRESSING_PATH] = S3_ADDRESSING_PATH,
        [CONFIG_ADDRESSING_VIRTUAL_HOST] = S3_ADDRESSING_VIRTUAL_HOST,
    };
    const struct config_repository *repository = &config->repository;
    const struct s3_options options = {
        .endpoint = repository->endpoint,
        .region = repository->region,
        .bucket = repository->bucket,
        .prefix = repository->prefix,
        .addressing = addressings[repository->addressing],
        .ca_file = repository->ca_file,
        .credentials = {.source = credentials_of(repository),
                        .file = repository->credentials_file,
                        .profile = repository->profile},
        .conditional = conditional,
        .single_writer = repository->single_writer,
        /* Zero is the driver's default to it, and one attempt to the operator. */
        .retry_limit_ms = repository->retry_limit_ms == 0 ? -1 : repository->retry_limit_ms,
    };

    return s3_store_open(store, &options, err);
}
