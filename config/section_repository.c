// SPDX-License-Identifier: PostgreSQL
#include "config/section_repository.h"

#include "config/config.h"
#include "config/schema.h"
#include "repo/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND       INT64_C(1000)
#define DAY          (86400 * SECOND)
#define PREFIX_MAX   512
#define BUCKET_SHORT 3
#define BUCKET_LONG  255
#define FURTHER_MAX  16
#define NAME_LIMIT   64

#define RETRY_LIMIT_MS (120 * SECOND)

/* PostgreSQL waits, and what is missing is copied later. */
#define OPTIONAL_PUSH_LIMIT_MS (3 * SECOND)

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define CAPITALS           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static enum status check_endpoint(const struct yaml_node *node, struct error *err);
static enum status check_region(const struct yaml_node *node, struct error *err);
static enum status check_bucket(const struct yaml_node *node, struct error *err);
static enum status check_prefix(const struct yaml_node *node, struct error *err);

static const struct schema_choice stores[] = {
    {"file", CONFIG_STORE_FILE},
    {"s3", CONFIG_STORE_S3},
    {NULL, 0},
};

static const struct schema_choice addressings[] = {
    {"automatic", CONFIG_ADDRESSING_AUTOMATIC},
    {"path", CONFIG_ADDRESSING_PATH},
    {"virtual-host", CONFIG_ADDRESSING_VIRTUAL_HOST},
    {NULL, 0},
};

static const struct schema_choice credentials[] = {
    {"automatic", CONFIG_CREDENTIALS_AUTOMATIC},
    {"environment", CONFIG_CREDENTIALS_ENVIRONMENT},
    {"file", CONFIG_CREDENTIALS_FILE},
    {"web-identity", CONFIG_CREDENTIALS_WEB_IDENTITY},
    {"container", CONFIG_CREDENTIALS_CONTAINER},
    {"instance", CONFIG_CREDENTIALS_INSTANCE},
    {NULL, 0},
};

#define REPOSITORY_FIELDS                                                                          \
    FIELD(config_repository, store, SCHEMA_CHOICE, .required = true, .choices = stores,            \
          .help = "A directory, or a bucket of Amazon S3 or a service that is compatible with "    \
                  "it."),                                                                          \
        FIELD(config_repository, path, SCHEMA_PATH,                                                \
              .help = "The directory. \"store: file\" needs it and has no other key."),            \
        FIELD(config_repository, endpoint, SCHEMA_TEXT, .check = check_endpoint,                   \
              .help = "The service's address: https:// or http://, a host, and a port if it "      \
                      "needs one.",                                                                \
              .otherwise = "Amazon's, by the region"),                                             \
        FIELD(config_repository, region, SCHEMA_TEXT, .check = check_region,                       \
              .help = "The bucket's region. Without \"endpoint\" it is needed.",                   \
              .otherwise = "us-east-1"),                                                           \
        FIELD(config_repository, bucket, SCHEMA_TEXT, .check = check_bucket,                       \
              .help = "The bucket's name. \"store: s3\" needs it."),                               \
        FIELD(config_repository, prefix, SCHEMA_TEXT, .check = check_prefix,                       \
              .help = "What all keys in the bucket begin with, so that a bucket can hold several " \
                      "repositories, or other things too.",                                        \
              .otherwise = "nothing"),                                                             \
        FIELD(config_repository, addressing, SCHEMA_CHOICE, .choices = addressings,                \
              .help = "Where requests name the bucket: in the path or in the host's name. "        \
                      "Automatic is in the path with an endpoint of your own, else in the "        \
                      "host's name.",                                                              \
              .otherwise = "automatic"),                                                           \
        FIELD(config_repository, ca_file, SCHEMA_PATH,                                             \
              .help = "The authorities, in PEM, that may certify the endpoint.",                   \
              .otherwise = "the system's"),                                                        \
        FIELD(config_repository, credentials, SCHEMA_CHOICE, .choices = credentials,               \
              .help = "Where the bucket's access keys come from: the environment's variables, a "  \
                      "file as Amazon's tools have it, a web identity's token, the container's "   \
                      "or the instance's own service. Automatic is the first of them that has "    \
                      "any.",                                                                      \
              .otherwise = "automatic"),                                                           \
        FIELD(config_repository, profile, SCHEMA_TEXT,                                             \
              .help = "The part of the credentials file to take.",                                 \
              .otherwise = "$AWS_PROFILE, or default"),                                            \
        FIELD(config_repository, credentials_file, SCHEMA_PATH,                                    \
              .help = "The file with access keys.",                                                \
              .otherwise = "$AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/credentials"),                 \
        FIELD(config_repository, single_writer, SCHEMA_BOOL,                                       \
              .help = "Set it for a service that cannot create an object only if the name is "     \
                      "free. With it you promise that nothing is ever written to the repository "  \
                      "from two machines at once.",                                                \
              .otherwise = "false"),                                                               \
        FIELD_AS("retry_limit", config_repository, retry_limit_ms, SCHEMA_DURATION,                \
                 .maximum = DAY,                                                                   \
                 .help = "How long a request is tried again that may still succeed; 0 is never. "  \
                         "archive-push gives a repository with \"required: false\" 3s.",           \
                 .otherwise = "2min")

const struct schema_field config_repository_fields[] = {
    REPOSITORY_FIELDS,
    FIELD_END,
};

const struct schema_field config_repository_further_fields[] = {
    REPOSITORY_FIELDS,
    FIELD(config_repository, required, SCHEMA_BOOL,
          .help = "Whether a WAL file counts as archived only when this repository has it too. "
                  "What an optional one missed is warned about, and brought by \"redoubt copy\".",
          .otherwise = "true"),
    FIELD_END,
};

struct config_repository
config_repository_default(void)
{
    return (struct config_repository){
        .name = CONFIG_MAIN_REPOSITORY,
        .required = true,
        .prefix = "",
        .retry_limit_ms = RETRY_LIMIT_MS,
    };
}

static bool
consists_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static enum status
check_endpoint(const struct yaml_node *node, struct error *err)
{
    const char *host = node->text;

    if (strncmp(host, "https://", 8) == 0)
        host += 8;
    else if (strncmp(host, "http://", 7) == 0)
        host += 7;
    else
        return yaml_error(node, err,
                          "\"endpoint\" must begin with https:// or http://, found \"%s\"",
                          node->text);
    if (*host == '\0' || !consists_of(host, LETTERS_AND_DIGITS CAPITALS ".-_:[]"))
        return yaml_error(node, err, "\"endpoint\" must be a host and a port at most, found \"%s\"",
                          node->text);
    return OK;
}

static enum status
check_region(const struct yaml_node *node, struct error *err)
{
    if (!consists_of(node->text, LETTERS_AND_DIGITS CAPITALS "-_"))
        return yaml_error(node, err, "\"region\" is not a region's name: \"%s\"", node->text);
    return OK;
}

static enum status
check_bucket(const struct yaml_node *node, struct error *err)
{
    size_t length = strlen(node->text);

    /* Wider than AWS's rule of today: old buckets and other services know more. */
    if (length < BUCKET_SHORT || length > BUCKET_LONG ||
        !consists_of(node->text, LETTERS_AND_DIGITS CAPITALS "._-") ||
        !isalnum((unsigned char) node->text[0]))
        return yaml_error(node, err, "\"bucket\" is not a bucket's name: \"%s\"", node->text);
    return OK;
}

static enum status
check_prefix(const struct yaml_node *node, struct error *err)
{
    if (strlen(node->text) > PREFIX_MAX)
        return yaml_error(node, err, "\"prefix\" is longer than %d characters", PREFIX_MAX);
    if (!store_key_is_valid(node->text))
    {
        yaml_error(node, err, "\"prefix\" is not a key prefix: \"%s\"", node->text);
        error_hint(err, "Use letters, digits and . _ - = %% with single slashes between, none at "
                        "either end.");
        return STATUS_CONFIG;
    }
    return OK;
}

/* A key that only the other kind of store has is a mistake, not decoration. */
static enum status
refuse_keys(const struct yaml_node *section, const char *const *names, const char *store,
            struct error *err)
{
    for (; *names != NULL; names++)
    {
        const struct yaml_node *node = yaml_child(section, *names);

        if (node != NULL)
            return yaml_key_error(node, err, "\"%s\" has no meaning with \"store: %s\"", *names,
                                  store);
    }
    return OK;
}

static enum status
check_file_store(const struct yaml_node *section, const char *what,
                 const struct config_repository *repository, struct error *err)
{
    static const char *const others[] = {
        "endpoint",    "region",  "bucket",           "prefix",        "addressing",  "ca_file",
        "credentials", "profile", "credentials_file", "single_writer", "retry_limit", NULL,
    };

    if (repository->path == NULL)
        return yaml_error(section, err, "\"path\" is missing from %s", what);
    return refuse_keys(section, others, "file", err);
}

static enum status
check_credentials(const struct yaml_node *section, const struct config_repository *repository,
                  struct error *err)
{
    static const char *const of_a_file[] = {"profile", "credentials_file"};

    if (repository->credentials == CONFIG_CREDENTIALS_FILE ||
        repository->credentials == CONFIG_CREDENTIALS_AUTOMATIC)
        return OK;
    for (size_t index = 0; index < 2; index++)
    {
        const struct yaml_node *node = yaml_child(section, of_a_file[index]);

        if (node != NULL)
            return yaml_key_error(node, err, "\"%s\" needs \"credentials: file\"",
                                  of_a_file[index]);
    }
    return OK;
}

static enum status
check_s3_store(const struct yaml_node *section, const char *what,
               struct config_repository *repository, struct error *err)
{
    static const char *const others[] = {"path", NULL};

    TRY(refuse_keys(section, others, "s3", err));
    if (repository->bucket == NULL)
        return yaml_error(section, err, "\"bucket\" is missing from %s", what);
    if (repository->endpoint == NULL && repository->region == NULL)
        return yaml_error(section, err, "%s needs \"region\" or \"endpoint\"", what);
    /* Services other than AWS that do not tell their region accept this one. */
    if (repository->region == NULL)
        repository->region = "us-east-1";
    return check_credentials(section, repository, err);
}

static enum status
read_section(const struct schema_field *fields, const struct yaml_node *section, const char *what,
             struct config_repository *repository, struct error *err)
{
    TRY(schema_read(fields, section, what, repository, err));
    repository->push_retry_limit_ms = repository->retry_limit_ms;
    if (!repository->required && yaml_child(section, "retry_limit") == NULL)
        repository->push_retry_limit_ms = OPTIONAL_PUSH_LIMIT_MS;
    if (repository->store == CONFIG_STORE_FILE)
        return check_file_store(section, what, repository, err);
    return check_s3_store(section, what, repository, err);
}

enum status
config_repository_read(const struct yaml_node *section, void *into, struct error *err)
{
    return read_section(config_repository_fields, section, "section \"repository\"", into, err);
}

static enum status
check_name(const struct yaml_node *node, struct error *err)
{
    if (strcmp(node->key, CONFIG_MAIN_REPOSITORY) == 0)
        return yaml_key_error(node, err,
                              "a further repository cannot be called \"" CONFIG_MAIN_REPOSITORY
                              "\": that is section \"repository\"");
    if (strlen(node->key) > NAME_LIMIT || node->key[0] == '-' ||
        !consists_of(node->key, CONFIG_NAME_CHARACTERS))
        return yaml_key_error(node, err,
                              "a repository's name may consist of a-z, 0-9, _ and - only, found "
                              "\"%s\"",
                              node->key);
    return OK;
}

static enum status
read_further(const struct yaml_node *node, struct config_repository *repository, struct error *err)
{
    char what[NAME_LIMIT + 40];

    TRY(check_name(node, err));
    snprintf(what, sizeof(what), "section \"repositories.%s\"", node->key);
    *repository = config_repository_default();
    repository->name = node->key;
    return read_section(config_repository_further_fields, node, what, repository, err);
}

enum status
config_repository_read_further(const struct yaml_node *section, void *into, struct error *err)
{
    struct config_repositories *further = into;
    size_t count = 0;

    if (section->kind == NODE_EMPTY)
        return OK;
    if (section->kind != NODE_MAPPING)
        return yaml_error(section, err, "section \"repositories\" must be a mapping, found %s",
                          yaml_kind_name(section));
    for (const struct yaml_node *node = section->first_child; node != NULL; node = node->next)
        if (++count > FURTHER_MAX)
            return yaml_key_error(node, err, "section \"repositories\" has more than %d of them",
                                  FURTHER_MAX);
    further->items = calloc(count + 1, sizeof(*further->items));
    if (further->items == NULL)
        return error_no_memory(err);
    for (const struct yaml_node *node = section->first_child; node != NULL; node = node->next)
        TRY(read_further(node, &further->items[further->count++], err));
    return OK;
}

static bool
equal_texts(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static bool
same_place(const struct config_repository *left, const struct config_repository *right)
{
    if (left->store != right->store)
        return false;
    if (left->store == CONFIG_STORE_FILE)
        return equal_texts(left->path, right->path);
    return equal_texts(left->bucket, right->bucket) && equal_texts(left->prefix, right->prefix) &&
           equal_texts(left->endpoint, right->endpoint);
}

enum status
config_repository_check_places(const struct yaml_node *section, const struct config *config,
                               struct error *err)
{
    for (size_t index = 0; index < config->further.count; index++)
    {
        const struct config_repository *repository = &config->further.items[index];
        const struct config_repository *other = &config->repository;

        for (size_t next = 0; next <= index; other = &config->further.items[next++])
            if (same_place(repository, other))
                return yaml_error(yaml_child(section, repository->name), err,
                                  "repository \"%s\" is in the same place as \"%s\"",
                                  repository->name, other->name);
    }
    return OK;
}
