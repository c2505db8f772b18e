// SPDX-License-Identifier: PostgreSQL
#include "agent/archive_push.h"
#include "agent/command.h"
#include "agent/fast_start.h"
#include "config/repository.h"

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    const struct config *config = invocation->config;

    fast_start(config);
    TRY(repository_open(config, &repo, err));
    return archive_push(config, repo, invocation->arguments[0], err);
}

static const struct command_argument arguments[] = {
    {"PATH", "the file to archive, absolute or below the data directory: %p", false, false},
    {0},
};

static const struct command_example examples[] = {
    {"In postgresql.conf:",
     "archive_command = '/usr/bin/redoubt archive-push -c /etc/redoubt/redoubt.yaml %p'"},
    {0},
};

/* PostgreSQL's archiver counts failures from 1 to 125 and tries again. */
static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "every required repository has the file durably, or had the same one already"},
    {EXIT_CODE_FAILURE, "it was not archived"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED, "the file is of a cluster that the repository has not accepted"},
    {EXIT_CODE_REPOSITORY, "the repository cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "the file is not what its name says"},
    {0, NULL},
};

/* Another file of the same name is a failed archiving like others, whatever else conflicts mean. */
static int
exit_code(enum status status)
{
    return status == STATUS_CONFLICT ? EXIT_CODE_FAILURE : exit_code_of(status);
}

const struct command command_archive_push = {
    .name = "archive-push",
    .summary = "archive one WAL file; PostgreSQL's archive_command",
    .topic = COMMAND_BACKUP,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Stores a WAL segment, timeline history file, backup history file or partial segment "
        "under its own name. It returns success only once the repository has the file durably. "
        "Recovery gets it back by \"redoubt archive-get\".\n\n"
        "A file that the repository has already with the same content is a success. With other "
        "content it is a failure that shows both digests; nothing is ever overwritten. Files of a "
        "cluster that the repository has not accepted are refused: see \"redoubt lineage\".\n\n"
        "With further repositories in the configuration it writes to all of them at once, and "
        "returns success only once every required one has the file. One with \"required: false\" "
        "that fails is warned about; \"redoubt copy\" brings there what it lacks.",
    .arguments = arguments,
    .examples = examples,
    .exit_meanings = meanings,
    .exit_code = exit_code,
    .run = run,
};
