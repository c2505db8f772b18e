// SPDX-License-Identifier: PostgreSQL
#include "agent/init.h"

#include "agent/report.h"

#include <stdio.h>
#include <string.h>

static json_t *
changes_to_json(const struct init *init)
{
    json_t *array = json_array();

    for (size_t index = 0; index < init->change_count; index++)
    {
        const struct setting_change *change = &init->changes[index];

        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "name", change->name, "value",
                             change->wanted, "why", change->why, "restart", change->needs_restart,
                             "optional", change->advice, "applied",
                             change->pending || (init->applied && !change->by_hand)));
    }
    return array;
}

static enum status
report_as_json(const struct init *init, struct error *err)
{
    SCOPED(json_freep)
    json_t *object = json_pack(
        "{s:s, s:b, s:s, s:b, s:s?, s:s?, s:o?, s:b, s:o}", "cluster", init->config->cluster,
        "created", init->created, "config", init->config->path, "config_written",
        init->config_written, "key_file", init->config->encryption.key_file, "dialect",
        init->created ? init->dialect.description : NULL, "lineage",
        init->identified ? lineage_to_json(&init->lineage) : NULL, "server_running",
        init->connection != NULL, "settings", changes_to_json(init));

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static void
report_repository(const struct init *init)
{
    const struct config *config = init->config;

    if (init->config_written)
        printf("Wrote the configuration \"%s\".\n", config->path);
    if (init->key_written)
        printf("Wrote the key file \"%s\". Keep a copy elsewhere: without it nothing can be "
               "restored.\n",
               config->encryption.key_file);
    if (!init->created)
    {
        puts("The repository is there already and was left alone.");
        return;
    }
    printf("Created the repository of cluster \"%s\". Its store %s.\n", config->cluster,
           init->dialect.description);
    if (config->encryption.mode == CONFIG_ENCRYPTION_OFF)
        puts("WARNING: encryption is off. Whoever can read the repository can read the data.");
    if (init->identified)
        printf("Accepted the cluster with system identifier %llu, PostgreSQL %u.\n",
               (unsigned long long) init->lineage.system_identifier, init->lineage.major);
    else
        puts("The server is down: its cluster is accepted by the first backup or by \"redoubt "
             "lineage add\".");
}

static void
report_change(const struct init *init, const struct setting_change *change)
{
    const char *state = "";

    if (change->pending || (init->applied && !change->by_hand))
        state = change->needs_restart ? "set, needs a restart" : "set";
    else if (change->by_hand)
        state = "is somebody else's: change it by hand";
    else if (change->needs_restart)
        state = "needs a restart";
    else
        state = change->advice ? "advice" : "needs a reload";
    printf("  %s = '%s'\n      %s (%s)\n", change->name, change->wanted, change->why, state);
}

/* A command as it can be copied: with the configuration, unless that is where all look. */
static void
print_next(const struct init *init, const char *command, const char *what)
{
    const char *path = init->invocation->config_path;
    bool usual = strcmp(path, CONFIG_DEFAULT_PATH) == 0;

    printf("  redoubt %s%s%s\n      %s\n", command, usual ? "" : " -c ", usual ? "" : path, what);
}

static void
report_server(const struct init *init)
{
    bool open = false;
    bool restart = false;

    if (init->connection == NULL)
    {
        printf("\nThe server does not answer: %s\nStart it, then \"redoubt init --apply\" sets "
               "what archiving needs.\n",
               init->down.message);
        return;
    }
    puts(init->change_count == 0 ? "\nPostgreSQL's settings are right."
                                 : "\nPostgreSQL's settings:");
    for (size_t index = 0; index < init->change_count; index++)
    {
        const struct setting_change *change = &init->changes[index];

        report_change(init, change);
        open |= !change->pending && (!init->applied || change->by_hand);
        restart |= change->needs_restart;
    }
    puts("\nNext:");
    if (open && !init->applied)
        print_next(init, "init --apply", "sets them, by ALTER SYSTEM");
    if (restart)
        puts("  restart PostgreSQL, for what says so");
    print_next(init, "doctor", "checks everything, with a WAL round trip");
    print_next(init, "backup", "takes the first backup");
}

enum status
init_report(const struct init *init, struct error *err)
{
    if (init->invocation->json)
        return report_as_json(init, err);
    report_repository(init);
    report_server(init);
    return OK;
}
