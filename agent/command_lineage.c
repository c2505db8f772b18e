// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "backup/identity.h"
#include "base/units.h"
#include "config/identity.h"
#include "config/repository.h"
#include "repo/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static json_t *
lineages_to_json(const struct catalog *catalog)
{
    json_t *array = json_array();

    for (size_t index = 0; index < catalog->lineage_count; index++)
    {
        json_t *object = lineage_to_json(&catalog->lineages[index]);

        if (object != NULL)
            json_object_set_new(object, "present",
                                json_boolean(index + 1 == catalog->lineage_count));
        json_array_append_new(array, object);
    }
    return array;
}

static enum status
print_lineages(const struct catalog *catalog, struct error *err)
{
    static const struct table_column columns[] = {
        {"SYSTEM IDENTIFIER", true}, {"POSTGRESQL", true}, {"WAL SEGMENTS", true}, {"", false}, {0},
    };
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (size_t index = 0; index < catalog->lineage_count; index++)
    {
        const struct lineage *lineage = &catalog->lineages[index];
        char identifier[24];
        char major[12];
        char size[UNITS_TEXT_SIZE];

        snprintf(identifier, sizeof(identifier), "%" PRIu64, lineage->system_identifier);
        snprintf(major, sizeof(major), "%u", lineage->major);
        units_format_size(lineage->wal_segment_size, size);

        const char *const cells[] = {identifier, major, size,
                                     index + 1 == catalog->lineage_count ? "present" : ""};

        TRY(table_add(&table, cells, err));
    }
    if (table.cell_count == 0)
        puts("No cluster is accepted yet: \"redoubt lineage add\" accepts the configured one.");
    table_print(&table);
    return OK;
}

static enum status
report_lineages(const struct invocation *invocation, struct repo *repo, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(json_freep) json_t *object = NULL;

    TRY(catalog_load(repo, &catalog, err));
    if (!invocation->json)
        return print_lineages(&catalog, err);
    object = json_pack("{s:s, s:o}", "cluster", invocation->config->cluster, "lineages",
                       lineages_to_json(&catalog));
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
add_lineage(const struct invocation *invocation, struct repo *repo, struct error *err)
{
    struct lineage lineage;
    bool added;

    TRY(config_identity(invocation->config, &lineage, err));
    TRY(identity_accept(repo, &lineage, &added, err));
    if (invocation->json)
        return report_lineages(invocation, repo, err);
    printf("%s the cluster with system identifier %" PRIu64 ", PostgreSQL %u.\n",
           added ? "Accepted" : "The repository had accepted already", lineage.system_identifier,
           lineage.major);
    if (added)
        puts("Take a full backup now: backups of the old cluster do not reach into the new one.");
    return OK;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    const char *action = invocation->argument_count == 0 ? NULL : invocation->arguments[0];

    if (action != NULL && strcmp(action, "add") != 0)
    {
        error_set(err, STATUS_CONFIG, "unknown action \"%s\"", action);
        error_hint(err, "\"redoubt lineage\" lists, \"redoubt lineage add\" accepts.");
        return STATUS_CONFIG;
    }
    TRY(repository_open(invocation->config, &repo, err));
    return action == NULL ? report_lineages(invocation, repo, err)
                          : add_lineage(invocation, repo, err);
}

static const struct command_argument arguments[] = {
    {"add", "accept the configured server's cluster", true, false},
    {0},
};

static const struct command_example examples[] = {
    {"After pg_upgrade:", "redoubt lineage add && redoubt backup"},
    {0},
};

const struct command command_lineage = {
    .name = "lineage",
    .summary = "show and accept the clusters that may archive here",
    .topic = COMMAND_SETUP,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "initdb and pg_upgrade give a cluster a new system identifier. WAL and backups of one that "
        "the repository has not accepted are refused, so that two clusters never mix.\n\n"
        "Without an argument it lists those accepted. \"add\" accepts the cluster of the "
        "configured server, or of the configured data directory while the server is down.",
    .arguments = arguments,
    .examples = examples,
    .run = run,
};
