// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "base/log.h"
#include "base/units.h"
#include "config/repository.h"
#include "copy/copy.h"
#include "retention/prune.h"

#include <inttypes.h>
#include <stdio.h>

#define WORKERS_MAX 8

/* One run, and what came of it. */
struct copying
{
    const struct invocation *invocation;
    const struct config_repository *from;
    const struct config_repository *to;
    unsigned workers;
    bool created; /* there was no repository */
    bool pruned;  /* asked to */
    struct copy_result result;
    struct prune_counts pruning;
};

static void
release_copying(struct copying *copying)
{
    copy_result_release(&copying->result);
}

/* As many as fit into the memory, and no more than the network has use for. */
static unsigned
worker_count(const struct config *config)
{
    uint64_t count = config->memory_bytes / COPY_WORKER_MEMORY;

    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned) count;
}

static enum status
read_line(struct copying *copying, struct error *err)
{
    const struct options *given = &copying->invocation->options;
    const struct config *config = copying->invocation->config;
    const char *to = options_text(given, "to");

    if (to == NULL)
        return error_set(err, STATUS_CONFIG, "option \"--to\" is missing");
    TRY(config_find_repository(config, to, &copying->to, err));
    copying->from = config->chosen;
    copying->workers = worker_count(config);
    copying->pruned = options_flag(given, "prune");
    if (copying->to != copying->from)
        return OK;
    error_set(err, STATUS_CONFIG, "repository \"%s\" cannot be copied to itself", to);
    error_hint(err, "Name one of section \"repositories\", or with --repository another to copy "
                    "from.");
    return STATUS_CONFIG;
}

/* Making one is asked for: an empty place may just be a file system that is not mounted. */
static enum status
open_target(struct copying *copying, struct repo *source, struct repo **target, struct error *err)
{
    const struct config *config = copying->invocation->config;
    struct store_dialect dialect;
    enum status status;

    if (options_flag(&copying->invocation->options, "create"))
    {
        status = repository_create_copy(config, copying->to, source, &dialect, err);
        copying->created = status == OK;
        if (status != OK && status != STATUS_CONFLICT) /* it is there: then this is no news */
            return status;
    }
    return repository_open_copy(config, copying->to, REPOSITORY_PATIENT, source, target, err);
}

static json_t *
findings_to_json(const struct copy_result *result)
{
    json_t *array = json_array();

    for (uint64_t index = 0; index < result->finding_count && index < COPY_FINDINGS_MAX; index++)
    {
        const struct copy_finding *finding = &result->findings[index];

        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "problem",
                                               copy_problem_name(finding->problem), "object",
                                               finding->key, "text", finding->text));
    }
    return array;
}

static json_t *
pruning_to_json(const struct copying *copying)
{
    if (!copying->pruned)
        return json_null();
    return json_pack("{s:o, s:o}", "objects", json_u64(copying->pruning.objects), "bytes",
                     json_u64(copying->pruning.bytes));
}

static enum status
report_as_json(const struct copying *copying, struct error *err)
{
    const struct copy_result *result = &copying->result;
    json_t *copied =
        json_pack("{s:o, s:o, s:o, s:o}", "objects", json_u64(result->objects), "bytes",
                  json_u64(result->bytes), "wal_files", json_u64(result->wal_files), "log_entries",
                  json_u64(result->log_entries));
    SCOPED(json_freep)
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "cluster",
                  copying->invocation->config->cluster, "from", copying->from->name, "to",
                  copying->to->name, "created", copying->created, "copied", copied, "present",
                  json_u64(result->present), "pruned", pruning_to_json(copying), "finding_count",
                  json_u64(result->finding_count), "findings", findings_to_json(result));

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static void
report_as_text(const struct copying *copying)
{
    const struct copy_result *result = &copying->result;
    char bytes[UNITS_TEXT_SIZE];

    if (result->objects == 0 && result->log_entries == 0)
        printf("Repository \"%s\" has everything already.\n", copying->to->name);
    else
    {
        units_format_size(result->bytes, bytes);
        printf("Copied %" PRIu64 " objects, %s, and %" PRIu64 " log entries to \"%s\".\n",
               result->objects, bytes, result->log_entries, copying->to->name);
    }
    if (copying->pruned)
    {
        units_format_size(copying->pruning.bytes, bytes);
        printf("Deleted %" PRIu64 " objects there, %s, that were deleted from \"%s\".\n",
               copying->pruning.objects, bytes, copying->from->name);
    }
    for (uint64_t index = 0; index < result->finding_count && index < COPY_FINDINGS_MAX; index++)
        printf("%s: %s: %s\n", copy_problem_name(result->findings[index].problem),
               result->findings[index].key, result->findings[index].text);
    if (result->finding_count > COPY_FINDINGS_MAX)
        printf("... and %" PRIu64 " more\n", result->finding_count - COPY_FINDINGS_MAX);
}

/* What is wrong with single objects does not stop the others, but is no success. */
static enum status
conclude(const struct copying *copying, struct error *err)
{
    if (copying->result.finding_count == 0)
        return OK;
    error_set(err, STATUS_CORRUPT, "%" PRIu64 " objects are not in \"%s\" as they should be",
              copying->result.finding_count, copying->to->name);
    error_hint(err, "All others are. \"redoubt verify\" tells which backups are concerned, with "
                    "--repository also in the copy.");
    return STATUS_CORRUPT;
}

static enum status
copy(struct copying *copying, struct error *err)
{
    const struct copy_options copy_options = {.workers = copying->workers};
    SCOPED(repo_freep) struct repo *source = NULL;
    SCOPED(repo_freep) struct repo *target = NULL;

    TRY(repository_open(copying->invocation->config, &source, err));
    TRY(open_target(copying, source, &target, err));
    TRY(copy_run(source, target, &copy_options, &copying->result, err));
    if (!copying->pruned)
        return OK;
    return prune_copy(source, target, copying->workers, &copying->pruning, err);
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(release_copying) struct copying copying = {.invocation = invocation};
    enum status status;

    TRY(read_line(&copying, err));
    status = copy(&copying, err);
    if (status != OK)
    {
        if (copying.result.objects > 0)
            log_info("%" PRIu64 " objects were copied before; the next run goes on from there",
                     copying.result.objects);
        return status;
    }
    if (invocation->json)
        TRY(report_as_json(&copying, err));
    else
        report_as_text(&copying);
    fflush(stdout); /* what was done comes before what it means */
    return conclude(&copying, err);
}

static const struct option_spec options[] = {
    {"to", 0, OPTION_TEXT, "NAME", "the repository to copy to, of section \"repositories\""},
    {"create", 0, OPTION_FLAG, NULL, "make it first, if it is not there"},
    {"prune", 0, OPTION_FLAG, NULL, "delete there what was deleted here, as the log says"},
    COMMAND_OPTION_REPOSITORY,
    {0},
};

static const struct command_example examples[] = {
    {"A new copy:", "redoubt copy --to offsite --create"},
    {"After each backup:", "redoubt backup && redoubt copy --to offsite --prune"},
    {"The main repository is lost, and its place is empty. Make it again from a copy:",
     "redoubt copy --repository offsite --to main --create"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "the copy has everything"},
    {EXIT_CODE_FAILURE, "it was interrupted, or failed; the next run goes on"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED,
     "the target is no copy of this repository, or something was committed there"},
    {EXIT_CODE_REPOSITORY, "one of the repositories cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "an object is damaged here, or different there; all others were copied"},
    {0, NULL},
};

const struct command command_copy = {
    .name = "copy",
    .summary = "bring another repository up to date with this one",
    .topic = COMMAND_BACKUP,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Copies what another repository lacks: keys, packs, WAL, backups, dumps, and last the log, "
        "so that it is a valid repository all the time. Each object is opened while it is copied; "
        "one that is damaged is named and left out, and the others go on. Nothing there is "
        "overwritten.\n\n"
        "It can be interrupted and run again at any time, also beside archiving, backups and other "
        "copies. What was deleted here stays there until --prune.\n\n"
        "The copy can be used like the original: see --repository of restore, list, verify and "
        "archive-get. Nothing may be committed to it.",
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run,
};
