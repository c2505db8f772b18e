// SPDX-License-Identifier: PostgreSQL
#include "config/config.h"

#include "base/similar.h"
#include "config/schema.h"
#include "config/section_checks.h"
#include "config/section_dumps.h"
#include "config/section_repository.h"
#include "config/section_retention.h"

#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define MIB         (UINT64_C(1) << 20)
#define TIB         (UINT64_C(1) << 40)
#define WORKERS_MAX 64
#define CLUSTER_MAX 64

static enum status check_cluster(const struct yaml_node *node, struct error *err);
static enum status check_connection(const struct yaml_node *node, struct error *err);
static enum status read_encryption(const struct yaml_node *node, void *into, struct error *err);
static enum status read_retention(const struct yaml_node *node, void *into, struct error *err);
static enum status read_policy(const struct yaml_node *node, void *into, struct error *err);
static uint32_t processor_count(void);

static const struct schema_field postgres_fields[] = {
    FIELD(config_postgres, connection, SCHEMA_TEXT, .check = check_connection,
          .help = "A libpq connection string. The role needs REPLICATION, and pg_hba.conf a line "
                  "for it with the database \"replication\".",
          .otherwise = "libpq's defaults"),
    FIELD(config_postgres, data_directory, SCHEMA_PATH,
          .help = "Where the server's files are, if they are on this machine. Without it "
                  "archive-push works only as PostgreSQL calls it, from within the data "
                  "directory, and less is known while the server is down."),
    FIELD(config_postgres, bin_directory, SCHEMA_PATH,
          .help = "Where PostgreSQL's programs are: pg_dump and pg_restore, and the server that "
                  "a restored cluster is started with.",
          .otherwise = "where packages put them"),
    FIELD_END,
};

static const struct schema_field encryption_fields[] = {
    FIELD(config_encryption, key_file, SCHEMA_PATH,
          .help = "The file that holds the key. \"redoubt init\" makes it. Keep a copy of it "
                  "elsewhere: without it nothing can be restored, and nobody can help."),
    FIELD(config_encryption, passphrase_file, SCHEMA_PATH,
          .help = "A file with a passphrase, from which the key is derived."),
    FIELD_END,
};

const struct schema_field config_fields[] = {
    FIELD(config, cluster, SCHEMA_TEXT, .required = true, .check = check_cluster,
          .help = "The cluster's name in the repository: a-z, 0-9, _ and -, at most 64 "
                  "characters. It outlives upgrades of PostgreSQL. Another name is another "
                  "cluster, without any backups."),
    FIELD(config, postgres, SCHEMA_SECTION, .fields = postgres_fields,
          .help = "How the server is reached that is backed up."),
    FIELD(config, repository, SCHEMA_CUSTOM, .required = true, .read = config_repository_read,
          .fields = config_repository_fields,
          .help = "Where backups, dumps and archived WAL go: a directory or a bucket. It belongs "
                  "on other machines than the cluster, or it is lost with it."),
    FIELD_AS("repositories", config, further, SCHEMA_CUSTOM, .read = config_repository_read_further,
             .fields = config_repository_further_fields, .joint = ".NAME.",
             .help = "Copies of the repository, 16 at most, each below a NAME of its own. WAL "
                     "goes to all of them; \"redoubt copy\" brings the rest. A copy has the keys "
                     "of section \"repository\", such as repositories.NAME.store, and this "
                     "one:"),
    FIELD(config, encryption, SCHEMA_CUSTOM, .required = true, .read = read_encryption,
          .fields = encryption_fields,
          .help = "What everything in the repositories is encrypted and authenticated with: one "
                  "of the keys below. Instead of them \"encryption: off\" stores all of it for "
                  "everybody to read."),
    /* into struct config */
    {.name = "retention",
     .type = SCHEMA_CUSTOM,
     .read = read_retention,
     .fields = config_retention_fields,
     .help =
         "How long backups and dumps are kept; \"redoubt expire\" carries it out, and \"redoubt "
         "expire --dry-run\" shows what it would do. Dumps are counted database by database. "
         "A day, week or month counts only if it has a good backup, so that a month without "
         "any costs nothing."},
    FIELD(config, policy, SCHEMA_CUSTOM, .read = read_policy, .fields = config_policy_fields,
          .help = "From when on \"redoubt status\" calls something degraded or critical."),
    FIELD(config, checks, SCHEMA_CUSTOM, .read = config_checks_read, .fields = config_checks_fields,
          .help = "What a restored database must fulfil. It may also be a list of such mappings, "
                  "each for the database that it names."),
    FIELD(config, dumps, SCHEMA_CUSTOM, .read = config_dumps_read, .fields = config_dumps_fields,
          .joint = "[].",
          .help = "A list: the databases that \"redoubt dump\" dumps when it is told none, and how "
                  "each is dumped."),
    FIELD(config, canary, SCHEMA_SECTION, .fields = config_canary_fields,
          .help = "Where \"redoubt canary\" writes."),
    FIELD(config, drill, SCHEMA_SECTION, .fields = config_drill_fields,
          .help = "How \"redoubt drill\" treats the machine that it runs on."),
    FIELD(config, compression_level, SCHEMA_INTEGER, .minimum = 1, .maximum = 19,
          .help = "zstd's. Higher ones are much slower and save little.", .otherwise = "1"),
    FIELD(config, workers, SCHEMA_INTEGER, .minimum = 1, .maximum = WORKERS_MAX,
          .help = "How many threads compress and encrypt at a time.",
          .otherwise = "one for each processor"),
    FIELD_AS("memory", config, memory_bytes, SCHEMA_SIZE, .minimum = 64 * MIB, .maximum = TIB,
             .help = "How much memory a backup, restore or verification may use; less memory "
                     "means fewer transfers at a time.",
             .otherwise = "256MiB"),
    FIELD(config, spool, SCHEMA_PATH,
          .help = "A directory with room for a dump, for those that several jobs make or load.",
          .otherwise = "below $TMPDIR or /var/tmp"),
    FIELD_END,
};

static const struct config defaults = {
    .postgres = {.connection = ""},
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
    made->repository = config_repository_default();
    made->retention = retention_policy_default();
    made->policy = config_policy_default();
    made->canary = config_canary_default();
    made->drill = config_drill_default();
    TRY(schema_read(config_fields, root, "the configuration", made, err));
    TRY(config_repository_check_places(yaml_child(root, "repositories"), made, err));
    made->chosen = &made->repository;
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
    SCOPED(config_freep) struct config *made = NULL;

    TRY(yaml_read(&tree, path, err));
    TRY(config_from_tree(&tree, &made, err));
    TRY(config_secrets_find(made, err));
    *config = made;
    made = NULL;
    return OK;
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
    zone_freep(&(*config)->zone);
    config_secrets_release(&(*config)->secrets);
    yaml_freep(&(*config)->tree);
    config_checks_release(&(*config)->checks);
    config_dumps_release(&(*config)->dumps);
    free((*config)->further.items);
    free(*config);
    *config = NULL;
}

enum status
config_find_repository(const struct config *config, const char *name,
                       const struct config_repository **repository, struct error *err)
{
    struct similar similar;

    *repository = &config->repository;
    if (strcmp(name, CONFIG_MAIN_REPOSITORY) == 0)
        return OK;
    similar_start(&similar, name);
    similar_offer(&similar, CONFIG_MAIN_REPOSITORY);
    for (size_t index = 0; index < config->further.count; index++)
    {
        *repository = &config->further.items[index];
        if (strcmp((*repository)->name, name) == 0)
            return OK;
        similar_offer(&similar, (*repository)->name);
    }
    error_set(err, STATUS_CONFIG, "there is no repository \"%s\" in \"%s\"", name, config->path);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    else
        error_hint(err, "Repositories beside the main one have their names in section "
                        "\"repositories\".");
    return STATUS_CONFIG;
}

enum status
config_choose(struct config *config, const char *name, struct error *err)
{
    return config_find_repository(config, name == NULL ? CONFIG_MAIN_REPOSITORY : name,
                                  &config->chosen, err);
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

static enum status
check_cluster(const struct yaml_node *node, struct error *err)
{
    if (strlen(node->text) > CLUSTER_MAX)
        return yaml_error(node, err, "\"cluster\" is longer than %d characters", CLUSTER_MAX);
    if (node->text[strspn(node->text, CONFIG_NAME_CHARACTERS)] != '\0')
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

static enum status
read_retention(const struct yaml_node *node, void *into, struct error *err)
{
    struct config *config = into;

    return config_retention_read(node, &config->retention, &config->zone, err);
}

static enum status
read_policy(const struct yaml_node *node, void *into, struct error *err)
{
    return config_policy_read(node, into, err);
}
