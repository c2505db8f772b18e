// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/discovery.h"
#include "agent/init.h"
#include "backup/identity.h"
#include "base/file.h"
#include "base/log.h"
#include "config/identity.h"
#include "config/repository.h"
#include "config/template.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_LIMIT    ((size_t) 65536)
#define REPOSITORY_ROOT "/var/lib/redoubt"
#define KEY_FILE_NAME   "repository.key"

static enum status refuse_existing(struct error *err);
static enum status prepare_config(struct init *init, struct error *err);
static enum status connect_server(struct init *init, struct error *err);
static enum status write_config(struct init *init, struct error *err);
static enum status check_owner(const struct config *config, struct error *err);
static enum status make_repository(struct init *init, struct error *err);
static enum status accept_lineage(struct init *init, struct error *err);
static enum status make_copies(const struct init *init, struct error *err);
static enum status finish(struct init *init, struct error *err);
static enum status review_server(struct init *init, struct error *err);

static void
release_init(struct init *init)
{
    pg_connection_freep(&init->connection);
    config_freep(&init->made);
    buffer_release(&init->made_text);
}

/* Each step may find itself done already: an init that was cut short can be run again. */
static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(release_init)
    struct init init = {.invocation = invocation, .made_text = BUFFER_INIT(CONFIG_LIMIT)};
    bool apply = options_flag(&invocation->options, "apply");
    bool exists;

    TRY(prepare_config(&init, err));
    TRY(connect_server(&init, err));
    TRY(check_owner(init.config, err));
    TRY(repository_exists(init.config, &exists, err));
    if (exists && (!apply || init.made != NULL))
        return refuse_existing(err);
    if (!exists)
    {
        TRY(write_config(&init, err));
        TRY(make_repository(&init, err));
        TRY(accept_lineage(&init, err));
        TRY(make_copies(&init, err));
    }
    return finish(&init, err);
}

/* What was made is told even when setting up the server fails: there is a key to keep safe. */
static enum status
finish(struct init *init, struct error *err)
{
    struct error unreported;
    enum status status = review_server(init, err);

    if (status == OK)
        return init_report(init, err);
    if (init->created && init_report(init, &unreported) != OK)
        log_error(LOG_WARNING, &unreported);
    return status;
}

static enum status
refuse_existing(struct error *err)
{
    error_set(err, STATUS_CONFLICT, "there is a repository already, and nothing was changed");
    error_hint(err, "\"redoubt doctor\" checks it, \"redoubt lineage add\" accepts this server's "
                    "cluster, \"redoubt init --apply\" sets up the server.");
    return STATUS_CONFLICT;
}

/* The text of a configuration for what was found here. */
static enum status
compose_config(const struct init *init, const struct discovery *found, struct buffer *text,
               struct error *err)
{
    const struct options *options = &init->invocation->options;
    const char *cluster = options_text(options, "cluster");
    const char *chosen_path = options_text(options, "path");
    SCOPED(freep) char *directory = path_directory(init->invocation->config_path);
    SCOPED(freep) char *key_file = directory == NULL ? NULL : path_join(directory, KEY_FILE_NAME);
    SCOPED(freep) char *path = NULL;

    cluster = cluster == NULL ? found->name : cluster;
    if (chosen_path == NULL)
        path = path_join(REPOSITORY_ROOT, cluster);
    else if (chosen_path[0] == '/')
        path = strdup(chosen_path);
    else
    {
        SCOPED(freep) char *here = getcwd(NULL, 0);

        path = here == NULL ? NULL : path_join(here, chosen_path);
    }
    if (key_file == NULL || path == NULL)
        return error_no_memory(err);

    const struct config_template values = {
        .cluster = cluster,
        .connection = found->connection,
        .data_directory = found->data_directory,
        .repository_path = path,
        .key_file = key_file,
    };

    return config_template_write(&values, text, err);
}

static enum status
discover_config(struct init *init, struct error *err)
{
    SCOPED(discovery_release) struct discovery found = {0};

    TRY(discovery_find(&found, err));
    TRY(compose_config(init, &found, &init->made_text, err));
    TRY(config_parse(buffer_bytes(&init->made_text), init->invocation->config_path, &init->made,
                     err));
    init->config = init->made;
    return OK;
}

static const char *
user_name(uid_t user, const char *unknown)
{
    const struct passwd *entry = getpwuid(user);

    return entry == NULL ? unknown : entry->pw_name;
}

static enum status
write_config(struct init *init, struct error *err)
{
    const char *path = init->invocation->config_path;
    SCOPED(freep) char *directory = path_directory(path);
    enum status status;

    if (init->made == NULL)
        return OK;
    if (directory == NULL)
        return error_no_memory(err);
    status = directory_create(directory, 0700, err);
    if (status == OK)
        status = file_create(path, 0600, buffer_bytes(&init->made_text), err);
    if (status == STATUS_DENIED)
        error_hint(err,
                   "Let root make the directories: install -d -o %s -m 700 %s " REPOSITORY_ROOT
                   "; or name another configuration with -c FILE.",
                   user_name(geteuid(), "USER"), directory);
    init->config_written = status == OK;
    return status;
}

static enum status
prepare_config(struct init *init, struct error *err)
{
    static const char *const only_for_new[] = {"path", "cluster"};
    const struct invocation *invocation = init->invocation;

    init->config = invocation->config;
    if (init->config == NULL)
        return discover_config(init, err);
    for (size_t index = 0; index < 2; index++)
        if (options_text(&invocation->options, only_for_new[index]) != NULL)
            return error_set(err, STATUS_CONFIG,
                             "--%s is for a new configuration, and \"%s\" exists",
                             only_for_new[index], invocation->config_path);
    return OK;
}

static enum status
connect_server(struct init *init, struct error *err)
{
    enum status status = pg_connection_open(&init->connection, init->config->postgres.connection,
                                            PG_CONNECTION_SQL, &init->down);

    if (status == OK || status == STATUS_TRANSIENT)
        return OK;
    *err = init->down;
    return status;
}

/* PostgreSQL itself runs archive-push: what we make here must be its user's. */
static enum status
check_owner(const struct config *config, struct error *err)
{
    const char *directory = config->postgres.data_directory;
    const char *name;
    struct stat info;

    if (directory == NULL || stat(directory, &info) != 0 || info.st_uid == geteuid())
        return OK;
    name = user_name(info.st_uid, "the owner");
    error_set(err, STATUS_REFUSED, "data directory \"%s\" belongs to another user, %s", directory,
              name);
    error_hint(err,
               "Run it as that user, such as \"sudo -u %s redoubt init\": PostgreSQL must be able "
               "to write the repository and to read the key.",
               name);
    return STATUS_REFUSED;
}

/* A key file that is there is used: it may be shared, or left by an init that was cut short. */
static enum status
make_key_file(struct init *init, struct error *err)
{
    const char *path = init->config->encryption.key_file;
    SCOPED(freep) char *directory = NULL;
    enum status status;

    if (path == NULL)
        return OK;
    directory = path_directory(path);
    if (directory == NULL)
        return error_no_memory(err);
    TRY(directory_create(directory, 0700, err));
    status = keyring_create_key_file(path, err);
    init->key_written = status == OK;
    return status == STATUS_CONFLICT ? OK : status;
}

static enum status
make_repository(struct init *init, struct error *err)
{
    enum status status;

    TRY(make_key_file(init, err));
    status = repository_create(init->config, &init->dialect, err);
    init->created = status == OK;
    if (status == STATUS_DENIED && init->config->repository.store == CONFIG_STORE_FILE)
        error_hint(err,
                   "Let root make the directory: install -d -o %s -m 700 %s; or configure another "
                   "in \"%s\".",
                   user_name(geteuid(), "USER"), init->config->repository.path, init->config->path);
    return status;
}

/* What the server says, or its data directory while it is down; neither is no failure. */
static enum status
identify(struct init *init, struct error *err)
{
    struct error unknown;
    enum status status = config_identity(init->config, &init->lineage, &unknown);

    init->identified = status == OK;
    if (status == OK || init->connection == NULL)
        return OK;
    *err = unknown;
    return status;
}

static enum status
accept_lineage(struct init *init, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    bool added;
    enum status status;

    TRY(identify(init, err));
    if (!init->identified)
        return OK;
    status = repository_open(init->config, &repo, err);
    if (status == OK)
        status = identity_accept(repo, &init->lineage, &added, err);
    if (status != OK)
        error_hint(err, "The repository was created. \"redoubt lineage add\" finishes the rest.");
    return status;
}

static enum status
make_copy(const struct config *config, const struct config_repository *where, struct repo *repo,
          struct error *err)
{
    struct store_dialect dialect;
    enum status status = repository_create_copy(config, where, repo, &dialect, err);

    if (status == OK)
    {
        log_info("made repository \"%s\", a copy", where->name);
        return OK;
    }
    error_context(err, "could not make repository \"%s\"", where->name);
    error_hint(err,
               "The main repository was created. \"redoubt copy --to %s --create\" makes this "
               "one.",
               where->name);
    return status;
}

/* So that archive-push finds them from the first file on. */
static enum status
make_copies(const struct init *init, struct error *err)
{
    const struct config *config = init->config;
    SCOPED(repo_freep) struct repo *repo = NULL;

    if (config->further.count > 0)
        TRY(repository_open(config, &repo, err));
    for (size_t index = 0; index < config->further.count; index++)
    {
        const struct config_repository *where = &config->further.items[index];
        enum status status = make_copy(config, where, repo, err);

        if (status != OK && where->required)
            return status;
        if (status != OK)
            log_error(LOG_WARNING, err);
    }
    return OK;
}

static enum status
apply_changes(struct init *init, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    for (size_t index = 0; index < init->change_count; index++)
        if (!init->changes[index].by_hand && !init->changes[index].pending)
            TRY(settings_apply(init->connection, &init->changes[index], err));
    TRY(pg_query(init->connection, "SELECT pg_catalog.pg_reload_conf()", &result, err));
    init->applied = true;
    return OK;
}

static enum status
review_server(struct init *init, struct error *err)
{
    const struct settings_wanted wanted = {init->invocation->program,
                                           init->invocation->config_path};

    if (init->connection == NULL)
    {
        if (!options_flag(&init->invocation->options, "apply"))
            return OK;
        *err = init->down;
        error_context(err, "could not set up the server");
        error_hint(err, "Start the server and run \"redoubt init --apply\" again.");
        return STATUS_TRANSIENT;
    }
    TRY(settings_read(init->connection, &init->settings, err));
    TRY(settings_review(&init->settings, &wanted, init->changes, &init->change_count, err));
    return options_flag(&init->invocation->options, "apply") ? apply_changes(init, err) : OK;
}

static const struct option_spec options[] = {
    {"path", 0, OPTION_TEXT, "DIR",
     "a new configuration's repository (default: " REPOSITORY_ROOT "/<cluster>)"},
    {"cluster", 0, OPTION_TEXT, "NAME", "a new configuration's name for the cluster"},
    {"apply", 0, OPTION_FLAG, NULL, "set what PostgreSQL lacks, by ALTER SYSTEM"},
    {0},
};

static const struct command_example examples[] = {
    {"A repository for this machine's cluster:", "sudo -u postgres redoubt init --apply"},
    {"With a configuration that you wrote:", "redoubt init -c /etc/redoubt/shop.yaml"},
    {0},
};

const struct command command_init = {
    .name = "init",
    .summary = "create the repository and its key, and set up PostgreSQL",
    .topic = COMMAND_SETUP,
    .config = COMMAND_CONFIG_OPTIONAL,
    .description =
        "Creates the repository that the configuration describes, finding out first what its "
        "store honours, and the key file that it names. The connected server's cluster is "
        "accepted, and what PostgreSQL's settings lack is shown; with --apply it is set, and what "
        "then still needs a restart is named.\n\n"
        "Further repositories of the configuration are made too, as empty copies.\n\n"
        "Without a configuration it looks for the cluster on this machine and writes a first one, "
        "with a repository in a directory.\n\n"
        "A repository that exists is never touched: the exit code is then 3, or, with --apply, "
        "only PostgreSQL is set up. An init that was cut short can be run again.",
    .options = options,
    .examples = examples,
    .run = run,
};
