// SPDX-License-Identifier: PostgreSQL
#include "config/repository.h"

#include "base/file.h"
#include "s3/s3_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What makes a store a repository; see repo/repo.h. */
#define MARKER_KEY "redoubt.json"

/* A service that says nothing for less may just be slow. */
#define SILENCE_MIN_MS INT64_C(1000)

/* While bytes move, so much longer is worth waiting. */
#define SLOW_LINE_FACTOR 10

/* How a store is to be opened. */
struct opening
{
    const struct config_repository *where;
    enum s3_conditional conditional;
    enum repository_patience patience;
};

static enum status open_file_store(const struct opening *opening, struct store **store,
                                   struct error *err);
static enum status open_s3_store(const struct opening *opening, struct store **store,
                                 struct error *err);

/* The driver table: by enum config_store. */
static enum status (*const drivers[])(const struct opening *opening, struct store **store,
                                      struct error *err) = {
    [CONFIG_STORE_FILE] = open_file_store,
    [CONFIG_STORE_S3] = open_s3_store,
};

static enum status
open_store(const struct opening *opening, struct store **store, struct error *err)
{
    return drivers[opening->where->store](opening, store, err);
}

static struct repo_options
repository_options(const struct config *config, const struct config_repository *where)
{
    return (struct repo_options){
        .cluster = config->cluster,
        .unlock = {.key_file = config->encryption.key_file,
                   .passphrase_file = config->encryption.passphrase_file},
        .encryption_off = config->encryption.mode == CONFIG_ENCRYPTION_OFF,
        .single_writer = where->single_writer,
        .copy = where != &config->repository,
        .compression_level = (int) config->compression_level,
        .threads = (int) config->workers,
    };
}

static enum status
open_with(const struct config *config, const struct opening *opening, struct repo **repo,
          struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    struct repo_options options = repository_options(config, opening->where);

    TRY(open_store(opening, &store, err));
    TRY(repo_open(repo, store, &options, err));
    store = NULL;
    return OK;
}

enum status
repository_open_at(const struct config *config, const struct config_repository *where,
                   enum repository_patience patience, struct repo **repo, struct error *err)
{
    struct opening opening = {where, S3_CONDITIONAL_YES, patience};

    /* Without the promise of one writer, repo_open refuses a store that cannot. */
    if (!where->single_writer)
        return open_with(config, &opening, repo, err);
    opening.conditional = S3_CONDITIONAL_UNKNOWN;
    TRY(open_with(config, &opening, repo, err));
    if ((*repo)->conditional_create)
        return OK;
    /* Only the repository says what its store was found to honour. */
    repo_freep(repo);
    opening.conditional = S3_CONDITIONAL_NO;
    return open_with(config, &opening, repo, err);
}

enum status
repository_open(const struct config *config, struct repo **repo, struct error *err)
{
    return repository_open_at(config, config->chosen, REPOSITORY_PATIENT, repo, err);
}

enum status
repository_open_copy(const struct config *config, const struct config_repository *where,
                     enum repository_patience patience, const struct repo *original,
                     struct repo **repo, struct error *err)
{
    enum status status = repository_open_at(config, where, patience, repo, err);

    if (status == STATUS_NOT_FOUND)
        error_hint(
            err, "Make it with \"redoubt copy --to %s --create\", or mount the right file system.",
            where->name);
    TRY(status);
    if (memcmp((*repo)->id, original->id, REPOSITORY_ID_SIZE) == 0)
        return OK;
    error_set(err, STATUS_REFUSED, "%s holds another repository, no copy of %s",
              (*repo)->store->location, original->store->location);
    error_hint(err, "Configure an empty place for repository \"%s\".", where->name);
    repo_freep(repo);
    return STATUS_REFUSED;
}

enum status
repository_exists(const struct config *config, bool *exists, struct error *err)
{
    const struct opening opening = {&config->repository, S3_CONDITIONAL_UNKNOWN,
                                    REPOSITORY_PATIENT};
    SCOPED(store_freep) struct store *store = NULL;
    uint64_t size_bytes;
    enum status status;

    *exists = false;
    if (config->repository.store == CONFIG_STORE_FILE &&
        access(config->repository.path, F_OK) != 0 && errno == ENOENT)
        return OK;
    TRY(open_store(&opening, &store, err));
    status = store_size(store, MARKER_KEY, &size_bytes, err);
    *exists = status == OK;
    return status == STATUS_NOT_FOUND ? OK : status;
}

/* A store that is to become a repository. */
static enum status
open_new_store(const struct config_repository *where, struct store **store, struct error *err)
{
    const struct opening opening = {where, S3_CONDITIONAL_UNKNOWN, REPOSITORY_PATIENT};

    if (where->store == CONFIG_STORE_FILE)
        TRY(directory_create(where->path, 0700, err));
    return open_store(&opening, store, err);
}

enum status
repository_create(const struct config *config, struct store_dialect *dialect, struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    struct repo_options options = repository_options(config, &config->repository);

    TRY(open_new_store(&config->repository, &store, err));
    return repo_create(store, &options, dialect, err);
}

enum status
repository_create_copy(const struct config *config, const struct config_repository *where,
                       struct repo *original, struct store_dialect *dialect, struct error *err)
{
    SCOPED(store_freep) struct store *store = NULL;
    struct repo_options options = repository_options(config, where);

    TRY(open_new_store(where, &store, err));
    return repo_create_copy(store, original, &options, dialect, err);
}

static enum status
open_file_store(const struct opening *opening, struct store **store, struct error *err)
{
    enum status status = store_open_file(store, opening->where->path, err);

    /* conditional has no meaning here: link(2) never replaces a file */
    if (status == STATUS_TRANSIENT && strcmp(opening->where->name, CONFIG_MAIN_REPOSITORY) != 0)
        error_hint(err,
                   "Mount the file system that holds it, or make a copy with \"redoubt copy "
                   "--to %s --create\".",
                   opening->where->name);
    else if (status == STATUS_TRANSIENT)
        error_hint(err,
                   "Mount the file system that holds it. Only if there never was a repository, "
                   "make one with \"redoubt init\".");
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

/* Zero is the driver's default to it, and one attempt to the operator. */
static int64_t
retry_limit(const struct opening *opening)
{
    int64_t limit_ms = opening->patience == REPOSITORY_HURRIED ? opening->where->push_retry_limit_ms
                                                               : opening->where->retry_limit_ms;

    return limit_ms == 0 ? -1 : limit_ms;
}

/*
 * PostgreSQL waits, and what does not get there now is copied later: so neither
 * a silent service nor a slow line may take long.  0: the driver's defaults.
 */
static int64_t
silence_limit(const struct opening *opening)
{
    const struct config_repository *where = opening->where;

    if (opening->patience != REPOSITORY_HURRIED || where->required)
        return 0;
    return where->push_retry_limit_ms < SILENCE_MIN_MS ? SILENCE_MIN_MS
                                                       : where->push_retry_limit_ms;
}

static enum status
open_s3_store(const struct opening *opening, struct store **store, struct error *err)
{
    static const enum s3_addressing addressings[] = {
        [CONFIG_ADDRESSING_AUTOMATIC] = S3_ADDRESSING_AUTOMATIC,
        [CONFIG_ADDRESSING_PATH] = S3_ADDRESSING_PATH,
        [CONFIG_ADDRESSING_VIRTUAL_HOST] = S3_ADDRESSING_VIRTUAL_HOST,
    };
    const struct config_repository *repository = opening->where;
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
        .conditional = opening->conditional,
        .single_writer = repository->single_writer,
        .retry_limit_ms = retry_limit(opening),
        .connect_timeout_ms = silence_limit(opening),
        .stall_timeout_ms = silence_limit(opening),
        .total_timeout_ms = SLOW_LINE_FACTOR * silence_limit(opening),
    };

    return s3_store_open(store, &options, err);
}
