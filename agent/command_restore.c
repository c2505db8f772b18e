// SPDX-License-Identifier: PostgreSQL
#include "agent/command.h"
#include "agent/report.h"
#include "agent/restore_report.h"
#include "agent/target_options.h"
#include "base/log.h"
#include "config/repository.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/programs.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option_spec options[] = {
    {"into", 'i', OPTION_TEXT, "DIR", "the data directory to make; new or empty"},
    TARGET_OPTIONS,
    {"target-action", 0, OPTION_TEXT, "ACTION",
     "at the target: \"pause\" (default), \"promote\", \"shutdown\""},
    COMMAND_OPTION_REPOSITORY,
    {"backup", 0, OPTION_TEXT, "ID", "from this backup; default: the newest that suits"},
    {"tablespace", 0, OPTION_LIST, "OID=DIR", "put a tablespace elsewhere; may be repeated"},
    {"start", 0, OPTION_FLAG, NULL, "start it, and wait until it has reached the target"},
    {"take-over", 0, OPTION_FLAG, NULL,
     "replace the original: let it archive, and keep its replication settings"},
    {"dry-run", 'n', OPTION_FLAG, NULL, "show the plan, proved, and write nothing"},
    {0},
};

static enum status
read_remaps(const struct options *given, struct layout_remap **remaps, size_t *count,
            struct error *err)
{
    const char *text;

    *count = 0;
    while (options_list(given, "tablespace", *count) != NULL)
        (*count)++;
    *remaps = calloc(*count + 1, sizeof(**remaps));
    if (*remaps == NULL)
        return error_no_memory(err);
    for (size_t index = 0; (text = options_list(given, "tablespace", index)) != NULL; index++)
        TRY(layout_parse_remap(text, &(*remaps)[index], err));
    return OK;
}

static enum status
plan_layout(const struct options *given, const struct plan *plan, struct layout *layout,
            struct error *err)
{
    SCOPED(freep) struct layout_remap *remaps = NULL;
    struct layout_options layout_options = {.into = options_text(given, "into")};

    TRY(read_remaps(given, &remaps, &layout_options.remap_count, err));
    layout_options.remaps = remaps;
    return layout_plan(&layout_options, &plan->tablespaces, layout, err);
}

/* Who may end recovery; "" where nobody can ask.  The name is shown in single quotes. */
static void
find_superuser(const struct start_result *started, char *name, size_t size)
{
    static const char query[] =
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND"
        " rolcanlogin AND pg_catalog.strpos(rolname, pg_catalog.chr(39)) = 0"
        " ORDER BY oid LIMIT 1";
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    char conninfo[1024];
    struct error ignored;

    snprintf(conninfo, sizeof(conninfo),
             "host='%s' port=%u dbname=template1 user='%s' connect_timeout=5",
             started->address.host, started->address.port, started->role);
    if (started->role[0] == '\0' || started->state == START_SHUT_DOWN ||
        pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, &ignored) != OK ||
        pg_query_text(connection, query, name, size, &ignored) != OK)
        name[0] = '\0';
}

/* Who may exist in the restored cluster: who we connect as, its usual superuser, our namesake. */
static enum status
start(const struct invocation *invocation, struct restore_report *report,
      struct start_result *result, struct error *err)
{
    const struct passwd *user = getpwuid(geteuid());
    char configured[NAME_MAX + 1];
    const char *roles[] = {configured, "postgres", user == NULL ? NULL : user->pw_name, NULL};
    struct start_options start_options = {
        .server =
            {
                .bin_directory = invocation->config->postgres.bin_directory,
                .major = (int) report->plan->backup.major,
                .data = report->layout->into,
                .public = report->take_over,
            },
        .plan = report->plan,
        .roles = roles,
    };

    pg_conninfo_user(invocation->config->postgres.connection, configured, sizeof(configured));
    if (configured[0] == '\0')
        start_options.roles++;
    TRY(start_run(&start_options, result, err));
    report->started = result;
    find_superuser(result, report->superuser, sizeof(report->superuser));
    return OK;
}

static enum status
print_json(const struct restore_report *report, struct error *err)
{
    SCOPED(json_freep) json_t *object = restore_report_json(report);

    return object == NULL ? error_no_memory(err) : report_json(object, err);
}

/* The restore itself, once plan and layout stand. */
static enum status
carry_out(const struct invocation *invocation, struct repo *repo, struct restore_report *report,
          struct error *err)
{
    SCOPED(restore_result_release) struct restore_result restored = {0};
    SCOPED(start_result_release) struct start_result started = {0};
    SCOPED(freep) char *programs = NULL;
    struct error ignored;
    struct restore_options restore_options = {
        .plan = report->plan,
        .layout = report->layout,
        .program = invocation->program,
        .config_path = invocation->config_path,
        .repository = options_text(&invocation->options, "repository"),
        .take_over = report->take_over,
        .workers = invocation->config->workers,
    };
    enum status status = OK;

    TRY(restore_run(repo, &restore_options, &restored, err));
    report->restored = &restored;
    if (pg_programs_find(invocation->config->postgres.bin_directory,
                         (int) report->plan->backup.major, &programs, &ignored) == OK)
        report->programs = programs;
    if (options_flag(&invocation->options, "start"))
        status = start(invocation, report, &started, err);
    if (status == OK && invocation->json)
        status = print_json(report, err);
    else if (status == OK)
        restore_report_done(report);
    report->restored = NULL;
    report->started = NULL;
    report->programs = NULL;
    return status;
}

/* Found out before hours of restoring, not after. */
static enum status
check_programs(const struct invocation *invocation, const struct plan *plan, struct error *err)
{
    SCOPED(freep) char *programs = NULL;

    if (!options_flag(&invocation->options, "start"))
        return OK;
    if (geteuid() == 0)
    {
        error_set(err, STATUS_CONFIG, "PostgreSQL cannot be started as root");
        error_hint(err, "Run this command as the user that owns the data directory.");
        return STATUS_CONFIG;
    }
    return pg_programs_find(invocation->config->postgres.bin_directory, (int) plan->backup.major,
                            &programs, err);
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    SCOPED(plan_release) struct plan plan = {0};
    SCOPED(layout_release) struct layout layout = {0};
    const struct options *given = &invocation->options;
    struct plan_options plan_options = {.backup_id = options_text(given, "backup")};
    struct restore_report report = {
        .cluster = invocation->config->cluster,
        .take_over = options_flag(given, "take-over"),
        .plan = &plan,
        .layout = &layout,
    };

    if (geteuid() == 0 && !options_flag(given, "dry-run"))
        log_warning("restoring as root: PostgreSQL starts only as the owner of what it runs on");
    if (options_text(given, "into") == NULL)
        return error_set(err, STATUS_CONFIG, "option \"--into\" is missing");
    TRY(target_options_read(given, options_text(given, "target-action"), &plan_options.target,
                            err));
    TRY(repository_open(invocation->config, &repo, err));
    TRY(plan_make(repo, &plan_options, &plan, err));
    TRY(plan_layout(given, &plan, &layout, err));
    TRY(check_programs(invocation, &plan, err));
    if (!invocation->json)
        restore_report_plan(&report);
    if (!options_flag(given, "dry-run"))
        return carry_out(invocation, repo, &report, err);
    return invocation->json ? print_json(&report, err) : OK;
}

static const struct command_example examples[] = {
    {"Something was deleted at 14:03. Look at the moment before, beside the running server:",
     "redoubt restore --into /srv/look --target-time '2026-11-21 14:02:59+01' --start"},
    {"The same, exactly: stop just before the transaction that did it",
     "redoubt restore --into /srv/look --target-xid 48213 --exclusive --start"},
    {"The server is lost. Bring all back, on a new one, and go on from there:",
     "redoubt restore --into /var/lib/postgresql/15/main --take-over"},
    {"Would it work? How much is it?", "redoubt restore --into /srv/look --dry-run"},
    {0},
};

const struct command command_restore = {
    .name = "restore",
    .summary = "bring a cluster back, to any moment",
    .topic = COMMAND_RESTORE,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Restores a backup into a new or empty directory and sets recovery up, so that the server "
        "replays archived WAL to the target when it starts. Without a target it goes to the end "
        "of the archive. It never touches a directory that holds anything.\n\n"
        "The backup is chosen by the target. Before a byte is written it is proved that the "
        "archived WAL reaches the target; if not, the message says what is missing and which "
        "moment is the latest that can be reached.\n\n"
        "The restored cluster is a copy that can run beside the original: it does not archive, "
        "follows no server and answers to no standby. --take-over makes it the original's "
        "successor. Until the last step is done it has no pg_control and cannot start.\n\n"
        "With --start it runs on a private socket in DIR.run, whose owner may connect as any "
        "role; stop it with pg_ctl -D DIR stop.",
    .options = options,
    .examples = examples,
    .run = run,
};
