// SPDX-License-Identifier: PostgreSQL
/*
 * restore_command's exit codes decide what recovery does: 1 to 125 mean "not in
 * the archive", with which a recovery ends and promotes; anything above stops
 * the server (RestoreArchivedFile in the server's xlogarchive.c).  So 1 is said
 * only when the repository said it.
 *
 * A standby is different.  There a stop is an outage and "not in the archive"
 * only makes it try elsewhere and ask again, so doubt about a segment becomes 1.
 * Not so for a history file: with a wrong "not there" a standby stays on the
 * old timeline or, being promoted, takes a number that is in use.
 */
#include "agent/command.h"
#include "agent/fast_start.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "config/repository.h"
#include "pg/control.h"
#include "pg/segment.h"
#include "restore/archive_get.h"

#include <unistd.h>

enum
{
    EXIT_NOT_ARCHIVED = 1,
    EXIT_DOUBT = 200,

    /* As if SIGTERM had ended us, which the server takes for its own shutdown. */
    EXIT_STOPPED = 143,
};

#define PAUSE_MS   1000
#define WARNING_MS 60000

static bool
exists_in(const char *directory, const char *name)
{
    SCOPED(freep) char *path = path_join(directory, name);

    return path != NULL && access(path, F_OK) == 0;
}

/* The server runs us in its data directory; by hand the configured one counts. */
static const char *
data_directory(const struct config *config)
{
    if (exists_in(".", "global/pg_control") || config->postgres.data_directory == NULL)
        return ".";
    return config->postgres.data_directory;
}

static enum status
read_control(const char *directory, struct pg_control *control, struct error *err)
{
    SCOPED(freep) char *path = path_join(directory, "global/pg_control");
    enum status status;

    if (path == NULL)
        return error_no_memory(err);
    status = pg_control_read(path, control, err);
    if (status == STATUS_NOT_FOUND)
    {
        error_hint(err, "Run it in the data directory, or configure postgres.data_directory.");
        return STATUS_CONFIG;
    }
    return status;
}

/* One try, from the repository's opening on.  NOT_FOUND only as archive_get means it. */
static enum status
try_get(const struct config *config, const struct archive_get *request, struct error *err)
{
    SCOPED(repo_freep) struct repo *repo = NULL;
    enum status status = repository_open(config, &repo, err);

    if (status == STATUS_NOT_FOUND)
        return STATUS_CONFIG;
    TRY(status);
    return archive_get(repo, request, err);
}

static bool
is_doubt(enum status status)
{
    return status != OK && status != STATUS_NOT_FOUND && status != STATUS_CANCELLED;
}

/* One try with the configuration as it is now: an operator may be mending it. */
static enum status
try_anew(const struct config *known, const struct archive_get *request, struct error *err)
{
    SCOPED(config_freep) struct config *config = NULL;

    if (config_load(known->path, &config, err) != OK ||
        config_choose(config, known->chosen->name, err) != OK)
        return STATUS_CONFIG;
    return try_get(config, request, err);
}

static enum status
pause_between_tries(struct error *err)
{
    for (int64_t waited = 0; waited < PAUSE_MS; waited += 100)
    {
        TRY(stop_check(err));
        clock_pause_ms(100);
    }
    return OK;
}

/* Until the repository answers, however long that takes. */
static enum status
insist(const struct config *config, const struct archive_get *request, struct error *err)
{
    int64_t warned_ms = INT64_MIN / 2;

    for (;;)
    {
        enum status status = try_anew(config, request, err);
        int64_t now = clock_monotonic_ms();

        if (!is_doubt(status))
            return status;
        if (now - warned_ms >= WARNING_MS)
        {
            log_error(LOG_WARNING, err);
            log_warning("this standby waits until the repository says whether there is \"%s\"",
                        request->name);
            warned_ms = now;
        }
        TRY(pause_between_tries(err));
    }
}

static enum status
get_for_standby(const struct config *config, const struct archive_get *request,
                enum pg_wal_file_kind kind, struct error *err)
{
    enum status status;

    if (kind == PG_WAL_FILE_HISTORY)
        return insist(config, request, err);
    status = try_get(config, request, err);
    if (!is_doubt(status))
        return status;
    log_error(LOG_WARNING, err);
    log_warning("it is not known whether \"%s\" is archived; the standby will ask again",
                request->name);
    return STATUS_NOT_FOUND;
}

static enum status
run(const struct invocation *invocation, struct error *err)
{
    const struct config *config = invocation->config;
    const char *directory = data_directory(config);
    struct archive_get request = {
        .name = invocation->arguments[0],
        .path = invocation->arguments[1],
    };
    struct pg_control control;
    struct pg_wal_file file;
    enum status status;

    fast_start(config);
    TRY(read_control(directory, &control, err));
    TRY(pg_wal_file_parse(request.name, control.wal_segment_size, &file, err));
    request.system_identifier = control.system_identifier;
    request.segment_size = control.wal_segment_size;
    status = exists_in(directory, "standby.signal")
                 ? get_for_standby(config, &request, file.kind, err)
                 : try_get(config, &request, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    /* Asked for all the time, and usually an answer, not a failure: no line in the server's log. */
    log_debug("\"%s\" is not there", request.name);
    *err = (struct error){0};
    return STATUS_NOT_FOUND;
}

static int
exit_code(enum status status)
{
    switch (status)
    {
    case OK:
        return EXIT_CODE_OK;
    case STATUS_NOT_FOUND:
        return EXIT_NOT_ARCHIVED;
    case STATUS_CANCELLED:
        return EXIT_STOPPED;
    default:
        return EXIT_DOUBT;
    }
}

static const struct command_argument arguments[] = {
    {"NAME", "the WAL file to get: %f", false, false},
    {"PATH", "where to put it: %p", false, false},
    {0},
};

static const struct option_spec options[] = {
    COMMAND_OPTION_REPOSITORY,
    {0},
};

static const struct command_example examples[] = {
    {"In postgresql.conf, as restore writes it:",
     "restore_command = '/usr/bin/redoubt archive-get -c /etc/redoubt/redoubt.yaml %f %p'"},
    {0},
};

static const struct exit_meaning meanings[] = {
    {EXIT_CODE_OK, "the file is in place"},
    {EXIT_NOT_ARCHIVED, "the repository was asked and has no such file; on a standby also: it "
                        "could not be asked about a segment"},
    {EXIT_STOPPED, "stopped by a signal"},
    {EXIT_DOUBT, "anything else, so that recovery stops rather than ends early"},
    {0, NULL},
};

const struct command command_archive_get = {
    .name = "archive-get",
    .summary = "get one archived WAL file; PostgreSQL's restore_command",
    .topic = COMMAND_RESTORE,
    .config = COMMAND_CONFIG_REQUIRED,
    .description =
        "Puts an archived WAL segment or timeline history file where PostgreSQL asks for it. The "
        "file appears whole or not at all, and is checked to be what its name says.\n\n"
        "PostgreSQL ends its recovery when a file is not in the archive, and then accepts writes. "
        "So only the repository's own \"not there\" gives exit code 1; a repository that cannot "
        "be reached, denies access or is damaged stops the recovery, which can be started "
        "again.\n\n"
        "For a standby (standby.signal in its data directory) doubt about a segment is exit code "
        "1 with a warning, because the standby asks again by itself. Doubt about a history file "
        "is waited out.",
    .arguments = arguments,
    .options = options,
    .examples = examples,
    .exit_meanings = meanings,
    .exit_code = exit_code,
    .run = run,
};
