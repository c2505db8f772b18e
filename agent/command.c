// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"

#include "base/similar.h"

#include <string.h>

/* One line for each command. */
/* clang-format off */
const struct command *const command_table[] = {
    &command_init,
    &command_lineage,
    &command_backup,
    &command_dump,
    &command_archive_push,
    &command_copy,
    &command_list,
    &command_events,
    &command_expire,
    &command_hold,
    &command_verify,
    &command_check,
    &command_drill,
    &command_canary,
    &command_doctor,
    &command_status,
    &command_restore,
    &command_restore_dump,
    &command_archive_get,
    &command_runbook,
    NULL,
};
/* clang-format on */

const struct option_spec command_program_options[] = {
    {"config", 'c', OPTION_TEXT, "FILE", "the configuration (default: " CONFIG_DEFAULT_PATH ")"},
    {"json", 0, OPTION_FLAG, NULL, "report as JSON on standard output"},
    {"verbose", 'v', OPTION_FLAG, NULL, "say more about what is done"},
    {"help", 'h', OPTION_FLAG, NULL, "show this help"},
    {"version", 'V', OPTION_FLAG, NULL, "show the version"},
    {0},
};

const struct command *
command_find(const char *name)
{
    for (const struct command *const *command = command_table; *command != NULL; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

const char *
command_suggest(const char *name)
{
    struct similar similar;

    similar_start(&similar, name);
    for (const struct command *const *command = command_table; *command != NULL; command++)
        similar_offer(&similar, (*command)->name);
    return similar.best;
}
