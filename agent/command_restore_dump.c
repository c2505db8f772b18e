// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/confirm.h"
#include "agent/report.h"
#include "agent/restore_dump.h"
#include "agent/restore_dump_report.h"
#include "base/file.h"
#include "dump/contents.h"
#include "dump/extract.h"
#include "dump/source.h"
#include "pg/conninfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_spec options[] = {
    {"dump", 0, OPTION_TEXT, "NAME", "this dump; default: the newest that is not suspicious"},
    {"into", 'i', OPTION_TEXT, "NAME", "the database to make; default: DATABASE_restore_TIME"},
    {"swap", 0, OPTION_FLAG, NULL, "when all checks pass, let it take DATABASE's place"},
    {"restored", 0, OPTION_TEXT, "NAME",
     "load nothing: check, and with --swap take, what an earlier run restored"},
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask for confirmation"},
    {"no-checks", 0, OPTION_FLAG, NULL, "do not check what was restored"},
    {"drop-old", 0, OPTION_TEXT, "NAME", "only drop what a swap put aside or a restore left"},
    {"list", 'l', OPTION_FLAG, NULL, "only show what is inside the dump"},
    {"to-file", 'o', OPTION_TEXT, "FILE", "only write the dump to a new file, for pg_restore"},
    {"globals", 0, OPTION_FLAG, NULL, "only print the roles and tablespaces of that time as SQL"},
    {"schema-only", 's', OPTION_FLAG, NULL, "definitions, and no rows"},
    {"table", 't', OPTION_LIST, "NAME",
     "of rows only this table's; a pattern as 'shop.activity*'; may be repeated"},
    {"no-owner", 0, OPTION_FLAG, NULL, "without owners and privileges"},
    {"jobs", 'j', OPTION_U32, "COUNT", "load by several jobs, through a file in the spool"},
    {"server", 0, OPTION_TEXT, "CONNECTION", "load into this server, not the configured one"},
    COMMAND_OPTION_REPOSITORY,
    {"dry-run", 'n', OPTION_FLAG, NULL, "show what would be done, checked, and change nothing"},
    {0},
};

static const struct command_argument arguments[] = {
    {.name = "DATABASE", .help = "the database that was dumped", .optional = true},
    {0},
};

/* Each of these is a run of its own. */
static enum status
require_one_purpose(const struct options *given, struct error *err)
{
    const char *found = NULL;
    const struct
    {
        const char *name;
        bool given;
    } purposes[] = {
        {"drop-old", options_text(given, "drop-old") != NULL},
        {"list", options_flag(given, "list")},
        {"to-file", options_text(given, "to-file") != NULL},
        {"globals", options_flag(given, "globals")},
        {"swap", options_flag(given, "swap")},
    };

    for (size_t index = 0; index < sizeof(purposes) / sizeof(purposes[0]); index++)
    {
        if (!purposes[index].given)
            continue;
        if (found != NULL)
            return error_set(err, STATUS_CONFIG, "options \"--%s\" and \"--%s\" do not go together",
                             found, purposes[index].name);
        found = purposes[index].name;
    }
    return OK;
}

static enum status
drop_old(const struct invocation *invocation, struct error *err)
{
    const char *name = options_text(&invocation->options, "drop-old");
    const char *server = options_text(&invocation->options, "server");
    const char *conninfo = server == NULL ? invocation->config->postgres.connection : server;
    bool yes = options_flag(&invocation->options, "yes");
    char question[DUMP_DATABASE_SIZE + 64];

    if (!namesake_is(name, NULL))
        return swap_drop(conninfo, name, err); /* which refuses it */
    snprintf(question, sizeof(question), "Database \"%s\" will be dropped, for good.", name);
    TRY(confirm_name(yes, question, name, err));
    TRY(swap_drop(conninfo, name, err));
    if (invocation->json)
    {
        SCOPED(json_freep) json_t *object = json_pack("{s:s}", "dropped", name);

        return object == NULL ? error_no_memory(err) : report_json(object, err);
    }
    printf("Dropped \"%s\".\n", name);
    return OK;
}

static enum status
print_bytes(void *arg, struct bytes chunk, struct error *err)
{
    (void) arg;
    return fd_write(STDOUT_FILENO, chunk, "standard output", err);
}

static enum status
print_globals(struct restore_dump *run, struct error *err)
{
    return source_read_globals(run->repo, &run->document.dump,
                               (struct source_target){print_bytes, NULL}, err);
}

/* A line of pg_restore's list each; what begins with ';' is a comment. */
static json_t *
contents_json(const char *list)
{
    json_t *array = json_array();

    while (*list != '\0')
    {
        size_t size = strcspn(list, "\n");

        if (size > 0 && *list != ';')
            json_array_append_new(array, json_stringn(list, size));
        list += size + (list[size] == '\n');
    }
    return array;
}

static enum status
print_contents(struct restore_dump *run, struct error *err)
{
    SCOPED(buffer_release) struct buffer list = BUFFER_INIT(CONTENTS_LIMIT);
    SCOPED(json_freep) json_t *object = NULL;
    const char *text;

    if (run->document.dump.format != DUMP_PLAIN)
        TRY(restore_dump_programs(run, err));
    TRY(contents_read(run->repo, &run->document.dump, run->programs, run->invocation->config->spool,
                      &list, err));
    if (!run->invocation->json)
        return print_bytes(NULL, buffer_bytes(&list), err);
    TRY(buffer_text(&list, &text, err));
    object = json_pack("{s:o, s:o}", "dump", dump_to_json(&run->document.dump), "contents",
                       contents_json(text));
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
write_file(struct restore_dump *run, struct error *err)
{
    const char *path = options_text(&run->invocation->options, "to-file");
    SCOPED(json_freep) json_t *object = NULL;

    TRY(extract_to_file(run->repo, &run->document.dump, path, err));
    if (!run->invocation->json)
    {
        printf("Wrote \"%s\".\n", path);
        return OK;
    }
    object = json_pack("{s:o, s:s}", "dump", dump_to_json(&run->document.dump), "file", path);
    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
print_json(const struct restore_dump *run, struct error *err)
{
    SCOPED(json_freep) json_t *object = restore_dump_report_json(run);

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

static enum status
restore(struct restore_dump *run, struct error *err)
{
    enum status status = OK;

    TRY(restore_dump_plan(run, err));
    restore_dump_report_beside(run);
    if (!run->invocation->json)
        restore_dump_report_plan(run);
    if (!options_flag(&run->invocation->options, "dry-run"))
        status = restore_dump_carry_out(run, err);
    if (run->invocation->json && (status == OK || run->loaded))
        TRY(print_json(run, err));
    else if (run->loaded)
        restore_dump_report_done(run);
    fflush(stdout); /* what was done comes before what it means */
    return status;
}

static enum status
run_command(const struct invocation *invocation, struct error *err)
{
    SCOPED(restore_dump_release) struct restore_dump run = RESTORE_DUMP_INIT(invocation);
    const struct options *given = &invocation->options;

    TRY(require_one_purpose(given, err));
    if (options_text(given, "drop-old") != NULL)
        return drop_old(invocation, err);
    TRY(restore_dump_choose(&run, err));
    if (options_flag(given, "globals"))
        return print_globals(&run, err);
    if (options_flag(given, "list"))
        return print_contents(&run, err);
    if (options_text(given, "to-file") != NULL)
        return write_file(&run, err);
    return restore(&run, err);
}

static const struct command_example examples[] = {
    {"Yesterday's rows are needed beside today's. Load the newest dump, and look at it:",
     "redoubt restore-dump shop"},
    {"Only one table and its partitions, into a database of that name:",
     "redoubt restore-dump shop --table 'shop.activity*' --into look"},
    {"All of it is lost or spoilt. Load, check, and let it take the place of \"shop\":",
     "redoubt restore-dump shop --swap"},
    {"It was loaded before, and looked at; now it shall take the place of \"shop\":",
     "redoubt restore-dump shop --restored shop_restore_20261121_030000 --swap"},
    {"A week later, when nobody misses anything:",
     "redoubt restore-dump --drop-old shop_before_20261121_031500"},
    {"Into a new server of a later version, by four jobs; first the roles that it lacks:",
     "redoubt restore-dump shop --globals | psql -h new -d postgres && "
     "redoubt restore-dump shop --server 'host=new' --into shop --jobs 4"},
    {"What is inside?", "redoubt restore-dump shop --list"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "done"},
    {EXIT_CODE_FAILURE, "the work failed, or was not confirmed; what was made was dropped again"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED, "there is no such dump, the server lacks what it needs, a name is taken, "
                        "the load failed, or the database cannot be swapped"},
    {EXIT_CODE_REPOSITORY, "the repository or the server cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "the dump is damaged, or a check of what was restored failed"},
    {0, NULL},
};

const struct command command_restore_dump = {
    .name = "restore-dump",
    .summary = "bring a database back from a logical dump",
    .topic = COMMAND_RESTORE,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Loads a dump of DATABASE into a new database, straight from the repository, and checks "
        "it. DATABASE itself is not touched. Whatever keeps it from being loaded, such as missing "
        "roles and extensions, is named before anything is made. On any error, and there every "
        "one counts, what was made is dropped again.\n\n"
        "With --swap, and only if all checks pass, the restored database takes DATABASE's name in "
        "one transaction, and what had it before is kept as DATABASE_before_TIME until "
        "--drop-old. It asks for DATABASE's name to confirm. Clients are disconnected. Where "
        "there is no DATABASE any more, --into DATABASE brings it back.\n\n"
        "A dump of the custom format is streamed by one job. With --jobs it goes to a file in "
        "the directory \"spool\" of the configuration first, for which there must be room; one of "
        "the directory format always does.\n\n"
        "--table loads all definitions but foreign keys, and rows of these tables only. "
        "Subscriptions are never loaded: the copy would follow what the original follows.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .run = run_command,
};
