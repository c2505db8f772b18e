// SPDX-License-Identifier: PostgreSQL
#include "agent/config.h"

#include "agent/schema.h"
#include "repo/store.h"

#include <ctype.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define MIB          (UINT64_C(1) << 20)
#define TIB          (UINT64_C(1) << 40)
#define SECOND       UINT64_C(1000)
#define DAY          (86400 * SECOND)
#define WORKERS_MAX  64
#define CLUSTER_MAX  64
#define PREFIX_MAX   512
#define BUCKET_SHORT 3
#define BUCKET_LONG  255

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define CAPITALS           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static enum status check_cluster(const struct yaml_node *node, struct error *err);
static enum status check_connection(const struct yaml_node *node, struct error *err);
static enum status check_endpoint(const struct yaml_node *node, struct error *err);
static enum status check_region(const struct yaml_node *node, struct error *err);
static enum status check_bucket(const struct yaml_node *node, struct error *err);
static enum status check_prefix(const struct yaml_node *node, struct error *err);
static enum status read_encryption(const struct yaml_node *node, void *into, struct error *err);
static enum status check_repository(const struct yaml_node *root, struct config *config,
                                    struct error *err);
static uint32_t processor_count(void);

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

static const struct schema_field postgres_fields[] = {
    FIELD(config_postgres, connection, SCHEMA_TEXT, .check = check_connection),
    FIELD(config_postgres, data_directory, SCHEMA_PATH),
    FIELD(config_postgres, bin_directory, SCHEMA_PATH),
    FIELD_END,
};

static const struct schema_field repository_fields[] = {
    FIELD(config_repository, store, SCHEMA_CHOICE, .required = true, .choices = stores),
    FIELD(config_repository, path, SCHEMA_PATH),
    FIELD(config_repository, endpoint, SCHEMA_TEXT, .check = check_endpoint),
    FIELD(config_repository, region, SCHEMA_TEXT, .check = check_region),
    FIELD(config_repository, bucket, SCHEMA_TEXT, .check = check_bucket),
    FIELD(config_repository, prefix, SCHEMA_TEXT, .check = check_prefix),
    FIELD(config_repository, addressing, SCHEMA_CHOICE, .choices = addressings),
    FIELD(config_repository, ca_file, SCHEMA_PATH),
    FIELD(config_repository, credentials, SCHEMA_CHOICE, .choices = credentials),
    FIELD(config_repository, profile, SCHEMA_TEXT),
    FIELD(config_repository, credentials_file, SCHEMA_PATH),
    FIELD(config_repository, single_writer, SCHEMA_BOOL),
    FIELD_AS("retry_limit", config_repository, retry_limit_ms, SCHEMA_DURATION, .maximum = DAY),
    FIELD_END,
};

static const struct schema_field encryption_fields[] = {
    FIELD(config_encryption, key_file, SCHEMA_PATH),
    FIELD(config_encryption, passphrase_file, SCHEMA_PATH),
    FIELD_END,
};

static const struct schema_field config_fields[] = {
    FIELD(config, cluster, SCHEMA_TEXT, .required = true, .check = check_cluster),
    FIELD(config, postgres, SCHEMA_SECTION, .fields = postgres_fields),
    FIELD(config, repository, SCHEMA_SECTION, .required = true, .fields = repository_fields),
    FIELD(config, encryption, SCHEMA_CUSTOM, .required = true, .read = read_encryption),
    FIELD(config, compression_level, SCHEMA_INTEGER, .minimum = 1, .maximum = 19),
    FIELD(config, workers, SCHEMA_INTEGER, .minimum = 1, .maximum = WORKERS_MAX),
    FIELD_AS("memory", config, memory_bytes, SCHEMA_SIZE, .minimum = 64 * MIB, .maximum = TIB),
    FIELD(config, spool, SCHEMA_PATH),
    FIELD_END,
};

static const struct config defaults = {
    .postgres = {.connection = ""},
    .repository = {.prefix = "", .retry_limit_ms = 120 * SECOND},
    .compression_level = 1,
    .memory_bytes = 256 * MIB,
};

/* A configuration around a tree, which it takes when it succeeds. */
static enum status
config_from_tree(struct yaml_tree **tree, struct config **config, struct error *err)
{
    const struct yaml_node *root = yaml_root(*tree);
    SCOPED(config_freep) struct config *made = malloc(sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    *made = defaults;
    TRY(schema_read(config_fields, root, "the configuration", made, err));
    TRY(check_repository(yaml_child(root, "repository"), made, err));
    if (made->workers == 0)
        made->workers = processor_count();
    made->path = yaml_name(*tree);
    made->tree = *tree;
    *tree = NULL;
    *config = made;
    made = NULL;
    return OK;
}

enum status
config_load(const char *path, struct config **config, struct error *err)
{
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;

    TRY(yaml_read(&tree, path, err));
    return config_from_tree(&tree, config, err);
}

enum status
config_parse(struct bytes text, const char *name, struct config **config, struct error *err)
{
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;

    TRY(yaml_parse(&tree, text, name, err));
    return config_from_tree(&tree, config, err);
}

void
config_freep(struct config **config)
{
    if (*config == NULL)
        return;
    yaml_freep(&(*config)->tree);
    free(*config);
    *config = NULL;
}

/* The processors that this process may use, which in a container are fewer. */
static uint32_t
processor_count(void)
{
    cpu_set_t allowed;
    int count;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return 1;
    count = CPU_COUNT(&allowed);
    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (uint32_t) count;
}

static bool
consists_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static enum status
check_cluster(const struct yaml_node *node, struct error *err)
{
    if (strlen(node->text) > CLUSTER_MAX)
        return yaml_error(node, err, "\"cluster\" is longer than %d characters", CLUSTER_MAX);
    if (!consists_of(node->text, LETTERS_AND_DIGITS "_-"))
        return yaml_error(node, err,
                          "\"cluster\" may consist of a-z, 0-9, _ and - only, found \"%s\"",
                          node->text);
    return OK;
}

/* libpq's reasons quote the string, so they are shown only where no password can be. */
static bool
may_hold_password(const char *connection)
{
    return strstr(connection, "pass") != NULL || strstr(connection, "://") != NULL;
}

static enum status
check_connection(const struct yaml_node *node, struct error *err)
{
    char *reason = NULL;
    PQconninfoOption *options = PQconninfoParse(node->text, &reason);
    bool parsed = options != NULL;

    PQconninfoFree(options);
    if (!parsed)
    {
        yaml_error(node, err, "\"connection\" is not a connection string");
        if (reason != NULL && !may_hold_password(node->text))
            error_detail(err, "%.*s", (int) strcspn(reason, "\n"), reason);
        error_hint(err, "Write it as libpq does: \"host=/var/run/postgresql user=redoubt\".");
    }
    PQfreemem(reason);
    return parsed ? OK : STATUS_CONFIG;
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

static enum status
read_encryption(const struct yaml_node *node, void *into, struct error *err)
{
    struct config_encryption *encryption = into;

    if (node->kind == NODE_TEXT && strcmp(node->text, "off") == 0)
    {
        encryption->mode = CONFIG_ENCRYPTION_OFF;
        return OK;
    }
    if (node->kind != NODE_MAPPING)
        return yaml_error(node, err,
                          "\"encryption\" must be off or a mapping with \"key_file\" or "
                          "\"passphrase_file\"");
    TRY(schema_read(encryption_fields, node, "section \"encryption\"", encryption, err));
    if ((encryption->key_file == NULL) == (encryption->passphrase_file == NULL))
        return yaml_error(node, err,
                          "section \"encryption\" needs one of \"key_file\" and "
                          "\"passphrase_file\"");
    encryption->mode = encryption->key_file != NULL ? CONFIG_ENCRYPTION_KEY_FILE
                                                    : CONFIG_ENCRYPTION_PASSPHRASE_FILE;
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
check_file_store(const struct yaml_node *section, const struct config_repository *repository,
                 struct error *err)
{
    static const char *const others[] = {
        "endpoint",    "region",  "bucket",           "prefix",        "addressing",  "ca_file",
        "credentials", "profile", "credentials_file", "single_writer", "retry_limit", NULL,
    };

    if (repository->path == NULL)
        return yaml_error(section, err, "\"path\" is missing from section \"repository\"");
    return refuse_keys(section, others, "file", err);
}

static enum status
check_s3_store(const struct yaml_node *section, struct config_repository *repository,
               struct error *err)
{
    static const char *const others[] = {"path", NULL};
    static const char *const of_a_file[] = {"profile", "credentials_file"};

    TRY(refuse_keys(section, others, "s3", err));
    if (repository->bucket == NULL)
        return yaml_error(section, err, "\"bucket\" is missing from section \"repository\"");
    if (repository->endpoint == NULL && repository->region == NULL)
        return yaml_error(section, err, "section \"repository\" needs \"region\" or \"endpoint\"");
    /* Services other than AWS that do not tell their region accept this one. */
    if (repository->region == NULL)
        repository->region = "us-east-1";
    for (size_t index = 0; index < 2; index++)
    {
        const struct yaml_node *node = yaml_child(section, of_a_file[index]);

        if (node != NULL && repository->credentials != CONFIG_CREDENTIALS_FILE &&
            repository->credentials != CONFIG_CREDENTIALS_AUTOMATIC)
            return yaml_key_error(node, err, "\"%s\" needs \"credentials: file\"",
                                  of_a_file[index]);
    }
    return OK;
}

static enum status
check_repository(const struct yaml_node *root, struct config *config, struct error *err)
{
    if (config->repository.store == CONFIG_STORE_FILE)
        return check_file_store(root, &config->repository, err);
    return check_s3_store(root, &config->repository, err);
}
